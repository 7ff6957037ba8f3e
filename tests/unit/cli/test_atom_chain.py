"""`fusion atom chain`, as a user types it, and imports of what chains recorded."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.atom import app
from fusion.errors import BadInput
from tests.unit.atom.onchain import plain_logs as made


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))

    def runs(*words):
        result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
        assert result.exit_code == 0
        return result.stdout

    return runs


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return made.write(
        tmp_path / "logs",
        made.swap_v3(5, -7, root=9 << 96, liquidity=100, tick=3),
        made.log(made.MINT_V3, [made.ALICE, 2, 4], [made.BOB, 11, 5, 6], index=1),
        made.log(made.MINT_V3, [made.ALICE, 4, 8], [made.BOB, 11, 5, 0], index=2),
    )


def test_an_import_has_the_keys_of_any_venue(run, logs: Path) -> None:
    (row,) = json.loads(run("import", "--venue", "uniswap_v3", logs, "--json"))
    assert row == {
        "symbol": made.POOL,
        "messages": 3,
        "unexplained": 0,
        "events": 3,
        "trades": 1,
        "gaps": 0,
        "checksums_ok": 0,
        "checksums_bad": 0,
        "crossed": 0,
        "unknown_deletes": 0,
        "best_bid": None,
        "best_ask": None,
    }
    assert made.POOL in run("ls")


def test_ticks_are_csv_or_json(run, logs: Path) -> None:
    told = list(csv.DictReader(run("chain", "ticks", logs).splitlines()))
    assert [row["tx_type"] for row in told] == ["SWAP", "MINT", "MINT"]
    # in range it is on top of the liquidity after the swap, out of range it is not
    assert [row["total_liquidity"] for row in told] == ["100", "111", "100"]
    assert [row["current_tick"] for row in told] == ["3", "3", "3"]
    assert told[0]["block_timestamp"] == "2024-01-05 00:00:23"
    assert json.loads(run("chain", "ticks", logs, "--json"))[0]["sqrtPriceX96"] == 9 << 96


def test_glp_is_shown_beside_what_the_source_tells(run, shared_data: Path) -> None:
    path = shared_data / "onchain" / "gmx_v1_avalanche_2024-10-15.csv.xz"
    rows = json.loads(run("chain", "glp", path, "--rows", "1440", "--json"))
    assert len(rows) == 1440
    assert all(row["price"] == row["told_price"] for row in rows)
    tokens = json.loads(run("chain", "glp", path, "--tokens", "--rows", "7", "--json"))
    assert sorted(row["token"] for row in tokens) == ["btc.b", "mim", "usdc", "usdc.e", "wavax", "wbtc", "weth"]


def test_what_cannot_be_is_refused(run, logs: Path, tmp_path: Path) -> None:
    two = made.write(tmp_path / "two", made.swap_v3(1, 2), made.swap_v3(1, 2, index=1, address=made.ALICE))
    with pytest.raises(BadInput, match="logs of 2 pools"):
        run("chain", "ticks", two)
    with pytest.raises(BadInput, match="--to-block 4 is before --from-block 5"):
        run("chain", "backfill", "--pool", made.POOL, "--venue", "uniswap_v3", "--from-block", 5, "--to-block", 4)
    with pytest.raises(BadInput, match="is no RPC endpoint"):
        run("chain", "pool", "--pool", made.POOL, "--rpc", "nowhere")
