"""Files and folders as graphs of blocks, as `ipfs add --cid-version=1` makes them; reading checks every claim."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from fusion.content import dagpb
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.content.dagpb import Kind, Link, Node
from fusion.errors import BadInput, ContentError

CHUNK = 256 * 1024
FANOUT = 174
MAX_DIRECTORY_BLOCK = 256 * 1024
MAX_BLOCK = 2 * 1024 * 1024
MAX_SIZE = 256 * 1024 * 1024
MAX_LINKS = 20_000
MAX_DEPTH = 32

Block: TypeAlias = tuple[Cid, bytes]
Tree: TypeAlias = dict[str, "bytes | Tree"]


def directory_blocks(files: Mapping[str, bytes], *, chunk: int = CHUNK) -> Iterator[Block]:
    """The blocks of a folder, children before parents, the root last.

    Args:
        files: relative POSIX path ("data/prices.csv") -> content.
        chunk: most bytes of content in a block, as `ipfs add --chunker=size-<chunk>`.

    Raises:
        BadInput: a path that no folder can hold, or a folder so large that Kubo would shard it.
    """
    yield from _write_directory(_tree(files), "", chunk)


def directory_cid(files: Mapping[str, bytes], *, chunk: int = CHUNK) -> Cid:
    """The CID that `files` have as a folder, in blocks as `directory_blocks` makes them."""
    *_, (root, _) = directory_blocks(files, chunk=chunk)
    return root


def links(cid: Cid, block: bytes) -> list[Cid]:
    """The children of a block, in order, as often as they are linked."""
    return [] if cid.codec == RAW else [link.cid for link in dagpb.decode(block).links]


def read_directory(root: Cid, get: Callable[[Cid], bytes]) -> dict[str, bytes]:
    """The files below `root`, path -> content, in the order of their paths.

    Args:
        root: a folder.
        get: returns the checked block of a CID.

    Raises:
        ContentError: a malformed graph, a name that leaves the folder, a size that is not as stated, or more than
            256 MiB, 20,000 links or 32 levels, where a block that is linked twice counts twice.
    """
    files = _Reader(root, get).directory(root)
    return dict(sorted(files.items()))


def walk(root: Cid, get: Callable[[Cid], bytes]) -> Iterator[Block]:
    """Every block of a graph, depth first, parents before children, each once.

    Raises:
        ContentError: a malformed block, or more than 256 MiB or 20,000 links.
    """
    size = edges = 0
    seen: set[Cid] = set()
    waiting = [root]
    while waiting:
        cid = waiting.pop()
        if cid in seen:
            continue
        seen.add(cid)
        block = get(cid)
        children = links(cid, block)
        size += len(block)
        edges += len(children)
        if size > MAX_SIZE or edges > MAX_LINKS:
            raise ContentError(f"{root} has more than {MAX_SIZE >> 20} MiB or {MAX_LINKS} links")
        waiting.extend(reversed(children))
        yield cid, block


@dataclass(frozen=True, slots=True)
class _Part:
    """What a parent says of a child: its CID, the bytes of its blocks, and the bytes of its content."""

    cid: Cid
    graph: int
    content: int


def _write_file(content: bytes, chunk: int) -> Generator[Block, None, _Part]:
    """Yields the blocks of a file, a balanced tree over raw chunks, and returns its root."""
    parts: list[_Part] = []
    view = memoryview(content)
    for start in range(0, max(len(content), 1), chunk):
        piece = bytes(view[start : start + chunk])
        cid = Cid.of_block(RAW, piece)
        parts.append(_Part(cid, len(piece), len(piece)))
        yield cid, piece
    while len(parts) > 1:
        parents: list[_Part] = []
        for start in range(0, len(parts), FANOUT):
            children = parts[start : start + FANOUT]
            size = sum(child.content for child in children)
            edges = [Link(child.cid, "", child.graph) for child in children]
            block = dagpb.encode(Node(Kind.FILE, edges, sizes=[child.content for child in children], size=size))
            cid = Cid.of_block(DAG_PB, block)
            parents.append(_Part(cid, len(block) + sum(child.graph for child in children), size))
            yield cid, block
        parts = parents
    return parts[0]


def _write_directory(tree: Tree, where: str, chunk: int) -> Generator[Block, None, _Part]:
    """Yields the blocks of a folder, its links sorted by the bytes of their names, and returns its root."""
    edges: list[Link] = []
    for name, entry in sorted(tree.items(), key=lambda item: item[0].encode()):
        if isinstance(entry, bytes):
            part = yield from _write_file(entry, chunk)
        else:
            part = yield from _write_directory(entry, f"{where}{name}/", chunk)
        edges.append(Link(part.cid, name, part.graph))
    block = dagpb.encode(Node(Kind.DIRECTORY, edges))
    if len(block) > MAX_DIRECTORY_BLOCK:
        place = where or "the folder"
        raise BadInput(f"{place} has {len(edges)} entries, too many for one block; spread them over several folders")
    cid = Cid.of_block(DAG_PB, block)
    yield cid, block
    return _Part(cid, len(block) + sum(edge.size for edge in edges), 0)


def _tree(files: Mapping[str, bytes]) -> Tree:
    root: Tree = {}
    for path, content in files.items():
        *folders, name = path.split("/")
        for part in (*folders, name):
            _check_name(part, path, BadInput)
        if len(folders) >= MAX_DEPTH:
            raise BadInput(f"{path[:80]!r} is more than {MAX_DEPTH} folders deep")
        tree = root
        for folder in folders:
            below = tree.setdefault(folder, {})
            if isinstance(below, bytes):
                raise BadInput(f"{path!r}: {folder!r} is a file and a folder at once")
            tree = below
        if name in tree:
            raise BadInput(f"{path!r} is a file and a folder at once")
        tree[name] = content
    return root


def _check_name(name: str, where: str, refusal: type[BadInput | ContentError]) -> None:
    """Refuses what a folder cannot hold without leaving it."""
    if name in {"", ".", ".."} or "/" in name or "\\" in name or "\0" in name:
        raise refusal(f"{name[:80]!r} in {where[:80]!r} is no file name")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise refusal(f"{name[:80]!r} in {where[:80]!r} is not UTF-8") from None


class _Reader:
    """Reads one graph within the limits."""

    def __init__(self, root: Cid, get: Callable[[Cid], bytes]) -> None:
        self.root = root
        self.get = get
        self.bytes_left = MAX_SIZE
        self.links_left = MAX_LINKS

    def directory(self, cid: Cid, where: str = "", depth: int = 0) -> dict[str, bytes]:
        node = self.node(cid, depth)
        if node.kind is not Kind.DIRECTORY:
            raise ContentError(f"{cid} is a file; a folder is expected")
        return self.entries(node, where, depth)

    def entries(self, node: Node, where: str, depth: int) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        seen: set[str] = set()
        for link in node.links:
            _check_name(link.name, f"{self.root}/{where}", ContentError)
            if link.name in seen:
                raise ContentError(f"folder {where!r:.80} of {self.root} has two entries named {link.name!r:.80}")
            seen.add(link.name)
            path = where + link.name
            child = self.node(link.cid, depth + 1)
            if child.kind is Kind.DIRECTORY:
                files |= self.entries(child, path + "/", depth + 1)
            else:
                files[path] = b"".join(self.content(child, depth + 1))
        return files

    def content(self, node: Node, depth: int) -> Iterator[bytes]:
        """The pieces of a file, after checking that every stated size is the true one."""
        stated = sum(node.sizes) + len(node.data)
        if node.size is not None and node.size != stated:
            raise ContentError(f"a file of {self.root} states {node.size} bytes, its parts make {stated}")
        if node.data:
            yield node.data
        for link, size in zip(node.links, node.sizes, strict=True):
            child = self.node(link.cid, depth + 1)
            if child.kind is Kind.DIRECTORY:
                raise ContentError(f"a file of {self.root} has a folder inside")
            length = 0
            for piece in self.content(child, depth + 1):
                length += len(piece)
                yield piece
            if length != size:
                raise ContentError(f"a part of {self.root} has {length} bytes where {size} are stated")

    def node(self, cid: Cid, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise ContentError(f"{self.root} is more than {MAX_DEPTH} levels deep")
        block = self.get(cid)
        self.bytes_left -= len(block)
        if self.bytes_left < 0:
            raise self.too_much()
        node = Node(Kind.RAW, data=block) if cid.codec == RAW else dagpb.decode(block)
        self.links_left -= len(node.links)
        if self.links_left < 0:
            raise self.too_much()
        return node

    def too_much(self) -> ContentError:
        return ContentError(f"{self.root} unpacks to more than {MAX_SIZE >> 20} MiB or {MAX_LINKS} links")
