"""The process that runs modules, seen from inside: it loads the image, locks itself in, and then answers.

It is two processes. The first joins its cgroup, loads and checks the image, runs modules of its own once so that
nothing is left to be loaded, and enters namespaces. Its child, the first process there, locks itself in and runs what
strangers wrote. The first stays to end the child when the operator ends, and to say how the child ended.
"""

import gc
import hashlib
import json
import os
import queue
import select
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import NoReturn

import numpy as np

from fusion.content.cid import Cid
from fusion.errors import ContentError, FusionError, NotReady
from sandbox.channel import Channel
from sandbox.code import Limits, ModuleCode
from sandbox.image import Image
from sandbox.jail import enclosure, kernel, pages
from sandbox.jail.enclosure import Bounds
from sandbox.jail.profiles import WASM_HOST, WASM_HOST_STILL
from sandbox.jail.seccomp import Profile
from sandbox.jail.walls import Wall
from sandbox.message import (
    MAX_RUN_BODY,
    MAX_RUN_HEADER,
    Fault,
    Run,
    decode_run,
    encode_answer,
    encode_hello,
    encode_run,
)
from sandbox.outcome import LimitHit, Outcome
from sandbox.runtime import Runtime
from sandbox.snapshot import page_map

SHORT_OF_MEMORY = 77
"""Exit status: there was no memory to go on with."""

SIGNALLED = 128
"""Plus a signal's number: exit status of a child that a signal ended."""

_QUIET = 5.0  # seconds within which the threads of the runs before the lock have ended

_STACK = 8 << 20  # bytes of the first thread's, which the bound of memory does not count

_SPACE = 32 << 30  # bytes of addresses beyond its memory: an instance reserves four, and its code takes some

_DOUBLE = b"""
from fusion.sdk import Floats, module


@module
def run(price: Floats) -> Floats:
    return 2 * price
"""
_RAISE = _DOUBLE.replace(b"return", b"raise ValueError('{}'.format(price)) #")
_LOOP = _DOUBLE.replace(b"return", b"while True: pass #")


