"""The wasm runtime: every job in a fresh instance of the image, the same outcome on every machine.

What a module sees: the standard library's pure part, numpy, pandas, `fusion.sdk` and what it requires; a clock that
stands still; random numbers that follow from the job's seed; no file, network, process, thread or environment.
"""

from collections.abc import Callable, Mapping

from fusion.content.table import Column
from fusion.sdk import Interface, Scalar
from sandbox.code import Limits, ModuleCode
from sandbox.frame import packed
from sandbox.image import Image
from sandbox.instance import Bounds, Ended, Interpreter
from sandbox.order import NotRunnable, Order, stopped, visible
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused

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
        self._booted = self._interpreter.begin(parts.start, [packed(parts.sources)])

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
            order = Order.of("run", module, inputs, settings, seed=seed)
        except NotRunnable as refused:
            return Refused(str(refused))
        ended = self._interpreter.run(
            b"serve()",
            _bounds(limits, deadline),
            start=self._booted,
            stdin=order.parts,
            seed=seed.to_bytes(8, "little"),
        )
        if printed is not None and ended.printed:
            printed(visible(ended.printed))
        return _unusual(ended) or order.outcome(ended.result, ended.fuel)

    def describe(self, module: ModuleCode, settings: Mapping[str, Scalar] | None = None) -> Interface:
        """The ports and settings of a module, with the lookback it has under these settings.

        Raises:
            BadInput: the code has a syntax error, imports what it may not, raises while it is loaded, has no such
                entry, or a signature that is not a module's; the message says where.
        """
        order = Order.of("describe", module, {}, settings or {})
        ended = self._interpreter.run(b"serve()", _bounds(_DESCRIBE, 30.0), start=self._booted, stdin=order.parts)
        unusual = _unusual(ended)
        if unusual is not None:
            raise stopped(unusual)
        return order.interface(ended.result)


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
