"""dag-pb nodes and the UnixFS data inside them, byte for byte as Kubo writes them.

Formats: https://ipld.io/specs/codecs/dag-pb/spec/ and https://specs.ipfs.tech/unixfs/.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from fusion.content import varint
from fusion.content.cid import Cid
from fusion.errors import ContentError

_VARINT, _BYTES = 0, 2


class Kind(IntEnum):
    """The UnixFS types that are read; those of sharded folders, symlinks and metadata are refused."""

    RAW = 0
    DIRECTORY = 1
    FILE = 2


@dataclass(frozen=True, slots=True)
class Link:
    """An edge of the graph.

    Attributes:
        cid: the child.
        name: its name in a folder, "" in a file.
        size: bytes of all blocks below, the child's included, each counted as often as it is linked.
    """

    cid: Cid
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Node:
    """A file's inner node, a leaf with its header, or a folder.

    Attributes:
        kind: what it is.
        links: its children, in the order of the block.
        data: content bytes kept in the node itself.
        sizes: content bytes below each link (files only).
        size: content bytes of the whole file (files only).
    """

    kind: Kind
    links: Sequence[Link] = ()
    data: bytes = b""
    sizes: Sequence[int] = ()
    size: int | None = None


def encode(node: Node) -> bytes:
    """The block of `node`: links first, then the data, as the canonical form wants."""
    out = bytearray()
    for link in node.links:
        body = _field(1, bytes(link.cid)) + _field(2, link.name.encode()) + _number(3, link.size)
        out += _field(2, body)
    inner = bytearray(_number(1, node.kind))
    if node.data:
        inner += _field(2, node.data)
    if node.size is not None:
        inner += _number(3, node.size)
    for size in node.sizes:
        inner += _number(4, size)
    return bytes(out + _field(1, bytes(inner)))


def decode(block: bytes) -> Node:
    """Reads a block; raises ContentError when it is no well-formed file or folder."""
    links: list[Link] = []
    inner: bytes | None = None
    for number, value in _fields(block):
        match number, value:
            case 2, bytes():
                links.append(_link(value))
            case 1, bytes() if inner is None:
                inner = value
            case _:
                raise ContentError(f"a dag-pb node has an unexpected field {number}")
    if inner is None:
        raise ContentError("a dag-pb node has no UnixFS data")
    return _unixfs(inner, links)


def _link(body: bytes) -> Link:
    cid: Cid | None = None
    name: str | None = None
    size: int | None = None
    for number, value in _fields(body):
        match number, value:
            case 1, bytes() if cid is None:
                cid = Cid.from_bytes(value)
            case 2, bytes() if name is None:
                try:
                    name = value.decode()
                except UnicodeDecodeError:
                    raise ContentError(f"a link's name {value[:80]!r} is not UTF-8") from None
            case 3, int() if size is None:
                size = value
            case _:
                raise ContentError(f"a dag-pb link has an unexpected field {number}")
    if cid is None:
        raise ContentError("a dag-pb link has no CID")
    return Link(cid, name or "", size or 0)


def _unixfs(body: bytes, links: list[Link]) -> Node:
    kind: int | None = None
    data: bytes | None = None
    size: int | None = None
    sizes: list[int] = []
    for number, value in _fields(body):
        match number, value:
            case 1, int() if kind is None:
                kind = value
            case 2, bytes() if data is None:
                data = value
            case 3, int() if size is None:
                size = value
            case 4, int() if len(sizes) < len(links):
                sizes.append(value)
            case ((7 | 8), _):  # mode and time: nothing here depends on them
                pass
            case _:
                raise ContentError(f"UnixFS data has an unexpected field {number}")
    match kind:
        case Kind.DIRECTORY if not data and not sizes:
            return Node(Kind.DIRECTORY, links)
        case Kind.FILE if len(sizes) == len(links):
            return Node(Kind.FILE, links, data or b"", sizes, size)
        case Kind.RAW if not links:
            return Node(Kind.RAW, data=data or b"", size=size)
        case Kind.DIRECTORY | Kind.FILE | Kind.RAW:
            raise ContentError(f"a UnixFS node has {len(links)} links and states {len(sizes)} sizes")
    raise ContentError(f"UnixFS type {kind} is neither a file nor a plain folder, which are all that can be read")


def _fields(body: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The protobuf fields of `body` in order."""
    at = 0
    while at < len(body):
        key, at = varint.decode(body, at)
        value, at = varint.decode(body, at)
        if key & 7 == _VARINT:
            yield key >> 3, value
        elif key & 7 == _BYTES:
            if value > len(body) - at:
                raise ContentError(f"a field says {value} bytes, {len(body) - at} follow")
            yield key >> 3, body[at : at + value]
            at += value
        else:
            raise ContentError(f"protobuf wire type {key & 7} is not used by dag-pb")


def _field(number: int, body: bytes) -> bytes:
    return varint.encode(number << 3 | _BYTES) + varint.encode(len(body)) + body


def _number(number: int, value: int) -> bytes:
    return varint.encode(number << 3 | _VARINT) + varint.encode(value)