@dataclass(frozen=True, slots=True)
class Setup:
    """What the operator tells its process at the start.

    Attributes:
        operator: pid with which it ends.
        image: id, in hex.
        folder: of the image.
        walls: to build.
        memory: bytes that it may take.
        groups: files to write to, in order to join cgroups.
    """

    operator: int
    image: str
    folder: str
    walls: tuple[str, ...]
    memory: int
    groups: tuple[str, ...]

    def encode(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def decode(cls, text: str) -> "Setup":
        return cls(**json.loads(text))


def main() -> None:
    """The process: the descriptor of its socket and its set-up are its arguments."""
    try:
        _main(socket.socket(fileno=int(sys.argv[1])), Setup.decode(sys.argv[2]))
    except (FusionError, OSError) as error:
        sys.exit(f"{error}")  # the last line on stderr is told to the operator


def _main(end: socket.socket, setup: Setup) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the operator, which then ends this one
    operator = os.pidfd_open(setup.operator) if sys.platform == "linux" else None
    if os.getppid() != setup.operator:
        return
    for entry in setup.groups:
        Path(entry).write_text("0")
    walls = frozenset(map(Wall, setup.walls))
    runtime = load(Image(bytes.fromhex(setup.image), Path(setup.folder)))
    warm(runtime)
    if operator is None:  # a machine without any of the walls
        serve(Channel(end), runtime)
    pages.close()
    page_map.close()  # as root it would tell too much; the child opens its own
    root = os.geteuid() == 0
    enclosure.enter(walls)
    child = enclosure.fork()
    if child:
        end.close()
        if root:
            kernel.set_dumpable(False)  # it has become nobody, as others on the machine may have
        _watch(child, operator)
    os.close(operator)
    page_map.hide()
    held = profile()
    enclosure.see(walls)
    bounds = Bounds(memory=setup.memory, space=setup.memory + _SPACE, stack=_STACK)
    enclosure.lock(walls, held, bounds)
    serve(Channel(end), runtime)


def load(image: Image) -> Runtime:
    """A runtime of exactly the code that was compiled: the file is hashed, and it is that file that is mapped.

    Raises:
        NotReady: it is another.
    """
    path, expected = image.code()
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            raise NotReady(f"{path} has sha256 {found}, expected {expected}: remove it and run `fusion up`")
        runtime = Runtime(image)
        if sys.platform == "linux" and os.fstat(file.fileno()).st_ino not in _mapped(path.name):
            raise NotReady(f"{path} was exchanged while it was loaded: run `fusion up`")
    return runtime


def profile() -> Profile:
    """What this process may call from now on; memory is moved only where its first stack cannot be."""
    return WASM_HOST if pages.hold_stack() else WASM_HOST_STILL


def warm(runtime: Runtime) -> None:
    """Runs modules that end in several ways, so that no file is needed any more, and waits for their threads."""
    for code, fuel in ((_DOUBLE, 10**10), (_RAISE, 10**10), (_LOOP, 10**9)):
        module = ModuleCode(Cid.directory(bytes(32)), {"module.py": code}, "run")
        task = Run(module, {"price": np.arange(2.0)}, {}, Limits(fuel=fuel), 0, 60.0)
        header, parts = encode_run(task)
        encode_answer(_run(runtime, decode_run(header, b"".join(parts)), time.monotonic()))
    try:
        decode_run(b"", b"")
    except FusionError:
        encode_answer(Fault(traceback.format_exc()))
    until = time.monotonic() + _QUIET
    while threading.active_count() > 1 or _tasks() > 1:
        if time.monotonic() > until:
            raise NotReady(f"{_tasks()} threads still run before the lock: {threading.enumerate()}")
        time.sleep(0.002)
    gc.collect()
    gc.freeze()


def serve(channel: Channel, runtime: Runtime) -> NoReturn:
    """Runs what comes over `channel` until its other end is closed, even in the middle of a run."""
    channel.send(encode_hello(runtime.image.id))
    runs: queue.SimpleQueue[tuple[bytes, memoryview, float]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(channel, runs), daemon=True).start()
    while True:
        header, body, came = runs.get()
        try:
            header, parts = encode_answer(_run(runtime, decode_run(header, body), came))
        except MemoryError:
            header, parts = encode_answer(LimitHit("memory"))
        except Exception:  # noqa: BLE001  # told to the operator, which logs it with the job
            header, parts = encode_answer(Fault(traceback.format_exc()))
        channel.send(header, parts)


def _run(runtime: Runtime, task: Run, came: float) -> Outcome:
    """Runs what `came` then, in monotonic time: what it waited is taken from its deadline."""
    left = task.deadline - (time.monotonic() - came)
    return runtime.run(
        task.module, task.inputs, task.settings, limits=task.limits, seed=task.seed, deadline=max(left, 0.0)
    )


def _receive(channel: Channel, runs: "queue.SimpleQueue[tuple[bytes, memoryview, float]]") -> None:
    while True:
        try:
            runs.put((*channel.receive(header=MAX_RUN_HEADER, body=MAX_RUN_BODY), time.monotonic()))
        except (EOFError, OSError, ContentError):
            os._exit(0)  # the operator is gone; what runs now is for nobody
        except MemoryError:
            os._exit(SHORT_OF_MEMORY)


def _watch(child: int, operator: int) -> NoReturn:
    """Ends with the child as it ended; ends it first when the operator ends or asks for it."""

    def end(_signal: int, _frame: FrameType | None) -> None:
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGTERM, end)
    kernel.drop_capabilities()
    ended = select.poll()
    running = os.pidfd_open(child)
    for each in (running, operator):
        ended.register(each, select.POLLIN)
    if running not in {each for each, _ in ended.poll()}:
        os.kill(child, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(SIGNALLED - status if status < 0 else status)


def _mapped(name: str) -> set[int]:
    """The inodes of the files of this name that this process has mapped to run."""
    rows = [line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines()]
    return {int(row[4]) for row in rows if len(row) > 5 and "x" in row[1] and row[5].endswith(f"/{name}")}


def _tasks() -> int:
    """How many threads the kernel knows of in this process; fewer Python knows of."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else 1
