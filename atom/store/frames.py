"""Frames: the append-only file that holds what has arrived until it becomes Parquet.

A segment is a header and then frames, one a flush. A frame is its lengths, a CRC-32 and compressed records; a record is
rows of one type and symbol as they lie in memory, its instrument, or its Status as JSON. A frame is believed only where
its checksum holds, so whatever a crash leaves of the last one is known for what it is. A segment that was closed ends
with a frame that says so.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np
import orjson
import pyarrow as pa

from atom.events import DTYPES, SCHEMA_VERSION, Rows, Status, StatusKind
from atom.instrument import Instrument
from fusion.errors import CaptureError

HEADER: Final = b"FUSION-LOG" + struct.pack("<H", SCHEMA_VERSION)
END: Final = 1  # the flag of a frame after which its segment holds no other

_MAGIC: Final = b"\xf5FRM"
_FRAME: Final = struct.Struct("<4sIIIq")  # magic, flags, stored bytes, raw bytes, latest arrival so far
_CHECK: Final = struct.Struct("<I")  # CRC-32 of all that and the stored bytes
_RECORD: Final = struct.Struct("<III")  # type, symbol, bytes
_INSTRUMENT, _STATUS = 1000, 1001
_KINDS: Final = tuple(DTYPES)
_LARGEST: Final = 2**31  # bytes of one frame
_CODEC: Final = pa.Codec("zstd", compression_level=1)


@dataclass
class Batch:
    """What arrived of one symbol on one tick and lot.

    Attributes:
        instrument: names, tick and lot.
        tables: arrays by type, each in order of arrival.
        status: what happened to the recording.
    """

    instrument: Instrument
    tables: dict[str, list[Rows]] = field(default_factory=dict)
    status: list[Status] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as read.

    Attributes:
        batches: what it holds, by symbol.
        until: the latest arrival so far, ns.
        ends: whether it closes its segment.
    """

    batches: Sequence[Batch]
    until: int
    ends: bool


@dataclass(frozen=True, slots=True)
class Hole:
    """Bytes that are no frame; 0 where only the end of the segment is missing."""

    size: int


def frame(batches: Sequence[Batch], until: int, *, ends: bool = False) -> bytes:
    """A frame of what arrived, the batches of one symbol in order. It needs no other frame to be understood.

    Args:
        batches: may be empty, and so may each of them.
        until: the latest arrival so far, ns.
        ends: whether it closes its segment.
    """
    parts: list[bytes] = []
    for number, batch in enumerate(batches):
        told = {name: str(value) for name, value in asdict(batch.instrument).items()}
        parts += _record(_INSTRUMENT, number, orjson.dumps(told))
        for kind, pieces in batch.tables.items():
            rows = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
            parts += _record(_KINDS.index(kind), number, rows.tobytes())
        if batch.status:
            parts += _record(_STATUS, number, orjson.dumps([asdict(status) for status in batch.status]))
    raw = b"".join(parts)
    stored = _CODEC.compress(raw, asbytes=True) if raw else b""
    head = _FRAME.pack(_MAGIC, END if ends else 0, len(stored), len(raw), until)
    return head + stored + _CHECK.pack(zlib.crc32(stored, zlib.crc32(head)))


def _record(kind: int, number: int, content: bytes) -> tuple[bytes, bytes]:
    return _RECORD.pack(kind, number, len(content)), content


def read(content: bytes | memoryview, name: str) -> Iterator[Frame | Hole]:
    """The frames of a segment, and the holes between them.

    Args:
        content: of the file.
        name: of the file, for errors.

    Raises:
        CaptureError: it is of another schema, or holds what this version does not write.
    """
    view = memoryview(content)
    if bytes(view[: len(HEADER)]) != HEADER:
        if len(view) < len(HEADER):  # it was only being made
            return
        raise CaptureError(
            f"{name} is no log of schema {SCHEMA_VERSION}; move it elsewhere or use the version that wrote it"
        )
    at, ends = len(HEADER), False
    while at < len(view) and not ends:
        size = _whole(view, at)
        if size is None:
            found = _next(view, at + 1)
            yield Hole(found - at)
            at = found
            continue
        found_frame = _parsed(view[at : at + size], name)
        yield found_frame
        at, ends = at + size, found_frame.ends
    if not ends:
        yield Hole(0)


def closed(path: Path) -> bool:
    """Whether a segment was closed by its recorder, or has nothing in it yet."""
    size = _FRAME.size + _CHECK.size
    with path.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        if length <= len(HEADER):
            return True
        file.seek(max(0, length - size))
        tail = memoryview(file.read())
    return _whole(tail, 0) == len(tail) and bool(_FRAME.unpack_from(tail)[1] & END)


def _whole(view: memoryview, at: int) -> int | None:
    """The size of a sound frame that begins here, or None."""
    if len(view) - at < _FRAME.size + _CHECK.size:
        return None
    magic, _, stored, raw, _ = _FRAME.unpack_from(view, at)
    end = at + _FRAME.size + stored
    if magic != _MAGIC or stored > _LARGEST or raw > _LARGEST or end + _CHECK.size > len(view):
        return None
    if _CHECK.unpack_from(view, end)[0] != zlib.crc32(view[at:end]):
        return None
    return int(end + _CHECK.size - at)


def _next(view: memoryview, at: int) -> int:
    """Where the next sound frame begins, or the end."""
    content = bytes(view[at:])
    found = content.find(_MAGIC)
    while found >= 0:
        if _whole(view, at + found) is not None:
            return at + found
        found = content.find(_MAGIC, found + 1)
    return len(view)


def _parsed(view: memoryview, name: str) -> Frame:
    _, flags, stored, size, until = _FRAME.unpack_from(view, 0)
    raw = _CODEC.decompress(view[_FRAME.size : _FRAME.size + stored], size, asbytes=True) if size else b""
    batches: list[Batch] = []
    at = 0
    while at < len(raw):
        kind, number, length = _RECORD.unpack_from(raw, at)
        at += _RECORD.size
        if kind == _INSTRUMENT:
            batches.append(Batch(instrument_of(orjson.loads(raw[at : at + length]))))
        elif kind == _STATUS:
            batches[number].status += [
                Status(**{**told, "kind": StatusKind(told["kind"])}) for told in orjson.loads(raw[at : at + length])
            ]
        elif kind < len(_KINDS) and length % DTYPES[_KINDS[kind]].itemsize == 0:
            dtype = DTYPES[_KINDS[kind]]
            rows = np.frombuffer(raw, dtype, length // dtype.itemsize, at)
            batches[number].tables.setdefault(_KINDS[kind], []).append(rows)
        else:
            raise CaptureError(f"{name} holds events that this version does not write; use the one that wrote it")
        at += length
    return Frame(batches, until, bool(flags & END))


def instrument_of(told: Mapping[str, str]) -> Instrument:
    """An instrument from the text of its fields."""
    names = {name: told[name] for name in ("venue", "symbol", "venue_symbol")}
    return Instrument(**names, tick=Decimal(told["tick"]), lot=Decimal(told["lot"]))
