"""Every way to sell and to buy, by the command line: what is paid, by whom, and what can be done afterwards."""

from pathlib import Path
from typing import Any

import pytest

from fusion.chain.deployment import MUSD
from tests.e2e.court import Court

pytestmark = pytest.mark.e2e

SOLO = ("--solo", "--fuel", "20000000000")
NET = 975  # of a thousand: what the protocolFee leaves


@pytest.fixture(scope="module")
def version(court: Court, tmp_path_factory: pytest.TempPathFactory) -> int:
    return court.publish(tmp_path_factory.mktemp("modules"), "half", "return bid / 2")


def offered(court: Court, version: int, *terms: str) -> str:
    return str(court.fusion.json("module", "offer", str(version), "--as", "ada", *terms)["offer"])


def bought(court: Court, offer: str, buyer: str, *options: str) -> Any:
    return court.fusion.json("license", "buy", offer, "--as", buyer, *options)


def test_a_subscription_is_shown_renewed_and_drawn(court: Court, version: int, tmp_path: Path) -> None:
    offer = offered(court, version, "--price", "5", "--duration", "30d")
    license_ = str(bought(court, offer, "you", "--max-price", "5")["license"])
    before = court.fusion.json("license", "show", license_)
    assert (before["module"], before["paid"], before["valid"], before["refundable"]) == ("half", 5 * MUSD, True, False)
    assert (before["can_renew"], before["why_not"], before["renewal_price"]) == (True, None, 5 * MUSD)

    offered(court, version, "--offer", offer, "--price", "6")
    renewed = court.fusion.json("license", "renew", license_, "--as", "carol", "--max-price", "6")
    assert (renewed["paid"], renewed["expires"]) == (6 * MUSD, before["expires"] + 30 * 86_400)
    offered(court, version, "--offer", offer, "--withdraw")
    refused = court.fusion("license", "renew", license_, "--as", "you")
    assert (refused.returncode, "its offer sells no licenses now" in refused.stderr) == (2, True)

    held = court.fusion.json("license", "list", "--as", "you")
    assert (held[-1]["license"], held[-1]["expires"]) == (int(license_), renewed["expires"])
    card = tmp_path / "card.svg"
    court.fusion.json("license", "card", license_, "--out", str(card))
    assert card.read_text().startswith("<svg ")


def test_a_trial_is_returned_or_used_and_the_author_is_paid_then(court: Court, version: int) -> None:
    offer = offered(court, version, "--price", "20", "--trial", "1h")
    returned, used = (str(bought(court, offer, "rita")["license"]) for _ in range(2))
    assert len(court.fusion.json("revenue", "show", "--as", "ada")["in_trial"]) == 2

    assert court.fusion.json("license", "refund", returned, "--as", "rita")["owed"] == 20 * MUSD
    assert court.fusion.json("revenue", "claim", "--as", "rita")["claimed"] == 20 * MUSD
    earned = court.fusion.json("revenue", "show", "--as", "ada")
    with court.running(str(version), "--as", "rita", *SOLO) as (job_id, running):
        court.behave(job_id)
        court.final(job_id)
        assert court.ended(running)["outcome"] == "Result"
    refused = court.fusion("license", "refund", used, "--as", "rita")
    assert (refused.returncode, "it was used" in refused.stderr) == (2, True)
    shown = court.fusion.json("revenue", "show", "--as", "ada")
    assert shown["in_trial"] == []
    assert shown["due"] - earned["due"] == 20 * MUSD * NET // 1_000


def test_a_run_is_paid_by_itself_and_a_solo_one_is_labelled_unverified(court: Court, version: int) -> None:
    offer = offered(court, version, "--per-run", "0.50")
    court.fusion.json("revenue", "settle", "--as", "ada")
    before = court.owed("ada")
    with court.running(str(version), "--as", "carol", "--per-run", offer, *SOLO) as (job_id, running):
        court.behave(job_id)
        court.final(job_id)
        ran = court.ended(running)
    assert (ran["outcome"], ran["level"].split(":")[0]) == ("Result", "unverified")
    assert court.fusion.json("job", "show", str(job_id))["level"] == ran["level"]
    assert (job_id, "unverified") in [
        (row["job"], row["level"]) for row in court.fusion.json("job", "list", "--as", "carol")
    ]
    settled = court.fusion.json("revenue", "settle", "--as", "you", "--for", "ada")
    assert settled["claimable"] - before == MUSD // 2 * NET // 1_000
    assert "sells single runs alone" in court.fusion("license", "buy", offer, "--as", "carol").stderr


def test_a_license_that_is_free_and_one_that_pays_a_referrer(court: Court, version: int) -> None:
    assert bought(court, offered(court, version, "--free"), "poor")["paid"] == 0
    before = court.owed("rita")
    offer = offered(court, version, "--price", "10", "--referral", "10%")
    bought(court, offer, "you", "--referrer", "rita")
    assert court.owed("rita") - before == MUSD


def test_a_buyer_without_ether_signs_and_another_sends(court: Court, version: int) -> None:
    offer = offered(court, version, "--price", "3")
    poor, chain = court.keys["poor"].address, court.chain
    chain.send(court.keys["you"], chain.token.transfer(poor, 3 * MUSD))
    court.anvil.fund(poor, wei=0)
    paid = bought(court, offer, "poor", "--submit-as", "carol")
    assert paid["paid"] == 3 * MUSD
    assert chain.market.owner_of(paid["license"]) == poor
    assert (chain.token.balance_of(poor), chain.balance(poor)) == (0, 0)


def test_what_is_earned_is_claimed_for_its_owner_by_anyone(court: Court, version: int) -> None:
    court.fusion.json("revenue", "settle", "--as", "carol", "--for", "ada")
    owed, held = court.owed("ada"), court.chain.token.balance_of(court.keys["ada"].address)
    assert owed > 0
    assert court.fusion.json("revenue", "claim", "--as", "carol", "--for", "ada")["claimed"] == owed
    assert court.chain.token.balance_of(court.keys["ada"].address) == held + owed
