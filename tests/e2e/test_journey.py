"""Journey 1: publish, buy, run, claim. What the demo prints is checked against the chain and the index."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fusion.chain.client import Chain
from fusion.chain.deployment import Deployment
from fusion.market.splits import WHOLE
from tests.e2e.command import Fusion, refused

pytestmark = pytest.mark.e2e

KEYS = {
    "module_id", "version_id", "cid", "purchase_tx", "job_id", "rpc", "graphql", "contracts", "token",
    "results", "paid", "protocol_fee", "credited", "claimed", "gas", "seconds",
}  # fmt: skip


@pytest.fixture(scope="module")
def chain(fusion: Fusion, told: dict[str, Any]) -> Chain:
    return Chain.connect(told["rpc"], Deployment.load(fusion.home / "deployment.json"))


def test_it_tells_what_it_promises(told: dict[str, Any]) -> None:
    assert told.keys() == KEYS
    assert {"publish", "offer", "purchase", "post", "commit", "reveal", "finalize", "settle", "claim"} <= told[
        "gas"
    ].keys()


def test_every_unit_paid_is_credited_and_claimed(told: dict[str, Any]) -> None:
    assert sum(told["credited"].values()) + told["protocol_fee"] == told["paid"]
    assert told["claimed"] == told["credited"]
    assert len(told["credited"]) == 6


def test_three_operators_gave_one_outcome(told: dict[str, Any]) -> None:
    assert len(told["results"]) == 3
    assert len(set(told["results"].values())) == 1
    assert told["results"].keys() < told["credited"].keys()


def test_the_chain_agrees(told: dict[str, Any], chain: Chain) -> None:
    for account, claimed in told["claimed"].items():
        held = chain.token.balance_of(account) + (10_000_000_000 if account in told["results"] else 0)  # stake
        assert held == 100_000_000_000 + claimed
    assert chain.ledger.claimable(chain.ledger.treasury(), told["token"]) == told["protocol_fee"]
    assert chain.ledger.total(told["token"]) == chain.token.balance_of(chain.ledger.address) == told["protocol_fee"]
    receipt = chain.receipt(told["purchase_tx"])
    assert receipt is not None
    assert receipt.status == 1


def test_the_index_agrees(told: dict[str, Any], fusion: Fusion) -> None:
    data = fusion.query(
        f"""{{
          job(id: "{told["job_id"]}") {{ status kind seats {{ operator {{ address }} outcomeHash paid }} }}
          version(id: "{told["version_id"]}") {{ cid module {{ id }} splits {{ ppm account upstream {{ id }} }} }}
          licenses {{ tx price }}
          balances {{ account claimed claimable }}
          _meta {{ block {{ number hash }} }}
        }}"""
    )
    seats = {seat["operator"]["address"]: seat["outcomeHash"] for seat in data["job"]["seats"]}
    assert (data["job"]["status"], data["job"]["kind"], seats) == ("Final", "Result", told["results"])
    assert all(seat["paid"] for seat in data["job"]["seats"])
    assert (data["version"]["cid"], data["version"]["module"]["id"]) == (told["cid"], str(told["module_id"]))
    assert sum(split["ppm"] for split in data["version"]["splits"]) == WHOLE
    assert [license_["tx"] for license_ in data["licenses"]] == [told["purchase_tx"]]
    claimed = {row["account"]: int(row["claimed"]) for row in data["balances"] if int(row["claimed"])}
    assert claimed == told["claimed"]
    assert data["_meta"]["block"]["hash"].startswith("0x")


def test_walking_again_gives_the_same_outcome(told: dict[str, Any], fusion: Fusion) -> None:
    again = fusion.json("demo")
    assert set(again["results"].values()) == set(told["results"].values())
    assert again["job_id"] > told["job_id"]
    assert again["version_id"] == told["version_id"]
    assert sum(again["credited"].values()) + again["protocol_fee"] == again["paid"]


def test_a_developers_tour(told: dict[str, Any], fusion: Fusion, tmp_path: Any) -> None:
    fusion.json("module", "new", "drift", cwd=tmp_path)
    folder = str(tmp_path / "drift")
    assert fusion.json("module", "test", folder)["sound"] is True
    published = fusion.json("module", "publish", folder, "--as", "ada", "--min-royalty", "5%")
    version = str(published["version"])
    offer = fusion.json("module", "offer", version, "--as", "ada", "--price", "12.5", "--per-run", "0.1")
    bought = fusion.json("license", "buy", str(offer["offer"]), "--as", "you", "--max-price", "12.5")
    assert bought["paid"] == 12_500_000
    ran = fusion.json("module", "run", version, "--as", "you", "--set", "window=20")
    assert ran["outcome"] == "Result"
    per_run = fusion.json("module", "run", version, "--as", "ben", "--per-run", str(offer["offer"]))
    assert per_run["outcome"] == "Result"
    claimed = fusion.json("revenue", "claim", "--as", "ada")["claimed"]
    assert claimed == (12_500_000 + 100_000) * 975 // 1000
    assert fusion.json("module", "show", version)["offers"][0]["price"] == 12_500_000


def test_the_index_equals_a_replay(told: dict[str, Any], fusion: Fusion, tmp_path: Any) -> None:
    """A second index, built from the first block, has the same tables."""
    database = f"sqlite:///{tmp_path / 'replay.sqlite'}"
    replay = fusion("indexer", "follow", "--once", FUSION_DATABASE=database)
    assert replay.returncode == 0, replay.stderr
    assert fusion.json("indexer", "hash", FUSION_DATABASE=database)["hash"] == fusion.json("indexer", "hash")["hash"]


def test_output_is_json_where_programs_read(told: dict[str, Any], fusion: Fusion) -> None:
    for arguments in (["operator", "status"], ["account", "list"], ["doctor"], ["atom", "show"]):
        done = fusion(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)


def test_a_challenge_that_no_panel_could_hear_is_told(told: dict[str, Any], fusion: Fusion) -> None:
    """All three operators sit in the job; the challenge waits until it is proposed."""
    jobs = len(fusion.json("job", "list"))
    with ThreadPoolExecutor(1) as pool:
        ran = pool.submit(fusion.json, "module", "run", "3", "--as", "you")
        while len(fusion.json("job", "list")) == jobs:
            assert not ran.done(), ran.result()
        said = refused(fusion, "job", "challenge", str(jobs + 1), "--as", "you")
        assert "a panel takes 3 operators who had no part in it, and 0 are left" in said
        assert ran.result()["outcome"] == "Result"
