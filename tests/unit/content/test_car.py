from collections.abc import Iterable, Iterator
from pathlib import Path

import aleph_cid
import pytest

from fusion.content import car, unixfs, varint
from fusion.content.cid import RAW, Cid
from fusion.errors import ContentError

FILES = {"a.txt": b"hello\n", "below/b.bin": bytes(300_000)}
ROOT = unixfs.directory_cid(FILES)
BLOCKS = dict(unixfs.directory_blocks(FILES))
CAR = car.header(ROOT) + b"".join(car.section(*block) for block in BLOCKS.items())
LIMIT = 1 << 20


def read(*chunks: bytes) -> list[unixfs.Block]:
    return list(car.read(chunks, LIMIT))


def test_reads_what_it_writes_in_pieces_of_any_size() -> None:
    assert read(CAR) == list(BLOCKS.items())
    assert read(*(CAR[at : at + 997] for at in range(0, len(CAR), 997))) == list(BLOCKS.items())
    assert read(*(bytes([byte]) for byte in CAR[:2000]), CAR[2000:]) == list(BLOCKS.items())
    assert len(CAR) == len(car.header(ROOT)) + sum(map(car.section_size, BLOCKS.values()))


def test_a_second_implementation_reads_and_writes_the_same(tmp_path: Path) -> None:
    (tmp_path / "ours.car").write_bytes(CAR)
    for path, content in FILES.items():
        (tmp_path / "folder" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / path).write_bytes(content)
    aleph_cid.write_folder_car(tmp_path / "folder", tmp_path / "theirs.car")

    assert aleph_cid.read_carv1_root(tmp_path / "ours.car") == str(ROOT)
    assert dict(read((tmp_path / "theirs.car").read_bytes())) == BLOCKS


def test_a_car_cut_short_is_refused_or_ends_between_blocks() -> None:
    ends = {len(car.header(ROOT))}
    for block in BLOCKS.values():
        ends.add(max(ends) + car.section_size(block))

    for length in [*range(1, 400), len(CAR) - 1]:
        if length not in ends:
            with pytest.raises(ContentError, match="cut short"):
                read(CAR[:length])


def test_altered_bytes_are_refused() -> None:
    with pytest.raises(ContentError, match="altered"):
        read(CAR[:-1] + bytes([CAR[-1] ^ 1]))


def test_blocks_before_a_fault_are_given_as_they_arrive() -> None:
    def chunks() -> Iterator[bytes]:
        yield car.header(ROOT) + car.section(*next(iter(BLOCKS.items())))
        pytest.fail("read ahead of what was asked for")

    assert next(car.read(chunks(), LIMIT)) == next(iter(BLOCKS.items()))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([], "not a CAR"),
        ([b"<html>moved</html>"], "a section|not a CAR|cut short"),
        ([b"\x0a\xa1gversion\x02" + bytes(40)], "version 1"),
        ([varint.encode(5000) + bytes(5000)], "1 to 4096"),
        ([b"\x00"], "says 0 bytes"),
        ([car.header(ROOT), varint.encode(1 << 40)], "says 1099511627776 bytes"),
        ([car.header(ROOT), b"\xff" * 11], "64 bits"),
        ([car.header(ROOT), b"\x05hello"], "CID"),
        ([car.header(ROOT), b"\x24\x01\x55\x00\x20" + bytes(32)], "CID"),
    ],
)
def test_what_is_no_car_is_refused(content: Iterable[bytes], told: str) -> None:
    with pytest.raises(ContentError, match=told) as refusal:
        read(*content)

    assert "\n" not in str(refusal.value)


def test_a_huge_car_is_refused_before_it_is_read_whole() -> None:
    def endless() -> Iterator[bytes]:
        yield car.header(ROOT)
        block = bytes(100_000)
        section = car.section(Cid.of_block(RAW, block), block)
        for _ in range(11):
            yield section
        pytest.fail("read on above the limit")

    with pytest.raises(ContentError, match="more than 1 MiB"):
        list(car.read(endless(), LIMIT))
