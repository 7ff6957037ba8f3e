"""CARv1, the stream in which blocks travel (https://ipld.io/specs/transport/car/carv1/)."""

from collections.abc import Iterable, Iterator

import cbor2

from fusion.content import varint
from fusion.content.cid import Cid
from fusion.content.unixfs import MAX_BLOCK, Block
from fusion.errors import ContentError

_MAX_HEADER = 4096
_MAX_SECTION = MAX_BLOCK + 64
_CID_V0, _CID_V1 = 34, 36


def header(root: Cid) -> bytes:
    """The first bytes of a CAR with one root."""
    link = cbor2.CBORTag(42, b"\0" + bytes(root))
    return _section(cbor2.dumps({"roots": [link], "version": 1}, canonical=True))


def section(cid: Cid, block: bytes) -> bytes:
    return _section(bytes(cid) + block)


def section_size(block: bytes) -> int:
    """Bytes that a block takes in a CAR."""
    body = _CID_V1 + len(block)
    return len(varint.encode(body)) + body


def read(chunks: Iterable[bytes], limit: int) -> Iterator[Block]:
    """The blocks of a CAR as they arrive, each checked against its CID.

    Args:
        chunks: the bytes, in pieces of any size.
        limit: bytes after which the CAR is refused.

    Raises:
        ContentError: malformed, cut short, altered, or above the limit.
    """
    sections = _sections(chunks, limit)
    _check_header(next(sections, b""))
    for body in sections:
        length = _CID_V0 if body[:2] == b"\x12\x20" else _CID_V1
        cid = Cid.from_bytes(bytes(body[:length]))
        block = bytes(body[length:])
        cid.check(block)
        yield cid, block


def _sections(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    buffer = bytearray()
    received = 0
    most = _MAX_HEADER
    for chunk in chunks:
        received += len(chunk)
        if received > limit:
            raise ContentError(f"the CAR has more than {limit >> 20} MiB")
        buffer += chunk
        at = 0
        while (end := _section_end(buffer, at, most)) is not None:
            start, stop = end
            yield bytes(buffer[start:stop])
            at, most = stop, _MAX_SECTION
        del buffer[:at]
    if buffer:
        raise ContentError(f"the CAR is cut short after {received} bytes")


def _section_end(buffer: bytearray, at: int, most: int) -> tuple[int, int] | None:
    """Where the body of the section at `at` starts and stops, or None while it has not arrived whole."""
    head = buffer[at : at + 10]
    if len(head) < 10 and not any(byte < 0x80 for byte in head):
        return None
    length, used = varint.decode(bytes(head))
    if not 0 < length <= most:
        raise ContentError(f"a section of the CAR says {length} bytes; 1 to {most} are allowed")
    start = at + used
    return (start, start + length) if len(buffer) >= start + length else None


def _check_header(body: bytes) -> None:
    # The roots it names are a hint that a gateway may leave empty; which blocks belong is seen from their links.
    if b"gversion\x01" not in body:
        raise ContentError(f"the answer is not a CAR of version 1; it begins with {body[:24]!r}")


def _section(body: bytes) -> bytes:
    return varint.encode(len(body)) + body
