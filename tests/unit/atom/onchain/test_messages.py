"""What a chain recorded can be streamed: each fact is JSON that keeps every digit."""

from pathlib import Path

import orjson

from atom.onchain.read import read_logs
from atom.stream import messages
from tests.unit.atom.onchain import plain_logs as made


def test_facts_of_a_chain_keep_every_digit_in_json(tmp_path: Path) -> None:
    path = made.write(
        tmp_path / "logs",
        made.swap_v3(-(2**254), 2**254, tick=-5),
        made.log(made.SWAP_V2, [made.ALICE, made.BOB], [5, 0, 0, 7], index=1),
        made.log(made.SYNC_V2, [], [2**112 - 1, 0], index=2),
    )
    (recording,) = read_logs("uniswap_v3", [path]).recordings
    more = recording.events.more
    first, second = (orjson.loads("{" + text[1:]) for text in messages.notes("dex_swap", more["dex_swap"]))
    assert (first["amount0"], first["amount1"], first["tick"]) == (str(-(2**254)), str(2**254), -5)
    assert (first["pool"], first["sender"]) == (made.POOL, made.ALICE)
    assert first["tx_hash"] == f"0x{100_000:064x}"
    assert (first["ts_recv"], first["price"], second["tick"]) == (None, None, None)
    (sync,) = (orjson.loads("{" + text[1:]) for text in messages.notes("dex_liquidity", more["dex_liquidity"]))
    assert (sync["action"], sync["amount0"]) == ("sync", str(2**112 - 1))
