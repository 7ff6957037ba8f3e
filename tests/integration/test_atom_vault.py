"""The past of GMX v1's pool from a real node: each state as the contracts told it at its block."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from atom.metrics.glp import glp_metrics
from atom.onchain import words
from atom.onchain.backfill import Backfill
from atom.onchain.vault import Vault
from atom.store import Store
from fusion.chain.anvil import CHAIN_ID, Anvil
from fusion.errors import BadInput
from tests.integration import bare_vault as bare

E30 = 10**30
USDC = {"whitelisted": 1, "stable": 1, "weight": 46000, "price": E30, "pool": 7052176922713, "reserved": 88049628038}
WAVAX = {  # both as they were in a minute of Avalanche's pool
    "whitelisted": 1,
    "weight": 10000,
    "price": 29070000000000000000000000000000,
    "pool": 60890651560544760268820,
    "reserved": 22140694578199494597468,
    "guaranteed": 473292505644999365269171129985690712,
    "usdg": 1436519617913633284820943,
    "short_size": 87448440970461863137728699611711530,
    "short_average": 29008619787775823609248947503613,
}


def tell(anvil: Anvil, supply: int, price: int) -> int:
    """Puts a state; returns what the pool is worth then."""
    for token, told in ((bare.USDC, USDC), (bare.WAVAX, {**WAVAX, "price": price})):
        for name, value in told.items():
            contract, signature = bare.CALLS[name]
            bare.put(anvil, contract, signature, value, int(token, 16))
    lost = WAVAX["short_size"] * (price - WAVAX["short_average"]) // WAVAX["short_average"]
    free = (WAVAX["pool"] - WAVAX["reserved"]) * price // 10**18
    aum = USDC["pool"] * E30 // 10**6 + lost + WAVAX["guaranteed"] + free
    bare.put(anvil, bare.MANAGER, "getAum(bool)", aum, 1)
    bare.put(anvil, bare.MANAGER, "getPrice(bool)", aum * 10**18 // supply, 1)
    bare.put(anvil, bare.GLP, "totalSupply()", supply)
    bare.put(anvil, bare.USDG, "totalSupply()", 3 * 10**24)
    return aum


@pytest.fixture
def market(anvil: Anvil) -> Anvil:
    anvil.mine(9)  # before there was a pool
    bare.install(anvil)
    return anvil


def test_states_are_those_of_their_blocks(market: Anvil, tmp_path: Path) -> None:
    worth = []
    for number in range(3):
        worth.append(tell(market, (10 + number) * 10**24, WAVAX["price"] + number * E30))
        market.mine(10)
    command = [sys.executable, "-m", "cli", "atom", "chain", "backfill", "--rpc", market.url, "--pool", bare.MANAGER]
    command += ["--venue", "gmx_v1", "--from-block", "3", "--depth", "2", "--every", "10", "--json"]
    environment = {**os.environ, "FUSION_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["logs"] == 3

    rows = Store(tmp_path / "atom").read("gmx_v1", f"GLP@{CHAIN_ID}").more["pool_state"]

    assert rows["sequence"].tolist() == [10, 10, 20, 20, 30, 30]
    assert rows["token"].tolist() == [b"USDC", b"WAVAX"] * 3
    assert words.to_ints(rows["short_average"])[1] == WAVAX["short_average"]
    assert words.to_ints(rows["aum"][1::2]) == worth
    told = glp_metrics(rows)
    assert told.pool["aum"].tolist() == [each / E30 for each in worth]  # from the parts
    assert told.pool["price"] == pytest.approx(rows["told_price"][1::2], rel=1e-15)
    # what is kept is not asked for again, and later blocks are caught up with
    market.mine(10)
    of = Backfill(market.rpc, Store(tmp_path / "atom"), Vault(market.rpc, bare.MANAGER, every=10), depth=2)
    filled = of.run(3)
    assert (filled.blocks, filled.logs) == (10, 1)


def test_another_contract_is_no_pool(market: Anvil) -> None:
    for address in (bare.VAULT, "0x" + "77" * 20, "0x12"):
        with pytest.raises(BadInput, match=r"no GlpManager|no address"):
            Vault(market.rpc, address)
