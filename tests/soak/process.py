"""One operator in a process of its own, started by its command and started again when it ends, as systemd would."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import psutil

from fusion.chain.anvil import free_port
from fusion.settings import Settings
from node.executor.status import FILE
from tests.soak.faults import Kind

ROOT = Path(__file__).resolve().parents[2]
AGAIN = 0.5  # seconds from the end of a process to the next one
GRACE = 20.0  # seconds between asking it to end and ending it


class Role(StrEnum):
    HONEST = "honest"
    LIAR = "liar"
    SILENT = "silent"


@dataclass
class Absence:
    """A time in which an operator could not do its work, in seconds of chain time; `end` is None while it lasts."""

    start: int
    why: str
    end: int | None = None


@dataclass
class Operator:
    """One that takes part.

    Attributes:
        address: of its account.
        stake: in whole tokens.
        able: what can happen to it.
        module: that has its command.
        options: of its command, beside those that every operator has.
        more: what is set in its environment beside what every operator is given.
        absences: when it could not do its work.
        deaths: how often its process ended without being killed, with its last words.
    """

    name: str
    role: Role
    home: Path
    address: str
    stake: int
    able: frozenset[Kind] = frozenset()
    module: str = "cli"
    options: Sequence[str] = ()
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    absences: list[Absence] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)
    starts: int = 0
    process: "subprocess.Popen[bytes] | None" = None
    _again: float = 0.0

    @property
    def log(self) -> Path:
        return self.home.with_name(f"{self.name}.log")

    def command(self) -> list[str]:
        start = ["operator", "start", "--as", "operator", "--workers", "1", "--port", str(self.port)]
        return [
            sys.executable,
            "-m",
            self.module,
            *start,
            "--stake",
            str(self.stake),
            "--claim-at",
            "0.5",
            *self.options,
        ]

    def start(self) -> None:
        given = {"FUSION_HOME": str(self.home), "FUSION_CACHE": str(Settings().cache), "PYTHONPATH": str(ROOT)}
        given |= {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "FUSION_LOG_LEVEL": "INFO"}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command(), env={**given, **self.more}, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self.starts += 1

    def works(self) -> bool:
        """Whether this very process has looked at the chain."""
        if self.process is None or self.process.poll() is not None:
            return False
        try:
            return bool(json.loads((self.home / FILE).read_text())["pid"] == self.process.pid)
        except (OSError, ValueError, KeyError):
            return False

    def ended(self) -> bool:
        """Whether its process is over, and due to be started again."""
        if self.process is None or self.process.poll() is None:
            return False
        if not self._again:
            self._again = time.monotonic() + AGAIN
        return time.monotonic() >= self._again

    def again(self) -> None:
        """Starts it anew, and notes it where it ended by itself."""
        code = self.process.returncode if self.process else 0
        if code != -signal.SIGKILL:
            self.deaths.append(f"exit {code}: {self.last_words()}")
        self._again = 0.0
        self.start()

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""

    def signal(self, what: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(what)

    def family(self) -> list[psutil.Process]:
        """Its process and those below it."""
        if self.process is None or self.process.poll() is not None:
            return []
        try:
            me = psutil.Process(self.process.pid)
            return [me, *me.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


def end(operators: Sequence[Operator]) -> list[int]:
    """Asks all to end at once, and ends those that do not; the ids of processes that they left behind."""
    families = [each.family() for each in operators]
    for each in operators:
        each.signal(signal.SIGCONT)
        each.signal(signal.SIGTERM)
    until = time.monotonic() + GRACE
    for each in operators:
        if each.process is not None:
            try:
                each.process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                each.deaths.append(f"did not end within {GRACE:.0f} s of SIGTERM")
                each.process.kill()
                each.process.wait()
    return gone([process for family in families for process in family[1:]])


def gone(processes: Sequence[psutil.Process]) -> list[int]:
    """The ids of those that should be over and are not; they are ended."""
    _, left = psutil.wait_procs(processes, timeout=5.0)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return [process.pid for process in left]
