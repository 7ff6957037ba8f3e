"""The supervisor: starts the local network's processes by their commands, restarts what dies, stops all in order."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fusion import log
from fusion.errors import NotReady

JOURNAL = "processes.json"  # in the network's home
GRACE = 10.0  # seconds between asking a process to end and ending it
LONGEST_PAUSE = 30.0  # seconds between restarts of a process that keeps dying


@dataclass(frozen=True)
class Service:
    """One process of the network.

    Attributes:
        name: also the name of its log file.
        command: as a user would type it.
        environment: what is set beside the supervisor's own environment.
        ready: whether it does its work now.
    """

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    ready: Callable[[], bool]


@dataclass
class _Running:
    service: Service
    process: psutil.Popen
    started: float
    pause: float = 1.0
    restart_at: float | None = None


@dataclass
class Supervisor:
    """Keeps services running; `journal` names their pids, so that a later start can end what a crash left over."""

    logs: Path
    journal: Path
    _groups: list[list[_Running]] = field(default_factory=list)

    @property
    def _running(self) -> list[_Running]:
        return [running for group in self._groups for running in group]

    def start(self, services: Sequence[Service], *, timeout: float = 90.0) -> None:
        """Starts services side by side and waits until all are ready.

        Raises:
            NotReady: one ended, or was not ready in time; its log's last line says why.
        """
        fresh: list[_Running] = []
        self._groups.append(fresh)
        for service in services:  # one by one into list and journal, so that a kill between two leaves none unknown
            fresh.append(_Running(service, self._spawn(service), time.monotonic()))
            self._note()
        deadline = time.monotonic() + timeout
        for running in fresh:
            service = running.service
            while not service.ready():
                if running.process.poll() is not None:
                    raise NotReady(f"{service.name} ended at once: {self._last_words(service)}")
                if time.monotonic() > deadline:
                    raise NotReady(f"{service.name} is not ready after {timeout:.0f} s; see {self._log_file(service)}")
                time.sleep(0.05)

    def watch(self, stop: threading.Event) -> None:
        """Restarts what dies, sooner the first time than the next, until `stop` is set."""
        logger = log.get()
        while not stop.wait(0.25):
            now = time.monotonic()
            for running in self._running:
                if running.restart_at is not None:
                    if now >= running.restart_at:
                        running.process, running.started = self._spawn(running.service), now
                        running.restart_at = None
                        self._note()
                elif running.process.poll() is not None:
                    if now - running.started > 60.0:
                        running.pause = 1.0
                    logger.warning(
                        "service died",
                        service=running.service.name,
                        code=running.process.returncode,
                        again=running.pause,
                    )
                    running.restart_at = now + running.pause
                    running.pause = min(2 * running.pause, LONGEST_PAUSE)

    def stop(self) -> None:
        """Ends all services, those started last first, so that none loses what it stands on while it finishes."""
        while self._groups:
            _end([running.process for running in self._groups[-1]])
            self._groups.pop()
        self.journal.unlink(missing_ok=True)

    def _spawn(self, service: Service) -> psutil.Popen:
        self.logs.mkdir(parents=True, exist_ok=True)
        with self._log_file(service).open("ab") as out:
            return psutil.Popen(
                service.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=own_environment() | service.environment,
                # Ctrl-C at the terminal reaches the supervisor alone, which then ends the others in order.
                start_new_session=True,
            )

    def _log_file(self, service: Service) -> Path:
        return self.logs / f"{service.name}.log"

    def _last_words(self, service: Service) -> str:
        lines = self._log_file(service).read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it wrote nothing to {self._log_file(service)}"

    def _note(self) -> None:
        pids = {}
        for running in self._running:
            try:
                pids[running.process.pid] = running.process.create_time()
            except psutil.NoSuchProcess:
                continue
        temporary = self.journal.with_suffix(".new")
        temporary.write_text(json.dumps(pids))
        temporary.replace(self.journal)


def end_leftovers(journal: Path) -> int:
    """Ends the processes that a killed supervisor left behind, and returns how many there were."""
    try:
        noted = json.loads(journal.read_text())
    except FileNotFoundError:
        return 0
    found = []
    for pid, created in noted.items():
        try:
            process = psutil.Process(int(pid))
            if process.create_time() == created:  # else the pid is another program's by now
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    _end(found[1:])
    _end(found[:1])  # the chain, which the others stand on
    journal.unlink(missing_ok=True)
    return len(found)


def ended(pid: int) -> bool:
    """Whether a process is over, though whoever started it may not have noticed yet."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _end(processes: Sequence[psutil.Process]) -> None:
    """Asks all to end, waits, and ends those that do not."""
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            try:
                ask(process)
            except psutil.NoSuchProcess:
                continue
        _, processes = psutil.wait_procs(processes, timeout=GRACE)


def fusion_command(*arguments: str) -> list[str]:
    """The `fusion` command of this environment with arguments, wherever PATH points; run it in `own_environment`.

    What lies in the folder that it is run in is not imported: that may be anybody's.
    """
    return [sys.executable, "-P", "-m", "cli", *arguments]


def own_environment() -> dict[str, str]:
    """This process's environment, with its modules where it found them."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path)}
