"""Freeze a guest's memory into the binary, so that every instance starts with numpy and pandas imported."""

from importlib import resources
from pathlib import Path

from sandbox.instance import PAGE, Interpreter
from sandbox.sections import DATA, MEMORY, rebuilt, signed32, unsigned

_CELL = 4096
"""Bytes of memory that are kept or, when all zero, left out together."""


def baked(stub: bytes, compiled: Path, archive: memoryview) -> bytes:
    """The stubbed binary with its memory as it is after `guest/bake.py` ran.

    Args:
        stub: the stubbed binary.
        compiled: its quick compilation.
        archive: the standard library's zip.

    Raises:
        NotReady: the script failed.
    """
    script = resources.files("sandbox.guest").joinpath("bake.py").read_bytes()
    interpreter = Interpreter(compiled, archive, quick=True)
    memory = interpreter.freeze(script)
    return rebuilt(stub, {MEMORY: _memory(memory), DATA: _data(memory)})


def _memory(memory: bytes) -> bytes:
    """One memory without a maximum, of as many pages as there are now."""
    return b"\x01\x00" + unsigned(len(memory) // PAGE)


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
