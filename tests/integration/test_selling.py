"""Every way to sell, and what each does to the money, on a real chain."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.module_registry import ModuleRegistered, Published
from fusion.chain.bindings.types import Access, Offer, Sells, Split, VersionTerms
from fusion.chain.contracts import MockUSD
from fusion.chain.deployment import MUSD
from fusion.errors import BadInput, ContractRefused
from fusion.market import licenses, payout, trade
from fusion.market.splits import NOBODY, WHOLE

PRICE = 20 * MUSD
NET = PRICE - PRICE * 250 // 10_000  # less the protocolFee
HOUR = 3_600


@pytest.fixture
def version(deployed) -> int:
    return published(deployed, "author")


def published(deployed, name: str, *, upstreams: dict[int, int] | None = None) -> int:
    """A version by that account, which pays the upstreams these parts per million."""
    chain, author = deployed.chain, deployed[name]
    module = chain.send(author, chain.registry.register_module(f"m{chain.registry.module_count()}"))
    digest = bytes([chain.registry.version_count() + 1]) * 32
    terms = VersionTerms(digest, digest, Access.OPEN, 0, "1.0.0")
    paid = upstreams or {}
    rows = [Split(author.address, 0, WHOLE - sum(paid.values()))]
    rows += [Split(NOBODY, upstream, ppm) for upstream, ppm in sorted(paid.items())]
    call = chain.registry.publish(module.event(ModuleRegistered).module_id, terms, rows)
    return chain.send(author, call).event(Published).version_id


@pytest.fixture
def offered(deployed, version: int) -> Callable[..., int]:
    def offer(**terms: Any) -> int:
        return trade.set_offer(deployed.chain, deployed["author"], replace(licenses_of(deployed, version), **terms))[0]

    return offer


def licenses_of(deployed, version: int) -> Offer:
    """An offer of nothing but licenses for ever."""
    return Offer(deployed.chain.token.address, version, 0, PRICE, 0, 0, 0, 0, Sells.LICENSES)


def owed(deployed, name: str) -> int:
    token = deployed.chain.token.address
    return int(deployed.chain.ledger.claimable(deployed[name].address, token))


def test_a_license_for_ever_cannot_be_renewed_or_returned(deployed, offered) -> None:
    chain, buyer = deployed.chain, deployed["buyer"]
    bought = trade.buy(chain, buyer, offered()).license_id
    found = licenses.holding(chain, bought)
    assert (found.valid, found.refundable, found.refusal, found.renewal) == (True, False, "it lasts for ever", None)
    with pytest.raises(BadInput, match=f"license {bought} cannot be renewed: it lasts for ever"):
        licenses.renew(chain, buyer, bought)
    with pytest.raises(BadInput, match="cannot be returned"):
        licenses.refund(chain, buyer, bought)


def test_a_subscription_ends_and_is_renewed_by_anyone_at_the_present_price(deployed, offered, version: int) -> None:
    chain, buyer, ann = deployed.chain, deployed["buyer"], deployed["ann"]
    offer = offered(duration=HOUR)
    bought = trade.buy(chain, buyer, offer).license_id
    deployed.anvil.advance(HOUR)
    assert trade.valid_license(chain, buyer.address, version) is None
    dearer = Offer(chain.token.address, version, HOUR, PRICE + 1, 0, 0, 0, 0, Sells.LICENSES)
    trade.set_offer(chain, deployed["author"], dearer, offer)

    with pytest.raises(BadInput, match=r"price too low: renewing license 1 costs 20\.000001, you would pay at most 20"):
        licenses.renew(chain, ann, bought, max_price=PRICE)
    renewed, receipts = licenses.renew(chain, ann, bought)
    assert (renewed.price, renewed.payer, len(receipts)) == (PRICE + 1, ann.address, 2)
    assert chain.token.allowance(ann.address, chain.market.address) == 0
    assert trade.valid_license(chain, buyer.address, version) == bought
    assert renewed.expiry == chain.now() + HOUR

    trade.set_offer(chain, deployed["author"], replace(dearer, sells=Sells.NOTHING), offer)
    with pytest.raises(BadInput, match="its offer sells no licenses now"):
        licenses.renew(chain, ann, bought)


def test_a_trial_holds_the_price_until_it_is_returned_or_released(deployed, offered, version: int) -> None:
    chain, author, buyer = deployed.chain, deployed["author"], deployed["buyer"]
    offer = offered(trial=HOUR, duration=2 * HOUR)
    returned, kept = (trade.buy(chain, buyer, offer).license_id for _ in range(2))
    assert licenses.held_by(chain, buyer.address) == [returned, kept]
    income = payout.income(chain, author.address)
    assert [(each.license_id, each.price) for each in income.trials] == [(returned, PRICE), (kept, PRICE)]
    assert (income.due, income.unsettled) == (0, {})
    assert licenses.holding(chain, kept).refusal == "its trial is not over: use it, or wait for the trial's end"

    with pytest.raises(BadInput, match=f"license {returned} is held by {buyer.address}, who alone can return it"):
        licenses.refund(chain, author, returned)
    assert licenses.refund(chain, buyer, returned)[0] == PRICE
    assert owed(deployed, "buyer") == PRICE
    assert licenses.held_by(chain, buyer.address) == [kept]
    with pytest.raises(BadInput, match=f"license {returned} was returned, and is no more"):
        licenses.holding(chain, returned)

    with pytest.raises(BadInput, match=r"the trial of license 2 goes on for \d+ s"):
        licenses.release(chain, author, kept)
    deployed.anvil.advance(HOUR)
    with pytest.raises(BadInput, match="it has no trial, or that is over"):
        licenses.refund(chain, buyer, kept)
    assert len(payout.settle_for(chain, author, author.address)) == 2  # the release, then the settlement
    assert payout.claim(chain, author).amount == NET
    with pytest.raises(BadInput, match="nothing of license 2 is held"):
        licenses.release(chain, author, kept)


def test_a_trial_that_another_released_meanwhile_does_not_stop_a_claim(
    deployed, offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, author, buyer = deployed.chain, deployed["author"], deployed["buyer"]
    bought = trade.buy(chain, buyer, offered(trial=HOUR)).license_id
    (trial,) = payout.income(chain, author.address).trials
    deployed.anvil.advance(HOUR)
    licenses.release(chain, buyer, bought)
    monkeypatch.setattr(payout, "_trials", lambda *_: [trial])
    assert len(payout.settle_for(chain, author, author.address)) == 1


def test_only_the_stable_token_is_counted(deployed, offered, version: int) -> None:
    chain, author, buyer = deployed.chain, deployed["author"], deployed["buyer"]
    other = MockUSD(chain, str(deploy_token(deployed)))
    allowed = chain.ledger.allow_token(other.address, allowed=True)
    chain.send(deployed["deployer"], chain.manager.execute(allowed.to, allowed.data))
    for trial in (0, HOUR):
        terms = Offer(other.address, version, 0, PRICE, 0, trial, 0, 0, Sells.LICENSES)
        offer, _ = trade.set_offer(chain, author, terms)
        chain.send(buyer, other.mint(buyer.address, PRICE))
        chain.send(buyer, other.approve(chain.market.address, PRICE))
        chain.send(buyer, chain.market.purchase(offer, buyer.address, PRICE, version, NOBODY))
    splits = payout.published(chain, version).splits
    chain.send(author, chain.ledger.settle(version, other.address, list(splits)))
    chain.send(author, chain.ledger.claim([other.address], author.address))
    assert other.balance_of(author.address) == NET
    assert payout.income(chain, author.address) == payout.Income(0, 0, {}, 0, ())


def deploy_token(deployed) -> object:
    raw, _ = deployed.chain._sender.send(deployed["ann"], {"data": MockUSD.creation(), "value": 0}, timeout=30)
    return raw["contractAddress"]


def test_a_free_license_costs_nothing_and_pays_nobody(deployed, offered, version: int) -> None:
    chain, buyer = deployed.chain, deployed["buyer"]
    before = chain.token.balance_of(buyer.address)
    bought = trade.buy(chain, buyer, offered(price=0))
    assert (bought.price, chain.token.balance_of(buyer.address)) == (0, before)
    assert trade.valid_license(chain, buyer.address, version) == bought.license_id


def test_a_referrer_is_paid_out_of_the_price(deployed, offered) -> None:
    chain, author = deployed.chain, deployed["author"]
    trade.buy(chain, deployed["buyer"], offered(referral_bps=1_000), referrer=deployed["ann"].address)
    assert owed(deployed, "ann") == PRICE // 10
    assert payout.income(chain, author.address).due == NET - PRICE // 10


def test_a_token_that_does_not_tell_its_domain_is_signed_for_by_its_separator(
    deployed, offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> None:
        raise ContractRefused("no such function", error="Error")

    chain, buyer = deployed.chain, deployed["buyer"]
    monkeypatch.setattr(MockUSD, "eip712_domain", refuse)
    sent = transactions(deployed, buyer)
    trade.buy(chain, buyer, offered())
    trade.buy_authorized(chain, buyer, offered())
    assert transactions(deployed, buyer) == sent + 2

    monkeypatch.setattr(MockUSD, "domain_separator", lambda _: bytes(32))
    offer = offered()
    with pytest.raises(BadInput, match="does not tell what its signatures are for: nothing was signed"):
        trade.buy_authorized(chain, buyer, offer)
    trade.buy(chain, buyer, offer)
    assert transactions(deployed, buyer) == sent + 4, "the price is allowed, then the license bought"
    assert chain.token.allowance(buyer.address, chain.market.address) == 0


def test_what_was_allowed_before_needs_no_permit(deployed, offered, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, buyer = deployed.chain, deployed["buyer"]
    chain.send(buyer, chain.token.approve(chain.market.address, PRICE))
    monkeypatch.setattr("fusion.market.trade.sign_permit", None)
    assert trade.buy(chain, buyer, offered()).price == PRICE


def transactions(deployed, account: Account) -> int:
    return int(deployed.anvil.rpc.call("eth_getTransactionCount", account.address, "latest"), 16)


def test_an_authorization_is_sent_by_another_and_the_buyer_needs_no_ether(deployed, offered, version: int) -> None:
    chain, ann = deployed.chain, deployed["ann"]
    poor = Account.random()
    chain.send(ann, chain.token.mint(poor.address, PRICE))
    offer = offered()
    bought = trade.buy_authorized(chain, poor, offer, submitter=ann)
    assert (bought.price, chain.token.balance_of(poor.address), chain.balance(poor.address)) == (PRICE, 0, 0)
    assert chain.market.owner_of(bought.license_id) == poor.address
    with pytest.raises(BadInput, match=r"holds 0\.00, offer 1 costs 20\.00; fund it first"):
        trade.buy_authorized(chain, poor, offer, submitter=ann)


def test_a_license_is_bought_for_another(deployed, offered, version: int) -> None:
    chain, ann, bob = deployed.chain, deployed["ann"].address, deployed["bob"].address
    offer = offered()
    first = trade.buy(chain, deployed["buyer"], offer, recipient=ann).license_id
    second = trade.buy_authorized(chain, deployed["buyer"], offer, recipient=bob).license_id
    assert trade.valid_license(chain, ann, version) == first
    assert trade.valid_license(chain, bob, version) == second


def test_an_offer_of_runs_or_nothing_sells_no_license(deployed, offered, version: int) -> None:
    chain, buyer = deployed.chain, deployed["buyer"]
    runs, nothing = offered(per_run_price=1, sells=Sells.RUNS), offered(sells=Sells.NOTHING)
    with pytest.raises(BadInput, match="offer 1 sells single runs alone"):
        trade.buy(chain, buyer, runs)
    with pytest.raises(BadInput, match="offer 2 sells nothing now"):
        trade.buy(chain, buyer, nothing)
    with pytest.raises(BadInput, match="there is no offer 3; offers here are 1 to 2"):
        trade.buy(chain, buyer, 3)


def test_a_card_is_drawn_by_the_chain(deployed, offered) -> None:
    chain = deployed.chain
    bought = trade.buy(chain, deployed["buyer"], offered()).license_id
    assert licenses.card(chain, bought).startswith(b"<svg ")
    with pytest.raises(BadInput, match="there is no license 2; licenses here are 1 to 1"):
        licenses.card(chain, 2)


def test_what_is_owed_upstream_is_settled_at_once_and_claimed_for_its_owner(deployed) -> None:
    """A diamond: cyd builds on ann and bob, who both build on the author."""
    chain, author = deployed.chain, deployed["author"]
    base = published(deployed, "author")
    left = published(deployed, "ann", upstreams={base: 100_000})
    right = published(deployed, "bob", upstreams={base: 200_000})
    top = published(deployed, "cyd", upstreams={left: 300_000, right: 200_000})
    aside = published(deployed, "cyd")
    for version in (top, left, aside):
        offer, _ = trade.set_offer(chain, deployed["cyd" if version != left else "ann"], licenses_of(deployed, version))
        trade.buy(chain, deployed["buyer"], offer)

    income = payout.income(chain, author.address)
    to_left, to_right = NET * 300_000 // WHOLE, NET * 200_000 // WHOLE
    due = (NET + to_left) * 100_000 // WHOLE + to_right * 200_000 // WHOLE
    assert income.unsettled == {top: NET, left: NET + to_left, right: to_right, base: due}
    assert income.due == due

    assert len(payout.settle_for(chain, deployed["buyer"], author.address)) == 1
    assert owed(deployed, "author") == due
    assert chain.ledger.settled(aside, chain.token.address) == 0, "what pays the author nothing is left alone"
    assert payout.settle_for(chain, deployed["buyer"], author.address) == []

    before = chain.token.balance_of(author.address)
    assert payout.claim_for(chain, deployed["buyer"], author.address).amount == due
    assert chain.token.balance_of(author.address) == before + due
    assert payout.claim_for(chain, deployed["buyer"], author.address).receipt is None


def test_an_offer_that_is_anothers_cannot_be_changed(deployed, offered, version: int) -> None:
    terms = Offer(deployed.chain.token.address, version, 0, 1, 0, 0, 0, 0, Sells.LICENSES)
    with pytest.raises(ContractRefused, match="NotAuthor"):
        trade.set_offer(deployed.chain, deployed["ann"], terms, offered())
