"""The wasm runtime: every job in a fresh instance of the image, the same outcome on every machine.

What a module sees: the standard library's pure part, numpy, pandas, `fusion.sdk` and what it requires; a clock that
stands still; random numbers that follow from the job's seed; no file, network, process, thread or environment.
"""

import tomllib
from collections.abc import Callable, Mapping

import numpy as np

from fusion.content.table import Column
from fusion.errors import BadInput
from fusion.sdk import Interface, Scalar
from sandbox.code import MAX_SEED, Limits, ModuleCode
from sandbox.frame import (
    Frame,
    MalformedFrame,
    OutOfMemory,
    Raised,
    Rejected,
    Returned,
    packed,
    parse,
    request,
)
from sandbox.image import Image
from sandbox.instance import Bounds, Ended, Interpreter
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused, Result

_SCALARS = (bool, int, float, str)
_DESCRIBE = Limits(fuel=2 * 10**10)


class Runtime:
    """Runs modules in one image; safe to use from several threads.

    Args:
        image: a prepared image.

    Raises:
        NotReady: the image's files are missing or not the ones that were prepared.
    """

    def __init__(self, image: Image) -> None:
        self.image = image
        parts = image.open()
        self._archive = parts.archive
        self._interpreter = Interpreter(parts.compiled, memoryview(parts.archive))
        self._booted = self._interpreter.begin(parts.start, packed(parts.sources))

    def run(
        self,
        module: ModuleCode,
        inputs: Mapping[str, Column],
        settings: Mapping[str, Scalar],
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        seed: int = 0,
        deadline: float = 60.0,
        printed: Callable[[str], None] | None = None,
    ) -> Outcome:
        """Run a module once.

        Args:
            module: its code and that of its upstreams.
            inputs: input port -> column of shape (rows,), float64 or int64, all of one length.
            settings: setting -> value, for those that shall not have their default.
            limits: what it may use.
            seed: what its random numbers follow from, 0 to 2**64 - 1.
            deadline: seconds of wall time after which this machine gives up.
            printed: told what the module printed, its first 64 KiB, if it printed.
        """
        try:
            unfit = limits.refusal(self._booted.size)
            if unfit is not None:
                return Refused(unfit)
            ports = _declared(module)
            _check(inputs, settings, seed)
            rows = len(next(iter(inputs.values()))) if inputs else 0
            sent = request("run", module, ports=ports, inputs=inputs, settings=settings, seed=seed)
        except _NotRunnable as refused:
            return Refused(str(refused))
        ended = self._interpreter.run(
            b"serve()", _bounds(limits, deadline), start=self._booted, stdin=sent, seed=seed.to_bytes(8, "little")
        )
        if printed is not None and ended.printed:
            printed("".join(map(_visible, ended.printed.decode(errors="replace"))))
        unusual = _unusual(ended)
        if unusual is not None:
            return unusual
        try:
            frame = parse(ended.result, rows=rows, outputs=ports["outputs"] if ports else None)
        except MalformedFrame as malformed:
            return ModuleError(
                "MalformedFrame", (), f"the module wrote on the result descriptor: {malformed}", ended.fuel
            )
        return _outcome(frame, ended.fuel)

    def describe(self, module: ModuleCode, settings: Mapping[str, Scalar] | None = None) -> Interface:
        """The ports and settings of a module, with the lookback it has under these settings.

        Raises:
            BadInput: the code has a syntax error, imports what it may not, raises while it is loaded, has no such
                entry, or a signature that is not a module's; the message says where.
        """
        try:
            ports = _declared(module)
            _check({}, settings or {}, 0)
            sent = request("describe", module, ports=ports, inputs={}, settings=settings or {}, seed=0)
        except _NotRunnable as refused:
            raise BadInput(str(refused)) from None
        ended = self._interpreter.run(b"serve()", _bounds(_DESCRIBE, 30.0), start=self._booted, stdin=sent)
        unusual = _unusual(ended)
        if unusual is not None:
            raise BadInput(f"loading the module ended with {_told(unusual)}: keep work out of its top level")
        try:
            frame = parse(ended.result, rows=0, outputs=None)
        except MalformedFrame as malformed:
            raise BadInput(f"the module wrote on the result descriptor while it was loaded: {malformed}") from None
        if not isinstance(frame, Interface):
            raise BadInput(_told(_outcome(frame, ended.fuel)))
        return frame


