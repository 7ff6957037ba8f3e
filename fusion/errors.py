"""One tree of errors. A message says what was wrong, with the value, and what to do.

FusionError                  exit 2: the input must change
├── BadInput                 a value, file or manifest a person gave
│   ├── BundleError          a bundle: manifest, layout, size, requires
│   └── CaptureError         a recorded file that cannot be read
├── ContentError             bytes that do not match their CID, or a malformed block
├── ContractRefused          a contract reverted; carries the custom error's name and arguments
├── NotReady                 something that set-up makes is missing
└── Retryable                exit 1: the same call may pass later
    ├── ChainUnavailable     the RPC endpoint does not answer
    ├── TransactionLost      no receipt within the time given
    ├── ContentUnavailable   no store or gateway has that CID now
    └── StorageFull          what must be kept finds no room
"""


class FusionError(Exception):
    """Anything Fusion refuses or fails at, told in one line."""

    exit_code = 2


class BadInput(FusionError):
    """A value, file or manifest that a person gave cannot be used."""


class BundleError(BadInput):
    """A bundle breaks a rule of its format."""


class CaptureError(BadInput):
    """A recorded file cannot be read as what it is said to be."""


class ContentError(FusionError):
    """Bytes do not match their CID, or a block is malformed."""


class ContractRefused(FusionError):
    """A contract reverted.

    Attributes:
        error: name of the custom error, or "Error" / "Panic".
        arguments: its arguments by name.
    """

    def __init__(self, message: str, *, error: str, arguments: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.error = error
        self.arguments = arguments or {}


class NotReady(FusionError):
    """Something that set-up makes is missing."""


class Retryable(FusionError):
    """The same call may pass later."""

    exit_code = 1


class ChainUnavailable(Retryable):
    """The RPC endpoint does not answer."""


class TransactionLost(Retryable):
    """A transaction has no receipt within the time given."""


class ContentUnavailable(Retryable):
    """No store or gateway at hand has that CID now."""


class StorageFull(Retryable):
    """What must be kept before it is done finds no room, on the disk or in memory; nothing was done."""
