"""The sections of a WebAssembly binary, read and written as bytes.

Format: WebAssembly Core Specification 2.0, section 5.5 (binary format of modules).
"""

from collections.abc import Iterator
from typing import NamedTuple

HEADER = 8
"""Bytes of magic number and version before the first section."""

CUSTOM, MEMORY, CODE, DATA = 0, 5, 10, 11
"""Ids of the sections that stub and bake touch."""


class Section(NamedTuple):
    """One section: its id and where its body lies in the binary."""

    id: int
    start: int
    stop: int


def read_leb(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number at an offset, and the offset after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def unsigned(value: int) -> bytes:
    """A number as unsigned LEB128."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed32(value: int) -> bytes:
    """The 32 bits of an address as signed LEB128, which `i32.const` takes."""
    value = value - (1 << 32) if value >> 31 else value
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        if (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40):
            out.append(byte)
            return bytes(out)
        out.append(byte | 0x80)


def sections(module: bytes) -> Iterator[Section]:
    """The sections of a module in file order."""
    at = HEADER
    while at < len(module):
        size, start = read_leb(module, at + 1)
        yield Section(module[at], start, start + size)
        at = start + size


def functions(module: bytes, code: Section) -> Iterator[tuple[int, int]]:
    """Where the bodies of the code section's functions start and stop."""
    count, at = read_leb(module, code.start)
    for _ in range(count):
        size, start = read_leb(module, at)
        yield start, start + size
        at = start + size


def rebuilt(module: bytes, bodies: dict[int, bytes]) -> bytes:
    """The module with the bodies of some sections replaced (by id) and all custom sections dropped."""
    parts = [module[:HEADER]]
    for section in sections(module):
        if section.id == CUSTOM:
            continue
        body = bodies.get(section.id, module[section.start : section.stop])
        parts += (bytes([section.id]), unsigned(len(body)), body)
    return b"".join(parts)
