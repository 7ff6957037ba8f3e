"""The operator of one scene: plays attempts in its sandbox, as root or as an ordinary user, and looks what they did.

A process of its own, so that what has to be ordinary is so from its start: `ordinary.py` becomes an ordinary user and
then starts this. What it tells is believed: it runs the tests' code and no module's.
"""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import numpy as np

from fusion.errors import FusionError
from sandbox.code import ModuleCode
from sandbox.image import Image
from sandbox.jail import kernel
from sandbox.jail.walls import Wall, standing, usable
from sandbox.message import Run
from sandbox.native import NativeRuntime
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused, Result
from sandbox.worker import Worker
from tests.escape.attempt import Attempt, RuntimeName, ending
from tests.escape.attempts.archives import ARCHIVES
from tests.escape.scene import JAILED, SHARED, Scene

X = np.arange(5.0)

_PATIENCE = 40.0  # seconds that a run in wasm may take, which fuel ends much sooner

CLEAN = Attempt(
    name="clean",
    tries="looks for what an earlier job left",
    codes="""
    left = [name for name in vars(np) if name.startswith("escaped")]
    left += [name for name in os.environ if "ESCAPED" in name]
    for place in ("/tmp", "/dev/shm", "/var/tmp", "."):
        try:
            left += [name for name in os.listdir(place) if KNOWN["token"] in name]
        except OSError:
            pass
    left += ["memory"] if (np.empty(1 << 18) == 1234567.5).any() else []
    left += ["faults"] if np.geterr()["over"] == "raise" else []
    if left or np.sum(np.ones(3)) != 3.0 or type(x + 1.0) is not np.ndarray or (x * 2.0)[1] != 2.0:
        raise Reached(repr(left))
    return x + np.sum(np.ones(3))
    """,
    wasm=("Result",),
    native=("Result",),
)


@dataclass(frozen=True, slots=True)
class Report:
    """How an attempt ended.

    Attributes:
        endings: the outcomes of its codes as `ending` writes them, each once.
        said: all that came back: messages, columns, prints.
        harms: what it did to the operator.
        after: how a job after it ended, "Result" where it found nothing of it and got the right numbers; empty where
            there was none.
    """

    endings: list[str]
    said: str
    harms: list[str]
    after: str = ""


