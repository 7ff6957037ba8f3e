"""Logs become rows that lose nothing: as a plain decoder reads them, and as others published them."""

import csv
import json
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atom.events import Flag, Rows
from atom.onchain import words
from atom.onchain.decode import decode, tables_of
from atom.onchain.logs import Logs
from atom.onchain.read import read_logs
from atom.onchain.ticks import ticks
from tests.unit.atom.onchain import plain_logs as made


def _value(rows: Rows, name: str, row: int) -> int | str:
    field = rows[name][row : row + 1]
    if field.dtype == np.dtype("V32"):
        return words.to_ints(field)[0]
    return words.text(field)[0] if field.dtype == np.dtype("V20") else int(field[0])


def test_a_day_of_a_real_pool_is_what_others_published(shared_data: Path) -> None:
    """Every row, and every column that the pool's logs tell: the two that are left out name a position by its token,
    which is in the logs of another contract."""
    folder = shared_data / "onchain"
    (recording,) = read_logs("uniswap_v3", [folder / "uniswap_v3_usdc_weth_2024-01-05.raw.csv.xz"]).recordings
    with lzma.open(folder / "uniswap_v3_usdc_weth_2024-01-05.decoded.csv.xz", "rt") as file:
        published = list(csv.DictReader(file))
    assert len(published) == recording.messages == 6234
    assert recording.unexplained == 0
    for row, tick in zip(published, ticks(recording.events), strict=True):
        del row["proxy_log_index"], row["position_id"]
        for name in ("current_tick", "tick_lower", "tick_upper"):
            row[name] = row[name].removesuffix(".0")  # as a table with holes is printed by pandas
        assert row == {name: "" if value is None else str(value) for name, value in tick._asdict().items()}


def test_a_day_of_a_real_pool_is_what_a_plain_decoder_reads(shared_data: Path) -> None:
    with lzma.open(shared_data / "onchain" / "uniswap_v3_usdc_weth_2024-01-05.raw.csv.xz", "rt") as file:
        raw = [{**row, "topics": json.loads(row["topics"])} for row in csv.DictReader(file)]
    path = shared_data / "onchain" / "uniswap_v3_usdc_weth_2024-01-05.raw.csv.xz"
    (recording,) = read_logs("uniswap_v3", [path]).recordings
    places = {(int(row["block_number"]), int(row["log_index"])): row for row in raw}
    for rows in recording.events.more.values():
        for index in range(len(rows)):
            told = made.plain(places.pop((int(rows["block"][index]), int(rows["log_index"][index]))))
            assert told == {name: _value(rows, name, index) for name in told or ()}
    assert not places


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(2**255), 2**255 - 1),
            st.integers(-(2**255), 2**255 - 1),
            st.integers(0, 2**160 - 1),
            st.integers(0, 2**128 - 1),
            st.integers(-(2**23), 2**23 - 1),
        )
    )
)
def test_swaps_of_any_numbers_come_through(swaps: list[tuple[int, int, int, int, int]]) -> None:
    logs = [made.swap_v3(*numbers, index=index) for index, numbers in enumerate(swaps)]
    decoded = decode(Logs.parsed(logs))
    assert not decoded.misfit.any()
    rows = tables_of([decoded]).get("dex_swap", np.zeros(0))
    assert len(rows) == len(swaps)
    for index, log in enumerate(logs):
        told = made.plain(log)
        assert told == {name: _value(rows, name, index) for name in told or ()}
        assert (
            words.to_ints(rows["out0"][index : index + 1])[0] == (max(-swaps[index][0], 0) + 2**255) % 2**256 - 2**255
        )


