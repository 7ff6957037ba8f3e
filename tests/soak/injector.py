"""Breaks things as planned, mends them again, and notes who was away when."""

import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fusion import log
from tests.soak.faults import GATEWAY, HARMLESS, RPC, Fault, Kind
from tests.soak.network import Network, clock_of
from tests.soak.process import Absence, Operator, Role
from tests.soak.proxy import Way

WAYS = {Kind.REFUSE: Way.REFUSED, Kind.STALL: Way.STALLED, Kind.CUT: Way.CUT}
AHEAD, BACK = "+21600\n", "-10800\n"  # seconds: six hours ahead, then three hours behind
CHUNK = bytes(64 << 10)


@dataclass
class _Broken:
    fault: Fault
    until: float  # this machine's monotonic time
    half: float
    absence: Absence


@dataclass
class Injector:
    """Works through a plan, in the thread that calls `turn`.

    Attributes:
        done: (chain time, fault) of all that was broken.
        lost: when the gateway was lost.
        orphans: the sandbox processes of operators that were killed.
    """

    network: Network
    faults: list[Fault]
    done: list[tuple[int, Fault]] = field(default_factory=list)
    lost: list[Absence] = field(default_factory=list)
    orphans: list[psutil.Process] = field(default_factory=list)
    _start: float = field(default_factory=time.monotonic)
    _broken: dict[str, _Broken] = field(default_factory=dict)
    _restarting: dict[str, tuple[Absence, int]] = field(default_factory=dict)  # and the start that has to come

    def turn(self, now: int, *, more: bool) -> None:
        """Does what is due at chain time `now`; begins nothing new unless there is to be `more`."""
        clock = time.monotonic()
        for target, broken in list(self._broken.items()):
            if clock >= broken.until:
                self._mend(target, broken, now)
            elif broken.half and clock >= broken.half:
                broken.half = 0.0
                clock_of(self.network.operators[target]).write_text(BACK)
        while self.faults and clock >= self._start + self.faults[0].at:
            fault = self.faults.pop(0)
            # What took longer than planned is not broken twice.
            if more and fault.target not in self._broken and fault.target not in self._restarting:
                self._break(fault, now, clock)
        self._keep_running(now)

    def mend_all(self, now: int) -> None:
        for target, broken in list(self._broken.items()):
            self._mend(target, broken, now)

    @property
    def quiet(self) -> bool:
        """Whether nothing is broken and everyone is back."""
        return not self._broken and not self._restarting

    def _break(self, fault: Fault, now: int, clock: float) -> None:
        self.done.append((now, fault))
        log.get(target=fault.target).info("breaks", what=fault.kind.value, seconds=fault.seconds)
        absence = Absence(now, fault.kind)
        if fault.kind is Kind.LOSE:
            self.lost.append(absence)
            self.network.gateway.lose()
        else:
            operator = self.network.operators[fault.target]
            if fault.kind not in HARMLESS:
                operator.absences.append(absence)
            if fault.kind is Kind.KILL:
                self.orphans += operator.family()[1:]
                operator.signal(signal.SIGKILL)
                self._restarting[fault.target] = absence, operator.starts + 1
                return
            self._begin(fault.kind, operator)
        half = clock + fault.seconds / 2 if fault.kind is Kind.CLOCK else 0.0
        self._broken[fault.target] = _Broken(fault, clock + fault.seconds, half, absence)

    def _begin(self, kind: Kind, operator: Operator) -> None:
        if kind is Kind.STOP:
            operator.signal(signal.SIGSTOP)
        elif kind in RPC:
            self.network.proxies[operator.name].turn(WAYS[kind])
        elif kind is Kind.DISK:
            _fill(_ballast(operator))
        elif kind is Kind.CLOCK:
            clock_of(operator).write_text(AHEAD)

    def _mend(self, target: str, broken: _Broken, now: int) -> None:
        del self._broken[target]
        broken.absence.end = now
        kind = broken.fault.kind
        if target == GATEWAY:
            self.network.gateway.restore()
            return
        operator = self.network.operators[target]
        if kind is Kind.STOP:
            operator.signal(signal.SIGCONT)
        elif kind in RPC:
            self.network.proxies[target].turn(Way.OPEN)
        elif kind is Kind.DISK:
            _ballast(operator).unlink(missing_ok=True)
        elif kind is Kind.CLOCK:
            clock_of(operator).write_text("+0\n")

    def _keep_running(self, now: int) -> None:
        """Starts again what ended, whoever ended it, and notes who is back."""
        for name, operator in self.network.operators.items():
            if operator.role is Role.SILENT:
                continue
            if operator.ended():
                if name not in self._restarting:
                    # It ended by itself: that is a fault of its own, and no excuse.
                    self._restarting[name] = Absence(now, "ended by itself"), operator.starts + 1
                operator.again()
            elif name in self._restarting:
                absence, start = self._restarting[name]
                if operator.starts >= start and operator.works():
                    absence.end = now
                    del self._restarting[name]


def _ballast(operator: Operator) -> Path:
    return operator.home / "ballast"


def _fill(path: Path) -> None:
    """Leaves no byte free on the disk of `path`."""
    with path.open("ab", buffering=0) as file:
        for size in (len(CHUNK), 4096, 1):
            try:
                while file.write(CHUNK[:size]) == size:
                    pass
            except OSError:
                continue
