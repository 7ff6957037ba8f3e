"""Freeze a guest's memory into the binary, so that every instance starts with numpy and pandas imported."""

from importlib import resources
from pathlib import Path

from fusion.errors import NotReady
from sandbox.instance import Bounds, Interpreter
from sandbox.sections import DATA, MEMORY, rebuilt, signed32, unsigned

_CELL = 4096
"""Bytes of memory that are kept or, when all zero, left out together."""
_PAGE = 1 << 16
_BOUNDS = Bounds(fuel=10**13, memory=1 << 30, output=1 << 20, deadline=600)


def baked(stub: bytes, compiled: Path, archive: memoryview) -> bytes:
    """The stubbed binary with its memory as it is after `guest/bake.py` ran.

    Args:
        stub: the stubbed binary.
        compiled: its quick compilation.
        archive: the standard library's zip.

    Raises:
        NotReady: the script failed, or two runs of it left different memory.
    """
    script = resources.files("sandbox.guest").joinpath("bake.py").read_bytes()
    interpreter = Interpreter(compiled, archive, quick=True)
    ended, memory = interpreter.freeze(script, _BOUNDS)
    if ended.how != "done" or ended.printed:
        words = ended.printed.decode(errors="replace").strip().splitlines()
        raise NotReady(f"baking the sandbox image ended with {ended.how}: {words[-1] if words else ended.detail}")
    return rebuilt(stub, {MEMORY: _memory(memory), DATA: _data(memory)})


def _memory(memory: bytes) -> bytes:
    """One memory without a maximum, of as many pages as there are now."""
    return b"\x01\x00" + unsigned(len(memory) // _PAGE)


def _data(memory: bytes) -> bytes:
    """Active segments for every run of cells that are not all zero."""
    zero = bytes(_CELL)
    segments: list[bytes] = []
    start: int | None = None
    for at in range(0, len(memory) + 1, _CELL):
        empty = memory[at : at + _CELL] == zero or at == len(memory)
        if empty and start is not None:
            body = memory[start:at]
            segments.append(b"\x00\x41" + signed32(start) + b"\x0b" + unsigned(len(body)) + body)
            start = None
        elif not empty and start is None:
            start = at
    return unsigned(len(segments)) + b"".join(segments)
