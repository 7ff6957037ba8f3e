"""Files of logs: what is read, what is refused with its line, and what is kept."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atom.imports import import_capture
from atom.onchain.read import read_logs
from atom.store import Store
from fusion.errors import BadInput, CaptureError
from tests.unit.atom.onchain import plain_logs as made

HEADER = "block_number,block_timestamp,transaction_hash,transaction_index,log_index,topics,data\n"
GOOD = {
    "block": "7",
    "time": "2024-01-05 00:00:23",
    "hash": "0x" + "0" * 64,
    "tx": "1",
    "index": "2",
    "topics": '"[""{}""]"'.format('"", ""'.join([made.SWAP_V3, "0x" + made.word(1), "0x" + made.word(2)])),
    "data": "0x" + "".join(map(made.word, [1, -1, 1 << 96, 5, 0])),
}


def _csv(**changed: str) -> str:
    return ",".join({**GOOD, **changed}.values()) + "\n"


@pytest.mark.parametrize(
    ("name", "changed", "told"),
    [
        ("block", "x", "the block 'x' is no whole number"),
        ("block", "-1", "is no whole number"),
        ("block", "9" * 19, "fit|too large"),
        ("block", str(2**39), "too large"),
        ("index", "1.0", "is no whole number"),
        ("index", str(2**24), "too large"),
        ("time", "yesterday", "is none in UTC"),
        ("time", "2024-01-05 00:00:23+02:00", "is none in UTC"),
        ("time", "2024-13-05 00:00:23", "cannot be read"),
        ("hash", "0x12", "0x and 64"),
        ("topics", "[]x", "no list"),
        ("topics", '"[""0x12""]"', "no list"),
        ("topics", '"[' + ",".join(['""0x' + "0" * 64 + '""'] * 5) + ']"', "up to four"),
        ("data", "0xabc", "pairs"),
        ("data", "0xzz", "pairs"),
        ("data", "ab", "pairs"),
        ("data", "", "pairs"),
    ],
)
def test_a_malformed_cell_is_refused_with_its_line(name: str, changed: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "raw.csv"
    path.write_text(HEADER + _csv() + _csv(index="3") + _csv(**{name: changed}))
    with pytest.raises(CaptureError, match=told) as caught:
        read_logs("uniswap_v3", [path])
    if "time" not in name or "cannot" not in told:
        assert str(caught.value).startswith(f"{path}:4: ") or "fit" in told
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no log"),
        (HEADER.encode(), "holds no log"),
        (b"a,b\n1,2\n", "columns lack block_number"),
        (HEADER.encode() + b"1\n\xff\n", r"raw:3: the byte b'\\xff' is not ASCII"),
        (HEADER.encode() + b"1,2\n", r"raw:2: no table of 7 columns"),
        (b"[]", "holds no log"),
        (b"{", "raw:1: the line holds no JSON"),
        (b"[1]", "raw:1: 1 is no log"),
        (b'{"a": 1}', "raw:1: the log is malformed: it lacks 'topics'"),
        (json.dumps({**made.swap_v3(1, 2), "topics": ["ab"]}).encode(), "begin with 0x"),
        (json.dumps({**made.swap_v3(1, 2), "topics": "ab"}).encode(), "not a list"),
        (json.dumps({**made.swap_v3(1, 2), "block_number": "0xzz"}).encode(), "malformed"),
        (json.dumps({**made.swap_v3(1, 2), "block_number": 1.5}).encode(), "no whole number"),
        (json.dumps({**made.swap_v3(1, 2), "block_timestamp": 10**12}).encode(), "not in seconds"),
        (json.dumps({**made.swap_v3(1, 2), "address": None}).encode(), "no text"),
        (json.dumps({**made.swap_v3(1, 2), "address": "0x12"}).encode(), "0x and 40"),
        (json.dumps(made.log("0x" + "00" * 32, [], [])).encode(), "none of 1 logs is of a pool"),
        (gzip.compress(json.dumps(made.swap_v3(1, 2)).encode())[:-9], "cut short"),
    ],
)
def test_a_file_that_is_none_is_refused(content: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=told):
        read_logs("uniswap_v3", [path])


def test_csv_and_both_forms_of_json_are_the_same_logs(tmp_path: Path) -> None:
    exported = made.swap_v3(5, -7, root=9 << 96, tick=-3, block=300, index=4, second=1704412823)
    node = {
        "blockNumber": hex(300),
        "blockTimestamp": hex(1704412823),
        "transactionHash": exported["transaction_hash"],
        "transactionIndex": "0x2",
        "logIndex": "0x4",
        **{name: exported[name] for name in ("address", "topics", "data")},
        "removed": False,
    }
    one = made.write(tmp_path / "one", exported)
    two = made.write(tmp_path / "two", {"jsonrpc": "2.0", "id": 1, "result": [node, {**node, "removed": True}]})
    three = tmp_path / "three"
    topics = json.dumps(exported["topics"]).replace('"', '""')
    three.write_text(
        HEADER.replace("topics", "address,topics")
        + f'300,2024-01-05 00:00:23,{exported["transaction_hash"]},2,4,{made.POOL},"{topics}",{exported["data"]}\n'
    )
    rows = [read_logs("uniswap_v3", [path]).recordings[0].events.more["dex_swap"] for path in (one, two, three)]
    assert rows[0]["ts_event"][0] == 1704412823 * 10**9
    assert all(np.array_equal(each.tobytes(), rows[0].tobytes()) for each in rows)


def test_a_log_in_two_files_is_one_row_and_two_logs_at_one_place_are_refused(tmp_path: Path) -> None:
    first = made.write(tmp_path / "a", made.swap_v3(1, -1), made.swap_v3(2, -2, index=1))
    second = made.write(tmp_path / "b", made.swap_v3(2, -2, index=1), made.swap_v3(3, -3, index=2))
    (recording,) = read_logs("uniswap_v3", [second, first]).recordings
    assert recording.events.more["dex_swap"]["log_index"].tolist() == [0, 1, 2]
    assert recording.messages == 4
    other = made.write(tmp_path / "c", made.swap_v3(9, -9, index=1))
    with pytest.raises(CaptureError, match=r"c:1: another log than .*a:2 at the same place of block 100"):
        read_logs("uniswap_v3", [first, other])


def test_logs_of_others_are_counted_apart_and_explained(tmp_path: Path) -> None:
    transfer = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    path = made.write(
        tmp_path / "logs",
        made.swap_v3(1, -1),
        made.log(transfer, [made.ALICE, made.BOB], [5], index=1),  # the pool's own, of another kind
        made.log(transfer, [made.ALICE, made.BOB], [5], index=2, address=made.ALICE),
        made.log(made.SWAP_V3, [made.ALICE], [5], index=3, address=made.ALICE),  # of no pool
        made.log(made.SYNC_V2, [], [5, 6], index=4, address=made.BOB),
    )
    rows = [row.as_dict() for row in import_capture("uniswap_v3", [path])]
    told = [(row["symbol"], row["messages"], row["unexplained"], row["events"], row["trades"]) for row in rows]
    assert told == [(made.BOB, 1, 0, 1, 0), (made.POOL, 2, 0, 1, 1), (None, 2, 1, 0, 0)]


def test_two_real_blocks_hold_pools_of_both_families(shared_data: Path) -> None:
    path = shared_data / "onchain" / "ethereum_logs_17173049_17173050.json.xz"
    rows = import_capture("uniswap_v3", [path])
    read = read_logs("uniswap_v3", [path])
    assert sum(row.messages for row in rows) == 681
    assert sum(row.unexplained for row in rows) == 0
    assert sum(row.trades for row in rows) == 69 + 10
    assert {one.events.instrument.venue for one in read.recordings} == {"uniswap_v2", "uniswap_v3"}


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = made.write(
        tmp_path / "logs",
        made.swap_v3(-(2**254), 2**254, tick=-887272),
        made.log(made.MINT_V3, [made.ALICE, -10, 10], [made.BOB, 2**127, 5, 6], index=1),
        made.log(made.SYNC_V2, [], [2**112 - 1, 0], index=2),
    )
    store = Store(tmp_path / "store")
    import_capture("uniswap_v3", [path], store=store)
    events = store.read("uniswap_v3", made.POOL)
    (recording,) = read_logs("uniswap_v3", [path]).recordings
    for kind, rows in recording.events.more.items():
        for name in rows.dtype.names or ():
            if name != "ts_recv":  # unknown, and so null in the file
                np.testing.assert_array_equal(events.more[kind][name], rows[name])


def test_an_unknown_venue_is_told_with_those_on_chain(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="uniswap_v2"):
        import_capture("uniswap", [tmp_path / "none"])


def test_a_pool_that_is_none_is_refused(tmp_path: Path) -> None:
    path, pool = made.write(tmp_path / "logs", made.swap_v3(1, -1)), tmp_path / "pool.json"
    for content in ("{", "{}", "[3]", '{"address": "0x12", "chain": 1, "token0": {}, "token1": {}}'):
        pool.write_text(content)
        with pytest.raises(CaptureError, match=r"pool\.json: no pool as"):
            read_logs("uniswap_v3", [path], [pool])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sound")
    logs = [made.swap_v3(5, -7), made.log(made.SYNC_V2, [], [5, 6], index=1, address=made.BOB)]
    return {
        "json": made.write(folder / "logs", *logs).read_bytes(),
        "csv": (HEADER + _csv() + _csv(index="3")).encode(),
    }


@given(st.data())
@settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_whatever_a_file_holds_it_is_read_or_refused_in_one_line(
    sound: dict[str, bytes], tmp_path: Path, data: st.DataObject
) -> None:
    """Bytes are put in place of others: the answer is rows, riddles that are counted, or one line with the file."""
    content = bytearray(data.draw(st.sampled_from([sound["json"], sound["csv"]])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        other = data.draw(st.binary(max_size=3) | st.sampled_from([b"\n", b'"', b",", b"0x"]))
        content[at : at + data.draw(st.integers(0, 3))] = other
    path = tmp_path / "raw"
    path.write_bytes(content)
    refusal = ""
    try:
        read = read_logs("uniswap_v3", [path])
        assert sum(one.messages for one in read.recordings) + read.messages >= 1
    except CaptureError as error:
        refusal = str(error)
    assert not refusal or (str(path) in refusal and len(refusal.splitlines()) == 1)