class _NotRunnable(Exception):
    """The job cannot run as given."""


def _declared(module: ModuleCode) -> dict[str, list[str]] | None:
    """The ports of the bundle's manifest; None for code without one, such as a cell being edited."""
    if "module.toml" not in module.files:
        return None
    try:
        manifest = tomllib.loads(module.files["module.toml"].decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _NotRunnable(f"module.toml cannot be read: {error}") from None
    inputs, outputs = manifest.get("inputs", {}), manifest.get("outputs", {})
    if not isinstance(inputs, dict) or not isinstance(outputs, dict):
        raise _NotRunnable("module.toml: [inputs] and [outputs] must be tables of port = text")
    return {"inputs": list(inputs), "outputs": list(outputs)}


def _check(inputs: Mapping[str, Column], settings: Mapping[str, Scalar], seed: int) -> None:
    """Refuse what cannot even be sent to the guest."""
    lengths: dict[int, str] = {}
    for name, column in inputs.items():
        if not isinstance(column, np.ndarray) or column.dtype not in (np.dtype(np.float64), np.dtype(np.int64)):
            found = column.dtype if isinstance(column, np.ndarray) else type(column).__name__
            raise _NotRunnable(f"input port {name!r} is {found}: give a numpy array of float64 or int64")
        if column.ndim != 1:
            raise _NotRunnable(f"input port {name!r} has shape {column.shape}: give one dimension")
        lengths.setdefault(len(column), name)
    if len(lengths) > 1:
        told = ", ".join(f"{name!r} has {length}" for length, name in lengths.items())
        raise _NotRunnable(f"input ports differ in length: {told} rows")
    for name, value in settings.items():
        if type(value) not in _SCALARS:
            raise _NotRunnable(f"setting {name!r} is {type(value).__name__}: give int, float, bool or str")
        if isinstance(value, int) and value.bit_length() > 63:
            raise _NotRunnable(f"setting {name!r} is beyond 64 bits")
    if not 0 <= seed <= MAX_SEED:
        raise _NotRunnable(f"seed {seed} is outside 0 to 2**64 - 1")


def _visible(character: str) -> str:
    """A character that cannot drive a terminal."""
    return character if character.isprintable() or character in "\n\t" else " "


def _bounds(limits: Limits, deadline: float) -> Bounds:
    return Bounds(fuel=limits.fuel, memory=limits.memory, output=limits.output, deadline=deadline)


def _unusual(ended: Ended) -> Outcome | None:
    """The outcome of a run that did not come to a frame."""
    words = " ".join(ended.detail.split())
    match ended.how:
        case "done":
            return None
        case "fuel" | "output" | "deadline":
            return LimitHit(ended.how)
        case "exit":
            return ModuleError("SystemExit", (), "the module ended the interpreter", ended.fuel)
        case _:
            told = {
                "stack": "the module overflowed the machine's stack",
                "fault": "the interpreter named memory it does not have",
                "unstarted": f"this machine could not start the guest: {words[:200]}",
                "trap": f"the interpreter crashed: {words[-200:]}",
            }
            return NoVote(told[ended.how])


def _outcome(frame: Frame, fuel: int) -> Outcome:
    match frame:
        case Returned(outputs=outputs):
            return Result(outputs, fuel)
        case Raised(error=error, lines=lines, message=message):
            return ModuleError(error, lines, message, fuel)
        case Rejected(why=why):
            return Refused(why)
        case OutOfMemory():
            return LimitHit("memory")
        case Interface():
            return ModuleError("MalformedFrame", (), "the module sent an interface instead of a result", fuel)


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
