"""What holds for all content."""

import random
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from fusion.content import car, dagpb, dcbor, unixfs
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.content.store import BlockStore
from fusion.content.table import Column, read_table, table_files
from fusion.errors import BadInput, ContentError

names = st.text(st.characters(codec="utf-8", exclude_characters="/\\\0"), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."}
)
contents = st.binary(max_size=64) | st.integers(0, 3 * unixfs.CHUNK).map(bytes)
# Folders and files have names of different lengths here, so that no path is both.
paths = st.builds(
    lambda parts, name: "/".join([*(part[:3] for part in parts), "file-" + name]), st.lists(names, max_size=3), names
)
folders = st.dictionaries(paths.filter(lambda path: not {".", ".."} & set(path.split("/"))), contents, max_size=8)

scalars = st.none() | st.booleans() | st.integers(-(1 << 64), (1 << 64) - 1) | st.floats() | st.text() | st.binary()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
columns = st.integers(0, 20).flatmap(
    lambda rows: st.dictionaries(
        st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True),
        hnp.arrays(np.float64, rows) | hnp.arrays(np.int64, rows),
        min_size=1,
        max_size=4,
    )
)


@given(st.sampled_from([RAW, DAG_PB]), st.binary(min_size=32, max_size=32))
def test_a_cid_is_read_as_it_is_written(codec: int, digest: bytes) -> None:
    cid = Cid(codec, digest)

    assert Cid.parse(str(cid)) == cid
    assert Cid.from_bytes(bytes(cid)) == cid


@given(st.text(max_size=70))
def test_any_text_is_a_cid_or_refused(text: str) -> None:
    with suppress(BadInput):
        assert str(Cid.parse(text)) == text or text.startswith("Qm")


@settings(max_examples=40, deadline=None)
@given(folders)
def test_a_folder_is_read_as_it_was_added(files: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = BlockStore(Path(folder))
        root = store.add_directory(files)

        assert store.read_directory(root) == files
        assert {cid for cid, _ in store.blocks_of(root)} == set(dict(unixfs.directory_blocks(files)))


@settings(max_examples=40, deadline=None)
@given(folders, st.randoms(use_true_random=False))
def test_the_order_of_files_is_no_matter(files: dict[str, bytes], order: random.Random) -> None:
    shuffled = list(files.items())
    order.shuffle(shuffled)

    assert unixfs.directory_cid(dict(shuffled)) == unixfs.directory_cid(files)


@settings(max_examples=40, deadline=None)
@given(folders, st.integers(1, 1000))
def test_a_car_is_read_as_it_was_written(files: dict[str, bytes], piece: int) -> None:
    blocks = list(unixfs.directory_blocks(files))
    stream = car.header(blocks[-1][0]) + b"".join(car.section(*block) for block in blocks)
    pieces = (
        stream[at : at + max(piece, len(stream) // 500)] for at in range(0, len(stream), max(piece, len(stream) // 500))
    )

    assert list(car.read(pieces, 1 << 30)) == blocks


@given(st.binary(max_size=200))
def test_any_bytes_are_a_node_or_refused(block: bytes) -> None:
    with suppress(ContentError):
        dagpb.decode(block)


@given(st.lists(st.binary(max_size=100), max_size=5))
def test_any_bytes_are_a_car_or_refused(chunks: list[bytes]) -> None:
    with suppress(ContentError):
        list(car.read(chunks, 1 << 20))


@given(values)
def test_cbor_is_read_as_it_was_written(value: dcbor.Value) -> None:
    encoded = dcbor.encode(value)

    assert dcbor.encode(dcbor.decode(encoded)) == encoded
    assert repr(_sorted(dcbor.decode(encoded))) == repr(_sorted(value))


@given(st.binary(max_size=64))
def test_what_is_read_as_cbor_is_what_would_be_written(data: bytes) -> None:
    with suppress(ContentError):
        assert dcbor.encode(dcbor.decode(data)) == data


@given(columns)
def test_a_table_is_read_as_it_was_written(table: dict[str, Column]) -> None:
    files = table_files(table)
    read = read_table(files)

    assert table_files(read) == files
    assert list(read) == sorted(table)
    for name, column in table.items():
        np.testing.assert_array_equal(read[name], column)


@given(columns, st.data())
def test_one_altered_bit_is_another_cid(table: dict[str, Column], data: st.DataObject) -> None:
    files = table_files(table)
    path = data.draw(st.sampled_from([path for path, content in files.items() if content]))
    altered = bytearray(files[path])
    altered[data.draw(st.integers(0, len(altered) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    assert unixfs.directory_cid(files | {path: bytes(altered)}) != unixfs.directory_cid(files)


def _sorted(value: dcbor.Value) -> dcbor.Value:
    """`value` with the keys of its maps in one order; maps are equal whatever their order."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