@pytest.mark.parametrize(
    "log",
    [
        made.log(made.SWAP_V3, [made.ALICE], [1, 2, 3, 4, 5]),  # a topic short
        made.log(made.SWAP_V3, [made.ALICE, made.BOB, 1], [1, 2, 3, 4, 5]),
        made.log(made.SWAP_V3, [made.ALICE, made.BOB], [1, 2, 3, 4]),  # a word short
        made.log(made.SWAP_V3, [made.ALICE, made.BOB], [1, 2, 3, 4, 5, 6]),
        made.log(made.SWAP_V3, [2**160, made.BOB], [1, 2, 3, 4, 5]),  # no address
        made.log(made.SWAP_V3, [made.ALICE, made.BOB], [1, 2, 2**160, 4, 5]),
        made.log(made.SWAP_V3, [made.ALICE, made.BOB], [1, 2, 3, 2**128, 5]),
        made.log(made.SWAP_V3, [made.ALICE, made.BOB], [1, 2, 3, 4, 2**23]),
        made.log(made.SWAP_V3, [made.ALICE, made.BOB], [1, 2, 3, 4, -(2**23) - 1]),
        made.log(made.SYNC_V2, [], [2**112, 1]),
        made.log(made.SWAP_V2, [made.ALICE, made.BOB], [2**255, 0, 0, 1]),  # would read as negative
    ],
)
def test_what_has_a_topic_and_not_its_shape_is_unexplained(log: made.Log, tmp_path: Path) -> None:
    """Anyone may emit such logs: they are counted and told, and leave no row."""
    read = read_logs("uniswap_v3", [made.write(tmp_path / "logs.json", made.swap_v3(-1, 1, index=9), log)])
    (recording,) = read.recordings
    assert (recording.messages, recording.unexplained, recording.trades) == (2, 1, 1)
    assert f"{tmp_path}/logs.json:2" in recording.events.status[0].detail


def test_v2_tells_both_ways_and_its_price_is_of_the_reserves_told_before(tmp_path: Path) -> None:
    pool = tmp_path / "pool.json"
    tokens = {"token0": {"address": made.ALICE, "symbol": "USDC", "decimals": 6}}
    tokens["token1"] = {"address": made.BOB, "symbol": "WETH", "decimals": 18}
    pool.write_text(json.dumps({"address": made.POOL, "chain": 1, **tokens}))
    path = made.write(
        tmp_path / "logs.json",
        made.log(made.SYNC_V2, [], [3_000_000 * 10**6, 1_000 * 10**18], index=4),
        made.log(made.SWAP_V2, [made.ALICE, made.BOB], [5, 10**18, 3_000 * 10**6, 0], index=5),
        made.log(made.SWAP_V2, [made.ALICE, made.BOB], [5, 0, 0, 7], index=9),
    )
    (recording,) = read_logs("sushiswap_v2", [path], [pool]).recordings
    assert recording.events.instrument.venue == "sushiswap_v2"
    assert recording.events.instrument.symbol == f"USDC-WETH@{made.POOL}"
    swaps = recording.events.more["dex_swap"]
    assert words.to_ints(swaps["amount0"]) == [5 - 3_000 * 10**6, 5]
    assert words.to_ints(swaps["out0"]) == [3_000 * 10**6, 0]
    assert words.to_ints(swaps["amount1"]) == [10**18, -7]
    assert swaps["size1"][0] == 1.0
    assert swaps["price"][0] == 1_000 / 3_000_000
    assert np.isnan(swaps["price"][1])  # nothing was told just before
    assert (swaps["flags"] & Flag.NO_TICKS).all()


def test_a_v3_price_is_that_of_the_square_root(tmp_path: Path) -> None:
    pool = tmp_path / "pool.json"
    token = {"address": made.ALICE, "symbol": "A", "decimals": 6}
    pool.write_text(
        json.dumps([{"address": made.POOL, "chain": 1, "token0": token, "token1": {**token, "decimals": 8}}])
    )
    path = made.write(tmp_path / "logs.json", made.swap_v3(-1, 10**8, root=3 << 96))
    (recording,) = read_logs("uniswap_v3", [path], [pool]).recordings
    (swap,) = recording.events.more["dex_swap"]
    assert (swap["price"], swap["size0"], swap["size1"]) == (0.09, -1e-6, 1.0)


def test_pancake_tells_its_fees(tmp_path: Path) -> None:
    log = made.log(made.SWAP_PANCAKE, [made.ALICE, made.BOB], [1, -2, 3, 4, -5, 6, 7])
    (recording,) = read_logs("uniswap_v3", [made.write(tmp_path / "logs.json", log)]).recordings
    (swap,) = recording.events.more["dex_swap"]
    assert words.to_ints(recording.events.more["dex_swap"]["fee1"]) == [7]
    assert swap["tick"] == -5
