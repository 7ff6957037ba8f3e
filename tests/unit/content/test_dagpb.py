import pytest

from fusion.content import dagpb
from fusion.content.cid import RAW, Cid
from fusion.content.dagpb import Kind, Link, Node
from fusion.errors import ContentError

LEAF = Cid.of_block(RAW, b"leaf")
FOLDER = Node(Kind.DIRECTORY, [Link(LEAF, "leaf", 4)])
FILE = Node(Kind.FILE, [Link(LEAF, "", 4)], sizes=[4], size=4)


def test_reads_what_it_writes() -> None:
    assert dagpb.decode(dagpb.encode(FOLDER)) == FOLDER
    assert dagpb.decode(dagpb.encode(FILE)) == FILE


@pytest.mark.parametrize("node", [FOLDER, FILE], ids=["folder", "file"])
def test_a_block_cut_short_is_refused_wherever_it_is_cut(node: Node) -> None:
    block = dagpb.encode(node)

    for length in range(len(block)):
        with pytest.raises(ContentError):
            dagpb.decode(block[:length])


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\x80",  # a number cut short
        b"\xff" * 11,  # a number without end
        b"\x0a\xff\xff\xff\xff\x0f",  # four gigabytes that do not follow
        b"\x0a\x05\x08\x01",
        b"\x0a\x02\x08\x01" * 2,  # data twice
        b"\x0a\x02\x08\x01\x1a\x00",  # an unknown field
        b"\x0a\x02\x08\x01\x0d\x00\x00\x00\x00",  # a fixed-width field
        b"\x0a\x00",  # no type
        b"\x0a\x02\x08\x03",  # metadata
        b"\x0a\x02\x08\x04",  # a symbolic link
        b"\x0a\x02\x08\x05",  # a sharded folder
        b"\x0a\x04\x08\x01\x08\x01",  # the type twice
        b"\x0a\x05\x08\x01\x12\x01x",  # a folder with content
        b"\x0a\x04\x08\x02\x20\x01",  # sizes without parts
        b"\x12\x00\x0a\x02\x08\x01",  # a link without a CID
        b"\x12\x04\x0a\x02\x00\x00\x0a\x02\x08\x01",  # a CID of no known form
    ],
)
def test_malformed_blocks_are_refused(block: bytes) -> None:
    with pytest.raises(ContentError) as refusal:
        dagpb.decode(block)

    assert "\n" not in str(refusal.value)


def test_a_name_that_is_not_utf8_is_refused() -> None:
    block = dagpb.encode(FOLDER).replace(b"leaf", b"\xff\xfe\xfd\xfc")

    with pytest.raises(ContentError, match="not UTF-8"):
        dagpb.decode(block)
