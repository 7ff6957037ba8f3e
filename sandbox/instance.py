"""One guest alive for one run: the compiled interpreter, instantiated over a fresh host."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

import numpy as np
import wasmtime
from wasmtime import TrapCode

from fusion.errors import NotReady
from sandbox import snapshot
from sandbox.engine import WASM_STACK, configuration
from sandbox.frame import Parts
from sandbox.host import Host
from sandbox.snapshot import Snapshot

T = TypeVar("T")

Ending = Literal["done", "output", "exit", "fault", "fuel", "deadline", "stack", "trap", "unstarted"]
"""How a guest ended: by itself, by the host's doing (see `host.Stop`), by a trap, or for want of host memory."""

PAGE = 1 << 16
"""Bytes in a page of wasm memory."""

_CELL = 4096
"""Bytes of memory that are kept or left out together in a start."""

_THREAD_STACK = WASM_STACK + (16 << 20)
"""Bytes of stack of a thread that runs a guest: the wasm stack, and room for the host's own calls below it."""

_TICK = 0.02
"""Seconds between two epochs, so how late a deadline may be."""

_LONGEST = 1 << 18
"""Epochs a deadline may be away, about ninety minutes."""

_TRAPS: dict[TrapCode, Ending] = {
    TrapCode.OUT_OF_FUEL: "fuel",
    TrapCode.INTERRUPT: "deadline",
    TrapCode.STACK_OVERFLOW: "stack",
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one run may use.

    Attributes:
        fuel: wasm instructions, about one each.
        memory: bytes of linear memory.
        output: bytes written on all descriptors together.
        deadline: seconds of wall time.
    """

    fuel: int
    memory: int
    output: int
    deadline: float


PREPARATION = Bounds(fuel=10**13, memory=1 << 30, output=1 << 20, deadline=600)
"""For what Fusion itself runs in the guest."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A finished run.

    Attributes:
        how: what ended it.
        detail: the trap in wasmtime's words, else empty.
        fuel: wasm instructions used.
        result: bytes sent on the result descriptor.
        printed: the first bytes printed.
    """

    how: Ending
    detail: str
    fuel: int
    result: bytearray
    printed: bytes


@dataclass(frozen=True, slots=True)
class Start:
    """A guest's memory after a first run.

    Attributes:
        size: bytes of memory.
        cells: (address, bytes) of what differs from the binary's own; empty where there is a snapshot.
        snapshot: the whole memory, where this system can map it.
    """

    size: int
    cells: tuple[tuple[int, bytes], ...] = ()
    snapshot: Snapshot | None = None


class Interpreter:
    """A compiled interpreter, loaded once and instantiated anew for each run.

    Args:
        compiled: file of native code written by wasmtime. It is run as it is found: check its hash before.
        archive: the standard library's zip.
        quick: whether it was compiled with the quick configuration.
    """

    def __init__(self, compiled: Path, archive: memoryview, *, quick: bool = False) -> None:
        self._archive = archive
        self._engine = wasmtime.Engine(configuration(quick=quick))
        self._module = wasmtime.Module.deserialize_file(self._engine, str(compiled))
        self._linker = wasmtime.Linker(self._engine)
        self._current = threading.local()
        self._clock = _Clock(self._engine)
        for needed in self._module.imports:
            if isinstance(needed.type, wasmtime.FuncType) and needed.name is not None:
                call = self._call(needed.name, answers=bool(needed.type.results))
                self._linker.define_func(needed.module, needed.name, needed.type, call)

    def _call(self, name: str, *, answers: bool) -> Callable[..., int | None]:
        def call(*arguments: int) -> int | None:
            host: Host = self._current.host
            code = host.answer(name, arguments)
            return code if answers else None

        return call

    def begin(self, source: bytes, stdin: Parts = ()) -> Start:
        """Execute source text in a fresh instance; runs can start from the memory it leaves.

        Raises:
            NotReady: it did not come to its end.
        """
        before, after = self._finish(lambda: (self._memory(None, ()), self._memory(source, stdin)))
        if snapshot.AVAILABLE:
            return Start(len(after), snapshot=Snapshot(len(after), _cells(bytes(len(after)), after)))
        return Start(len(after), tuple(_cells(before + bytes(len(after) - len(before)), after)))

    def freeze(self, source: bytes) -> bytes:
        """Execute source text in a fresh instance and give its whole memory afterwards.

        Raises:
            NotReady: it did not come to its end.
        """
        return self._finish(lambda: self._memory(source, ()))

    def run(
        self,
        source: bytes,
        bounds: Bounds,
        *,
        start: Start | None = None,
        stdin: Parts = (),
        seed: bytes = b"",
    ) -> Ended:
        """Execute source text in a fresh instance and wait for its end."""

        def body() -> Ended:
            with self._guest(bounds, stdin, seed) as guest:
                return guest.run(source, start)

        return self._finish(body)

    def _finish(self, work: Callable[[], T]) -> T:
        """Run on a guest's thread; an interrupt (Ctrl-C) ends the guest before it is passed on."""
        thread = _Thread(work)
        try:
            return thread.value()
        except KeyboardInterrupt:
            self._clock.expire()
            thread.join()
            raise

    def _memory(self, source: bytes | None, stdin: Parts) -> bytes:
        """A fresh instance's memory, after executing source text if any."""
        with self._guest(PREPARATION, stdin, b"") as guest:
            if source is None:
                with guest.started(None):
                    pass
            else:
                ended = guest.run(source, None)
                if ended.how != "done" or ended.printed:
                    words = ended.printed.decode(errors="replace").strip().splitlines()
                    why = words[-1] if words else ended.detail
                    raise NotReady(f"the guest's start ended with {ended.how}: {why}")
            return guest.host.read(0, guest.host.memory.data_len(guest.store))

    @contextmanager
    def _guest(self, bounds: Bounds, stdin: Parts, seed: bytes) -> "Iterator[_Guest]":
        store = wasmtime.Store(self._engine)
        host = Host(store, self._archive, stdin=stdin, seed=seed, output=bounds.output)
        self._current.host = host
        try:
            with self._clock:
                yield _Guest(self._linker, self._module, store, host, bounds)
        finally:
            store.close()


@dataclass(frozen=True, slots=True)
class _Guest:
    """One instance to be: its store, its host and what it may use."""

    linker: wasmtime.Linker
    module: wasmtime.Module
    store: wasmtime.Store
    host: Host
    bounds: Bounds

    @contextmanager
    def started(self, start: Start | None) -> Iterator[tuple[wasmtime.Func, wasmtime.Func]]:
        """An instance with memory as a start left it: its functions that allocate and that execute."""
        self.store.set_fuel(self.bounds.fuel)
        self.store.set_limits(memory_size=self.bounds.memory)
        self.store.set_epoch_deadline(min(_LONGEST, max(1, math.ceil(self.bounds.deadline / _TICK))))
        exports = self.linker.instantiate(self.store, self.module).exports(self.store)
        memory, allocate, turn = exports["memory"], exports["host_alloc"], exports["turn"]
        if not (
            isinstance(memory, wasmtime.Memory)
            and isinstance(allocate, wasmtime.Func)
            and isinstance(turn, wasmtime.Func)
        ):
            raise TypeError("the interpreter does not export memory, host_alloc and turn")
        self.host.memory = memory
        with ExitStack() as laid:
            if start is not None:
                memory.grow(self.store, (start.size - memory.data_len(self.store)) // PAGE)
                if start.snapshot is not None:
                    address = self.host.at(0, start.size)
                    laid.enter_context(start.snapshot.laid(address))
                    snapshot.in_large_pages(address + start.size, self.bounds.memory - start.size)
                for address, data in start.cells:
                    self.host.write(address, data)
            yield allocate, turn

    def run(self, source: bytes, start: Start | None) -> Ended:
        """Execute source text."""
        how: Ending = "done"
        detail = ""
        with ExitStack() as instance:
            try:
                allocate, turn = instance.enter_context(self.started(start))
            except (wasmtime.WasmtimeError, OSError) as error:
                return Ended("unstarted", str(error), 0, bytearray(), b"")
            try:
                pointer = allocate(self.store, len(source))
                self.host.write(pointer, source)
                turn(self.store, pointer, len(source))
            except wasmtime.Trap as trap:
                how, detail = _TRAPS.get(trap.trap_code, "trap") if trap.trap_code else "trap", str(trap)
        if self.host.error is not None:
            raise self.host.error
        if self.host.stopped is not None and self.host.stopped != "broken":
            how = self.host.stopped
        used = self.bounds.fuel - self.store.get_fuel()
        return Ended(how, detail, used, self.host.result, bytes(self.host.printed))


def _cells(old: bytes, new: bytes) -> Iterator[tuple[int, bytes]]:
    """(address, bytes) of the runs of cells in which two memories of one size differ."""
    pair = (np.frombuffer(memory, np.uint64).reshape(-1, _CELL // 8) for memory in (old, new))
    changed = np.flatnonzero(np.not_equal(*pair).any(axis=1))
    for run in np.split(changed, np.flatnonzero(np.diff(changed) != 1) + 1) if len(changed) else []:
        first, last = int(run[0]) * _CELL, (int(run[-1]) + 1) * _CELL
        yield first, new[first:last]


class _Clock:
    """Advances an engine's epoch while at least one guest runs, by a thread that ends when none does."""

    def __init__(self, engine: wasmtime.Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._running = 0
        self._ticking = False

    def __enter__(self) -> None:
        with self._lock:
            self._running += 1
            if not self._ticking:
                self._ticking = True
                threading.Thread(target=self._tick, name="sandbox clock", daemon=True).start()

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._running -= 1

    def expire(self) -> None:
        """Let every deadline be over."""
        for _ in range(_LONGEST):
            self._engine.increment_epoch()

    def _tick(self) -> None:
        while True:
            time.sleep(_TICK)
            self._engine.increment_epoch()
            with self._lock:
                if self._running == 0:
                    self._ticking = False
                    return


_stack_size = threading.Lock()


class _Thread(Generic[T]):
    """Work on a thread with room for deep wasm frames."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._values: list[T] = []
        self._errors: list[BaseException] = []
        with _stack_size:  # the size is one setting of the whole process
            before = threading.stack_size(_THREAD_STACK)
            try:
                self._thread = threading.Thread(target=self._run, name="sandbox guest", daemon=True)
                self._thread.start()
            finally:
                threading.stack_size(before)

    def _run(self) -> None:
        try:
            self._values.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again on the caller's thread
            self._errors.append(error)

    def join(self) -> None:
        self._thread.join()

    def value(self) -> T:
        """What the work returned, once it has; what it raised is raised here."""
        self._thread.join()
        if self._errors:
            raise self._errors[0]
        return self._values[0]
