"""What a runtime is given and what it found, whichever runtime it is: orders checked and packed, frames read."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Self

import numpy as np

from fusion.content.table import Column
from fusion.errors import BadInput
from fusion.sdk import Interface, Scalar
from sandbox.code import MAX_SEED, ModuleCode
from sandbox.frame import Frame, MalformedFrame, OutOfMemory, Parts, Raised, Rejected, Returned, parse, request
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused, Result

_SCALARS = (bool, int, float, str)


class NotRunnable(BadInput):
    """The job cannot run as given."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a bundle's manifest declares of interest here.

    Attributes:
        inputs, outputs: its ports.
        native: packages with machine code that it needs.
    """

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    native: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """One request to a guest.

    Attributes:
        parts: the bytes the guest reads, one part after the other.
        rows: length of the inputs.
        outputs: output ports the manifest declares, where there is one.
    """

    parts: Parts
    rows: int
    outputs: tuple[str, ...] | None

    @classmethod
    def of(
        cls,
        call: Literal["run", "describe"],
        module: ModuleCode,
        inputs: Mapping[str, Column],
        settings: Mapping[str, Scalar],
        *,
        seed: int = 0,
        native: bool = False,
    ) -> Self:
        """An order, checked as far as this side can.

        Args:
            native: whether the runtime has the native packages that the manifests declare.

        Raises:
            NotRunnable: it cannot be run as given; the message says why.
        """
        declared = declared_by(module)
        packages = {bytes(code.cid): _native(code) for code in (module, *module.upstreams())}
        needed = native_packages(module)
        if needed and not native:
            raise NotRunnable(
                f"it needs the native package {needed[0]!r}, which the wasm sandbox has not: "
                "`fusion module test --native` runs it on this machine, never attested"
            )
        _check(inputs, settings, seed)
        ports = None if declared is None else {"inputs": declared.inputs, "outputs": declared.outputs}
        rows = len(next(iter(inputs.values()))) if inputs else 0
        parts = request(call, module, ports=ports, inputs=inputs, settings=settings, seed=seed, native=packages)
        return cls(parts, rows, declared.outputs if declared else None)

    def outcome(self, result: bytes | bytearray, fuel: int, *, native: bool = False) -> Outcome:
        """What a guest that came to its end says of a run.

        Args:
            result: all that was written on the result descriptor.
            fuel: what it used.
            native: whether it ran as the machine's own code.
        """
        try:
            frame = parse(result, rows=self.rows, outputs=self.outputs)
        except MalformedFrame as malformed:
            told = f"the module wrote on the result descriptor: {malformed}"
            return ModuleError("MalformedFrame", (), told, fuel, native)
        return _outcome(frame, fuel, native=native)

    def interface(self, result: bytes | bytearray) -> Interface:
        """What a guest that came to its end says of a description.

        Raises:
            BadInput: it says what is wrong with the module, or nothing that can be read.
        """
        try:
            frame = parse(result, rows=0, outputs=None)
        except MalformedFrame as malformed:
            raise BadInput(f"the module wrote on the result descriptor while it was loaded: {malformed}") from None
        if not isinstance(frame, Interface):
            raise BadInput(_told(_outcome(frame, 0, native=False)))
        return frame


def native_packages(module: ModuleCode) -> tuple[str, ...]:
    """The native packages that a module and its upstreams declare, each once.

    Raises:
        NotRunnable: a manifest cannot be read.
    """
    return tuple(dict.fromkeys(name for code in (module, *module.upstreams()) for name in _native(code)))


def declared_by(module: ModuleCode) -> Declared | None:
    """What the bundle's manifest declares; None for code without one, such as a cell being edited.

    Raises:
        NotRunnable: it cannot be read.
    """
    text = module.files.get("module.toml")
    return None if text is None else _declared(text)


def stopped(outcome: Outcome) -> BadInput:
    """The error of a description that did not come to its end."""
    return BadInput(f"loading the module ended with {_told(outcome)}: keep work out of its top level")


def visible(printed: bytes) -> str:
    """What a module printed, without characters that could drive a terminal."""
    text = printed.decode(errors="replace")
    return "".join(character if character.isprintable() or character in "\n\t" else " " for character in text)


@lru_cache(maxsize=256)
def _declared(text: bytes) -> Declared:
    try:
        manifest = tomllib.loads(text.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NotRunnable(f"module.toml cannot be read: {error}") from None
    inputs, outputs = manifest.get("inputs", {}), manifest.get("outputs", {})
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise NotRunnable("module.toml: [inputs] and [outputs] must be tables of port = text")
    native = manifest.get("native", [])
    if not isinstance(native, list) or not all(isinstance(package, str) for package in native):
        raise NotRunnable("module.toml: native must be a list of packages' names")
    return Declared(tuple(inputs), tuple(outputs), tuple(native))


def _native(code: ModuleCode) -> tuple[str, ...]:
    declared = declared_by(code)
    return declared.native if declared else ()


def _check(inputs: Mapping[str, Column], settings: Mapping[str, Scalar], seed: int) -> None:
    """Refuse what cannot even be sent to the guest."""
    lengths: dict[int, str] = {}
    for name, column in inputs.items():
        if not isinstance(column, np.ndarray) or column.dtype not in (np.dtype(np.float64), np.dtype(np.int64)):
            found = column.dtype if isinstance(column, np.ndarray) else type(column).__name__
            raise NotRunnable(f"input port {name!r} is {found}: give a numpy array of float64 or int64")
        if column.ndim != 1:
            raise NotRunnable(f"input port {name!r} has shape {column.shape}: give one dimension")
        lengths.setdefault(len(column), name)
    if len(lengths) > 1:
        told = ", ".join(f"{name!r} has {length}" for length, name in lengths.items())
        raise NotRunnable(f"input ports differ in length: {told} rows")
    for name, value in settings.items():
        if type(value) not in _SCALARS:
            raise NotRunnable(f"setting {name!r} is {type(value).__name__}: give int, float, bool or str")
        if isinstance(value, int) and value.bit_length() > 63:
            raise NotRunnable(f"setting {name!r} is beyond 64 bits")
    if not 0 <= seed <= MAX_SEED:
        raise NotRunnable(f"seed {seed} is outside 0 to 2**64 - 1")


def _outcome(frame: Frame, fuel: int, *, native: bool) -> Outcome:
    match frame:
        case Returned(outputs=outputs):
            return Result(outputs, fuel, native)
        case Raised(error=error, lines=lines, message=message):
            return ModuleError(error, lines, message, fuel, native)
        case Rejected(why=why):
            return Refused(why)
        case OutOfMemory():
            return LimitHit("memory", native)
        case Interface():
            told = "the module sent an interface instead of a result"
            return ModuleError("MalformedFrame", (), told, fuel, native)


def _told(outcome: Outcome) -> str:
    match outcome:
        case Refused(why=why) | NoVote(why=why):
            return why
        case ModuleError(message=message):
            return message
        case LimitHit(which=which):
            return f"the {which} limit"
        case Result():
            return "a result"
