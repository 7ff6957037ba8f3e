"""The native runtime: modules that declare native packages, as the machine's own code, behind the jail alone.

It is for trying a module on one's own machine. What it gives may differ between machines, and a module can make it
differ on purpose, so its outcomes are marked native and are never attested. Fuel is not counted: it is 0 in all of
them, and a run is ended by its deadline.
"""

import math
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from fusion.content.table import Column
from fusion.errors import NotReady
from fusion.sdk import Interface, Scalar
from sandbox.code import Limits, ModuleCode
from sandbox.jail import walls as jail
from sandbox.jail.job import Job
from sandbox.jail.keeper import Keeper
from sandbox.jail.walls import Wall
from sandbox.jail.watch import Ended
from sandbox.order import NotRunnable, Order, native_packages, stopped, visible
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused
from sandbox.packages import PACKAGES, installed, jit, pins, refusal

_LEAST_MEMORY = 16 << 20
_DESCRIBE = 30.0  # seconds


class NativeRuntime:
    """Runs modules natively, one at a time; safe to use from several threads. A context that closes itself.

    Args:
        packages: native packages that are imported beforehand; a module may declare these and no others.
        walls: those it runs behind, None for all that stand on this machine.

    Raises:
        NotReady: without `walls`, when too few stand on this machine to run strangers' code behind.
    """

    def __init__(self, packages: Iterable[str] = (), walls: frozenset[Wall] | None = None) -> None:
        self.packages = tuple(dict.fromkeys(packages))
        usable = tuple(name for name in self.packages if name in PACKAGES and installed(name))
        self._keeper = Keeper(_chosen(walls), usable, pins())

    @property
    def pid(self) -> int | None:
        """Of the process that guards the others; None while there is none."""
        return self._keeper.pid

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
        """Run a module once; as `Runtime.run`, but for fuel, which is not counted.

        Raises:
            NotReady: the sandbox cannot be started here; the message says why.
            Retryable: it ended during the run.
        """
        try:
            unfit = limits.refusal(_LEAST_MEMORY)
            if unfit is not None:
                return Refused(unfit)
            order = Order.of("run", module, inputs, settings, seed=seed, native=True)
            job = self._job(module, limits, deadline, seed)
        except NotRunnable as refused:
            return Refused(str(refused))
        ended = self._keeper.run(job, order.parts, output=limits.output, deadline=deadline)
        if printed is not None and ended.printed:
            printed(visible(bytes(ended.printed)))
        return _unusual(ended) or order.outcome(ended.result, 0, native=True)

    def describe(self, module: ModuleCode, settings: Mapping[str, Scalar] | None = None) -> Interface:
        """The ports and settings of a module, with the lookback it has under these settings.

        Raises:
            BadInput: as `Runtime.describe`, and where it declares packages that it cannot have here.
            NotReady: the sandbox cannot be started here; the message says why.
            Retryable: it ended during the run.
        """
        limits = Limits()
        order = Order.of("describe", module, {}, settings or {}, native=True)
        job = self._job(module, limits, _DESCRIBE)
        ended = self._keeper.run(job, order.parts, output=limits.output, deadline=_DESCRIBE)
        unusual = _unusual(ended)
        if unusual is not None:
            raise stopped(unusual)
        return order.interface(ended.result)

    def start(self) -> None:
        """Imports the packages before the first run, which then need not wait for it.

        Raises:
            NotReady: the sandbox cannot be started here; the message says why.
        """
        self._keeper.start()

    def close(self) -> None:
        """Ends its processes, and with them what another thread runs."""
        self._keeper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _job(self, module: ModuleCode, limits: Limits, deadline: float, seed: int = 0) -> Job:
        declared = native_packages(module)
        why = refusal(declared)
        if why is not None:
            raise NotRunnable(why)
        for name in declared:
            if name not in self.packages:
                raise NotRunnable(f"native package {name!r} was not loaded into this runtime")
        return Job(limits.memory, math.ceil(deadline) + 1, "jit" if jit(declared) else "python", seed)


def _chosen(walls: frozenset[Wall] | None) -> frozenset[Wall]:
    root = os.geteuid() == 0
    if walls is not None:
        return jail.closed(walls, root=root)
    usable = jail.usable()
    if not jail.enough(jail.WALLS - usable):
        why = next(f"{wall}: {why}" for wall, why in jail.standing().items() if why and wall in jail.ESSENTIAL)
        raise NotReady(f"native modules need more walls than stand on this machine ({why}): see `fusion doctor`")
    return jail.closed(usable, root=root)


def _unusual(ended: Ended) -> Outcome | None:
    """The outcome of a job that did not come to a frame."""
    if ended.failed:
        return NoVote(f"this machine could not start the job: {ended.failed}")
    if ended.how != "ended" or ended.starved:
        return LimitHit("memory" if ended.how == "ended" else ended.how, native=True)
    code = os.waitstatus_to_exitcode(ended.status or 0)
    if code < 0:
        forbidden = "it made a system call that no module needs" if code == -signal.SIGSYS else "it crashed"
        return NoVote(f"the module's process was ended by {signal.Signals(-code).name}: {forbidden}")
    if code or not ended.result:
        return ModuleError("SystemExit", (), "the module ended the interpreter", 0, native=True)
    return None