class Player:
    """Plays attempts.

    Args:
        image: the sandbox image.
        without: walls of the sandbox that are left out.
    """

    def __init__(self, image: Image, without: frozenset[Wall]) -> None:
        self._image = image
        self._walls = usable() - without if without else None
        self._stack = ExitStack()
        self.scene = Scene(JAILED if os.getuid() == 0 else os.getuid())
        self._stack.callback(self.scene.close)

    @cached_property
    def _worker(self) -> Worker:
        worker = self._stack.enter_context(Worker(self._image, self._walls))
        worker.start()
        return worker

    @cached_property
    def _native(self) -> NativeRuntime:
        return self._started(())

    @cached_property
    def _jit(self) -> NativeRuntime:
        return self._started(("numba",))

    def _started(self, packages: tuple[str, ...]) -> NativeRuntime:
        runtime = self._stack.enter_context(NativeRuntime(packages, self._walls))
        runtime.start()
        return runtime

    @cached_property
    def _cell(self) -> Connection:
        ours, theirs = Pipe()
        self._stack.callback(ours.close)
        environment = {"PYTHONPATH": os.pathsep.join(sys.path), "OPENBLAS_NUM_THREADS": "1"}  # as a worker's
        subprocess.Popen(
            [sys.executable, "-P", "-c", "from tests.escape.cell import main; main()", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        return ours

    def warm(self, runtime: RuntimeName) -> str:
        """Starts a runtime and has it run a job, so that what it needs is there before the first attempt."""
        runs = self._broken_out(CLEAN, None) if runtime == "host" else self._runs(runtime, CLEAN)
        self.settle()
        return " ".join(runs[0][:2])

    def settle(self) -> None:
        """Takes what is there now as what should be there after every attempt."""
        self.scene.settle()

    def standing(self) -> dict[str, str]:
        """Every wall: empty where it stands for this user, else why not."""
        return {wall.value: why for wall, why in standing().items()}

    def play(self, runtime: RuntimeName, attempt: Attempt) -> Report:
        """Plays one attempt and looks what it did; then a job that must find nothing of it."""
        report = self._report([(ended, said) for ended, said, _ in self._runs(runtime, attempt)])
        [(after, told, right)] = self._runs(runtime, CLEAN)
        return replace(report, after=after if right else f"{after}: {told}")

    def break_out(self, attempt: Attempt, walls: Collection[str] | None) -> Report:
        """Plays an attempt in a process that is locked in as the host of the wasm runtime is, by these walls alone."""
        return self._report(self._broken_out(attempt, walls))

    def unpack(self, name: str) -> Report:
        """Has the operator load a hostile bundle."""
        archive = next(archive for archive in ARCHIVES if archive.name == name)
        with tempfile.TemporaryDirectory(dir=SHARED if SHARED.is_dir() else None) as folder:
            tempfile.tempdir = folder  # what is fetched is staged there
            try:
                archive.open(Path(folder))
                ended, said = "Loaded", ""
            except FusionError as error:
                ended, said = type(error).__name__, str(error)
            finally:
                tempfile.tempdir = None
            found = [path.relative_to(folder) for path in Path(folder).rglob("*")]
            strays = [f"{path} was written" for path in found if path.parts[0] not in {"content", "bundle"}]
        return Report([ended], said, self.scene.harms(said) + strays)

    def close(self) -> None:
        self._stack.close()

    def _report(self, runs: Sequence[tuple[str, str]]) -> Report:
        said = "\n".join(said for _, said in runs)
        return Report(sorted({ended for ended, _ in runs}), said, self.scene.harms(said))

    def _broken_out(self, attempt: Attempt, walls: Collection[str] | None) -> list[tuple[str, str]]:
        around = self._walls if walls is None else frozenset(map(Wall, walls))
        ended: list[tuple[str, str]] = []
        for payload in attempt.payloads(self.scene.known):
            self._cell.send((sorted(usable() if around is None else around), payload, attempt.deadline))
            ended.append(self._cell.recv())
        return ended

    def _runs(self, runtime: RuntimeName, attempt: Attempt) -> list[tuple[str, str, bool]]:
        """How each module ended, what it said, and whether it returned its input plus three."""
        return [self._run(runtime, attempt, module) for module in attempt.modules(self.scene.known)]

    def _run(self, runtime: RuntimeName, attempt: Attempt, module: ModuleCode) -> tuple[str, str, bool]:
        printed: list[str] = []
        if runtime in {"native", "jit"}:
            run = self._native.run if runtime == "native" else self._jit.run
            limits, deadline = attempt.limits, attempt.deadline
            outcome = run(module, {"x": X}, {}, limits=limits, deadline=deadline, printed=printed.append)
        else:
            outcome = self._worker.run(Run(module, {"x": X}, {}, attempt.limits, 0, _PATIENCE))
        right = isinstance(outcome, Result) and np.array_equal(outcome.outputs["value"], X + 3.0)
        return ending(outcome), "".join([_said(outcome), *printed]), right


def _said(outcome: Outcome) -> str:
    match outcome:
        case Result(outputs=outputs):
            columns = {name: column.tolist() for name, column in outputs.items()}
            raw = b"".join(column.tobytes() for column in outputs.values()).decode("latin-1")
            return f"{columns if len(raw) < 1000 else ''}{raw}"
        case ModuleError(message=message, lines=lines):
            return f"{message} {lines}"
        case Refused(why=why) | NoVote(why=why):
            return why
        case LimitHit(which=which):
            return which


def _own_mounts() -> None:
    """Keeps apart what others on this machine mount meanwhile from what the sandbox might leave."""
    kernel.unshare(kernel.NEWNS)
    kernel.mount(None, "/", None, kernel.MS_REC | kernel.MS_PRIVATE)


def main() -> None:
    """Serves calls over a descriptor: it and the image's id and folder are arguments, then walls to leave out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    kernel.die_with_parent(signal.SIGTERM)  # even in the middle of a call
    if os.getuid() == 0:
        _own_mounts()
    connection = Connection(int(sys.argv[1]))
    image = Image(bytes.fromhex(sys.argv[2]), Path(sys.argv[3]))
    player = Player(image, frozenset(map(Wall, sys.argv[4:])))
    verbs: dict[str, Callable[..., object]] = {
        "warm": player.warm,
        "play": player.play,
        "break_out": player.break_out,
        "standing": player.standing,
        "settle": player.settle,
        "unpack": player.unpack,
    }
    try:
        while True:
            verb, arguments = connection.recv()
            try:
                answer: object = verbs[verb](*arguments)
            except Exception:  # noqa: BLE001 - raised again by the test that called
                answer = RuntimeError(traceback.format_exc())
            connection.send_bytes(pickle.dumps(answer))
    except EOFError:
        return  # the tests are done
    finally:
        player.close()
