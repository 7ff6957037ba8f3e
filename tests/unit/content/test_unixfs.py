"""What a hostile publisher can put behind a CID: every block matches its hash, the graph lies."""

from collections.abc import Mapping

import pytest

from fusion.content import dagpb, unixfs
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.content.dagpb import Kind, Link, Node
from fusion.errors import BadInput, ContentError


class Blocks(dict[Cid, bytes]):
    """Blocks in memory."""

    def add(self, node: Node | bytes) -> Cid:
        block = node if isinstance(node, bytes) else dagpb.encode(node)
        cid = Cid.of_block(RAW if isinstance(node, bytes) else DAG_PB, block)
        self[cid] = block
        return cid

    def folder(self, *names: str, child: Cid | None = None) -> Cid:
        child = child or self.add(b"leaf")
        return self.add(Node(Kind.DIRECTORY, [Link(child, name, 4) for name in names]))


@pytest.fixture
def blocks() -> Blocks:
    return Blocks()


def refused(root: Cid, blocks: Mapping[Cid, bytes], match: str) -> None:
    with pytest.raises(ContentError, match=match) as refusal:
        unixfs.read_directory(root, blocks.__getitem__)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 400


def test_an_empty_folder() -> None:
    blocks = dict(unixfs.directory_blocks({}))

    assert unixfs.read_directory(unixfs.directory_cid({}), blocks.__getitem__) == {}


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/etc/passwd",
        "..",
        "../up",
        "a/../b",
        "./a",
        "a//b",
        "a/",
        "nul\0",
        "back\\slash",
        "\udcff",
        "a/" * 33 + "b",
    ],
)
def test_a_path_that_leaves_the_folder_is_refused(path: str) -> None:
    with pytest.raises(BadInput) as refusal:
        unixfs.directory_cid({path: b""})

    str(refusal.value).encode()


def test_a_path_cannot_be_file_and_folder() -> None:
    for paths in (["a", "a/b"], ["a/b", "a"]):
        with pytest.raises(BadInput, match="file and a folder"):
            unixfs.directory_cid(dict.fromkeys(paths, b""))


def test_a_folder_too_large_for_a_block_is_refused() -> None:
    with pytest.raises(BadInput, match="6000 entries"):
        unixfs.directory_cid({f"{number}": b"" for number in range(6000)})


@pytest.mark.parametrize("name", ["", ".", "..", "/etc/passwd", "a/b", "nul\0", "back\\slash", "..\\up"])
def test_a_name_that_leaves_the_folder_is_refused(name: str, blocks: Blocks) -> None:
    refused(blocks.folder(name), blocks, "no file name")
    refused(blocks.folder("below", child=blocks.folder(name)), blocks, "no file name")


def test_a_name_that_comes_twice_is_refused(blocks: Blocks) -> None:
    refused(blocks.folder("same", "other", "same"), blocks, "two entries named 'same'")


def test_a_file_is_not_a_folder(blocks: Blocks) -> None:
    refused(blocks.add(b"content"), blocks, "is a file")
    refused(blocks.add(Node(Kind.FILE, data=b"content", size=7)), blocks, "is a file")


def test_a_folder_inside_a_file_is_refused(blocks: Blocks) -> None:
    inner = blocks.folder("a")
    file = blocks.add(Node(Kind.FILE, [Link(inner, "", 0)], sizes=[0], size=0))

    refused(blocks.folder("file", child=file), blocks, "a folder inside")


@pytest.mark.parametrize(("sizes", "size"), [([5], 5), ([3], 3), ([0], 0), ([1 << 63], 1 << 63), ([4], 5), ([4], 3)])
def test_sizes_that_lie_are_refused(sizes: list[int], size: int, blocks: Blocks) -> None:
    file = blocks.add(Node(Kind.FILE, [Link(blocks.add(b"leaf"), "", 4)], sizes=sizes, size=size))

    refused(blocks.folder("file", child=file), blocks, "are stated|states")


def test_a_leaf_that_lies_is_refused(blocks: Blocks) -> None:
    refused(blocks.folder("file", child=blocks.add(Node(Kind.RAW, data=b"leaf", size=5))), blocks, "states 5")


def test_a_file_of_endless_size_is_refused(blocks: Blocks) -> None:
    """174 links to the same child, five times over: seven blocks that unpack to 40 petabytes."""
    child, size = blocks.add(bytes(unixfs.CHUNK)), unixfs.CHUNK
    for _ in range(5):
        links = [Link(child, "", size)] * unixfs.FANOUT
        child = blocks.add(Node(Kind.FILE, links, sizes=[size] * unixfs.FANOUT, size=size * unixfs.FANOUT))
        size *= unixfs.FANOUT

    refused(blocks.folder("bomb", child=child), blocks, "unpacks to more")


def test_folders_that_multiply_are_refused(blocks: Blocks) -> None:
    """The same empty folder linked a million times in two levels."""
    child = blocks.add(Node(Kind.DIRECTORY))
    for _ in range(2):
        child = blocks.folder(*(str(number) for number in range(1000)), child=child)

    refused(child, blocks, "unpacks to more")
    assert len(list(unixfs.walk(child, blocks.__getitem__))) == 3


def test_one_child_linked_over_and_over_is_refused(blocks: Blocks) -> None:
    leaf = blocks.add(b"")
    file = blocks.add(Node(Kind.FILE, [Link(leaf, "", 0)] * 45_000, sizes=[0] * 45_000, size=0))
    root = blocks.folder("bomb", child=file)

    refused(root, blocks, "unpacks to more")
    with pytest.raises(ContentError, match="20000 links"):
        list(unixfs.walk(root, blocks.__getitem__))


def test_deep_folders_are_refused(blocks: Blocks) -> None:
    child = blocks.folder("leaf")
    for _ in range(5000):
        child = blocks.folder("down", child=child)

    refused(child, blocks, "32 levels deep")
    assert len(list(unixfs.walk(child, blocks.__getitem__))) == 5002


def test_a_walk_over_too_many_blocks_is_refused(blocks: Blocks) -> None:
    root = blocks.add(
        Node(Kind.DIRECTORY, [Link(Cid.of_block(RAW, b"%d" % number), str(number), 1) for number in range(20_001)])
    )

    with pytest.raises(ContentError, match="more than 256 MiB or 20000 links"):
        list(unixfs.walk(root, blocks.__getitem__))


def test_a_walk_gives_each_block_once_and_parents_first(blocks: Blocks) -> None:
    shared = blocks.folder("leaf")
    first = blocks.folder("shared", child=shared)
    root = blocks.add(Node(Kind.DIRECTORY, [Link(first, "a", 1), Link(shared, "b", 1)]))

    assert [cid for cid, _ in unixfs.walk(root, blocks.__getitem__)] == [
        root,
        first,
        shared,
        Cid.of_block(RAW, b"leaf"),
    ]
