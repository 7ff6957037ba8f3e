"""The past of a pool from a real node: killed in the middle, run again, and through a reorganisation."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from atom.onchain import words
from atom.onchain.backfill import Backfill
from atom.onchain.swaps import Swaps
from atom.store import Store
from fusion.chain.anvil import CHAIN_ID, Anvil
from fusion.errors import FusionError
from tests.integration import bare_pool
from tests.unit.atom.onchain.plain_logs import ALICE, BOB, MINT_V3, SWAP_V3, plain, word

SYMBOL = f"USDC-WETH@{CHAIN_ID}:{bare_pool.POOL}"
SWAPS = [  # of pool 0x88e6...5640 in block 18937382
    (-22686110, 10000000000000000, 1662995104975155420368771254341874, 12453647101533358277, 199045),
    (1779711470, -783707260129944808, 1662990119151672310826534140478120, 12453647101533358277, 199045),
]
MINT = (389297572651811471360, 7589502067301, 738908802009978532321)  # in block 18937605


def swap(anvil: Anvil, number: int) -> None:
    topics = [SWAP_V3, "0x" + word(ALICE), "0x" + word(BOB)]
    bare_pool.emit(anvil, topics, "".join(map(word, SWAPS[number % 2])))


def mint(anvil: Anvil) -> None:
    topics = [MINT_V3, *("0x" + word(value) for value in (ALICE, 199060, 199070))]
    bare_pool.emit(anvil, topics, word(BOB) + "".join(map(word, MINT)))


def truth(anvil: Anvil, last: int) -> list[tuple[str, int, int]]:
    """Every log of the pool as the node has it now: transaction, block and amount of token 0."""
    logs = anvil.rpc.call("eth_getLogs", {"address": bare_pool.POOL, "fromBlock": "0x0", "toBlock": hex(last)})
    return sorted((log["transactionHash"], int(log["blockNumber"], 16), (plain(log) or {})["amount0"]) for log in logs)


def held(store: Store) -> list[tuple[str, int, int]]:
    tables = store.read("uniswap_v3", SYMBOL).more.values()
    return sorted(
        row
        for rows in tables
        for row in zip(words.text(rows["tx_hash"]), rows["block"].tolist(), words.to_ints(rows["amount0"]), strict=True)
    )


@pytest.fixture
def market(anvil: Anvil) -> Anvil:
    bare_pool.install(anvil)
    for number in range(30):
        swap(anvil, number)
        if number % 10 == 0:
            mint(anvil)
            anvil.mine(150)
    return anvil


def test_a_kill_in_the_middle_leaves_nothing_twice_and_nothing_out(market: Anvil, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "atom", "chain", "backfill", "--rpc", market.url, "--pool", bare_pool.POOL]
    command += ["--venue", "uniswap_v3", "--from-block", "0", "--depth", "3", "--json"]
    environment = {**os.environ, "FUSION_HOME": str(tmp_path)}
    for span in ("1", "2", "3"):  # so slow that it is in the middle when it is killed
        process = subprocess.Popen([*command, "--span", span], env=environment, stdout=subprocess.DEVNULL)
        before = _noted(tmp_path)
        while process.poll() is None and _noted(tmp_path) == before:
            time.sleep(0.001)
        process.kill()
        process.wait()

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    head = int(market.rpc.call("eth_blockNumber"), 16)
    filled = json.loads(done.stdout)
    assert (filled["symbol"], filled["last"], filled["unexplained"]) == (SYMBOL, head - 3, 0)
    store = Store(tmp_path / "atom")
    assert held(store) == truth(market, head - 3)
    events = store.read("uniswap_v3", SYMBOL)
    first = events.more["dex_swap"][:1]
    names = ("amount0", "amount1", "sqrt_price", "liquidity")
    assert (*(words.to_ints(first[name])[0] for name in names), int(first["tick"][0])) == SWAPS[0]
    assert first["size0"][0] == -22.68611
    assert words.to_ints(events.more["dex_liquidity"]["liquidity"])[0] == MINT[0]


def _noted(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (home / "atom" / "onchain").glob("*.json"))


def test_a_reorganisation_of_what_is_not_deep_changes_nothing_that_is_kept(market: Anvil, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(4):
        swap(market, number)
    of = Backfill(market.rpc, store, Swaps(market.rpc, "uniswap_v3", bare_pool.POOL), depth=5)
    last = of.run(0).last
    assert held(store) == truth(market, last)
    market.reorg(4)  # the swaps of these blocks are gone
    mint(market)
    market.mine(6)
    last = of.run(0).last
    assert held(store) == truth(market, last)

    market.reorg(40)

    with pytest.raises(FusionError, match=f"block {last} is another than when USDC-WETH"):
        of.run(0)
