"""One guest alive for one run: the compiled interpreter, instantiated over a fresh host."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import wasmtime
from wasmtime import TrapCode

from sandbox.engine import WASM_STACK, configuration
from sandbox.host import Host

T = TypeVar("T")

Ending = Literal["done", "output", "exit", "fault", "fuel", "deadline", "stack", "trap"]
"""How a guest ended: by itself, by the host's doing (see `host.Stop`), or by a trap."""

_THREAD_STACK = WASM_STACK + (16 << 20)
"""Bytes of stack of a thread that runs a guest: the wasm stack, and room for the host's own calls below it."""

_TICK = 0.02
"""Seconds between two epochs, so how late a deadline may be."""

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
    result: bytes
    printed: bytes


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
            if not isinstance(needed.type, wasmtime.FuncType):
                raise TypeError(f"the interpreter imports {needed.name}, which is no function")
            self._linker.define_func(needed.module, needed.name or "", needed.type, self._call(needed))

    def _call(self, needed: wasmtime.ImportType) -> Callable[..., int | None]:
        name = needed.name or ""
        answers = isinstance(needed.type, wasmtime.FuncType) and bool(needed.type.results)

        def call(*arguments: int) -> int | None:
            host: Host = self._current.host
            code = host.answer(name, arguments)
            return code if answers else None

        return call

    def run(self, source: bytes, bounds: Bounds, *, stdin: bytes = b"", seed: bytes = b"") -> Ended:
        """Execute source text in a fresh instance and wait for its end."""
        return _on_thread(lambda: self._run(source, bounds, stdin, seed)[0])

    def freeze(self, source: bytes, bounds: Bounds) -> tuple[Ended, bytes]:
        """Execute source text in a fresh instance and also give its whole memory afterwards."""
        return _on_thread(lambda: self._run(source, bounds, b"", b"", keep=True))

    def _run(
        self, source: bytes, bounds: Bounds, stdin: bytes, seed: bytes, *, keep: bool = False
    ) -> tuple[Ended, bytes]:
        store = wasmtime.Store(self._engine)
        try:
            store.set_fuel(bounds.fuel)
            store.set_limits(memory_size=bounds.memory)
            store.set_epoch_deadline(max(1, math.ceil(bounds.deadline / _TICK)))
            host = Host(store, self._archive, stdin=stdin, seed=seed, output=bounds.output)
            self._current.host = host
            exports = self._linker.instantiate(store, self._module).exports(store)
            memory, allocate, turn = exports["memory"], exports["host_alloc"], exports["turn"]
            if not (
                isinstance(memory, wasmtime.Memory)
                and isinstance(allocate, wasmtime.Func)
                and isinstance(turn, wasmtime.Func)
            ):
                raise TypeError("the interpreter does not export memory, host_alloc and turn")
            host.memory = memory
            how: Ending = "done"
            detail = ""
            with self._clock:
                try:
                    pointer = allocate(store, len(source))
                    host.write(pointer, source)
                    turn(store, pointer, len(source))
                except wasmtime.Trap as trap:
                    how, detail = _TRAPS.get(trap.trap_code, "trap") if trap.trap_code else "trap", str(trap)
            if host.stopped == "broken" and host.error is not None:
                raise host.error
            if host.stopped is not None and host.stopped != "broken":
                how = host.stopped
            left = store.get_fuel()
            ended = Ended(how, detail, bounds.fuel - left, bytes(host.result), bytes(host.printed))
            return ended, host.read(0, memory.data_len(store)) if keep else b""
        finally:
            self._current.host = None
            store.close()


class _Clock:
    """Advances an engine's epoch while at least one guest runs; a thread that ends when none does."""

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

    def _tick(self) -> None:
        while True:
            time.sleep(_TICK)
            self._engine.increment_epoch()
            with self._lock:
                if self._running == 0:
                    self._ticking = False
                    return


_stack_size = threading.Lock()


def _on_thread(work: Callable[[], T]) -> T:
    """Run on a thread with room for deep wasm frames; daemonic, so that Ctrl-C need not wait for a guest."""
    values: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            values.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again on the caller's thread
            errors.append(error)

    with _stack_size:  # the size is one setting of the whole process
        before = threading.stack_size(_THREAD_STACK)
        try:
            thread = threading.Thread(target=body, name="sandbox guest", daemon=True)
            thread.start()
        finally:
            threading.stack_size(before)
    thread.join()
    if errors:
        raise errors[0]
    return values[0]
