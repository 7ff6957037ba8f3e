"""Who may do what to a deployment, how long it waits, and what goes on whatever anyone does."""

from collections.abc import Callable
from typing import Any

import pytest

from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.authority import ADMIN, GUARDIAN, Roles
from fusion.chain.bindings.access_manager import OperationScheduled
from fusion.chain.bindings.job_market import Posted
from fusion.chain.bindings.license_market import OfferSet
from fusion.chain.bindings.module_registry import ModuleRegistered, Published
from fusion.chain.bindings.types import Access, JobTerms, Offer, Sells, Split, Status, VersionTerms
from fusion.chain.client import Chain
from fusion.chain.contract import Call, selector
from fusion.chain.deployment import MUSD, deploy
from fusion.chain.governance import Holder, allowed_tokens, carry_out, holders, operations
from fusion.errors import BadInput, ContractRefused

DELAY = 3600
WEEK = 7 * 24 * 3600
PRICE = 20 * MUSD
NOBODY = "0x" + "00" * 20


class Governed:
    """A deployment that was handed over, and everyone around it."""

    def __init__(self, anvil: Anvil) -> None:
        self.anvil = anvil
        names = ("deployer", "admin", "guardian", "treasury", "author", "buyer", "operator")
        self.accounts = {name: Account.random() for name in names}
        for account in self.accounts.values():
            anvil.fund(account.address)
        roles = Roles(self["admin"].address, self["guardian"].address, DELAY)
        made = deploy(anvil.url, self["deployer"], treasury=self["treasury"].address, roles=roles)
        self.chain = Chain.connect(anvil.url, made)

    def __getitem__(self, name: str) -> Account:
        return self.accounts[name]

    def send(self, name: str, call: Call) -> Any:
        return self.chain.send(self[name], call)

    def refused(self, name: str, call: Call) -> str:
        """The error that the call is refused with."""
        with pytest.raises(ContractRefused) as caught:
            self.chain.simulate(self[name], call)
        return caught.value.error

    def scheduled(self, call: Call) -> Call:
        return self.chain.manager.schedule(call.to, call.data, 0)

    def executed(self, call: Call) -> Call:
        return self.chain.manager.execute(call.to, call.data)


@pytest.fixture
def governed(anvil: Anvil) -> Governed:
    return Governed(anvil)


def admins_calls(chain: Chain) -> list[Call]:
    """Every call that waits."""
    manager, someone = chain.manager, chain.token.address
    return [
        chain.ledger.allow_token(someone, allowed=False),
        chain.ledger.set_protocol_fee(500),
        chain.market.unpause(),
        chain.jobs.unpause(),
        chain.searches.unpause(),
        chain.windows.list_recorder(someone, listed=True),
        manager.grant_role(ADMIN, someone, 0),
        manager.revoke_role(GUARDIAN, someone),
        manager.set_target_function_role(chain.ledger.address, [selector("allowToken(address,bool)")], GUARDIAN),
        manager.set_target_closed(chain.ledger.address, closed=True),
        manager.set_target_admin_delay(chain.ledger.address, 1),
        manager.set_role_admin(GUARDIAN, GUARDIAN),
        manager.set_role_guardian(GUARDIAN, GUARDIAN),
        manager.set_grant_delay(GUARDIAN, 1),
        manager.label_role(GUARDIAN, "x"),
        manager.update_authority(chain.ledger.address, someone),
    ]


def test_nobody_but_the_admin_may_govern(governed: Governed) -> None:
    for call in admins_calls(governed.chain):
        for name in ("deployer", "guardian", "treasury", "author"):
            error = governed.refused(name, call)
            assert error in ("AccessManagedUnauthorized", "AccessManagerUnauthorizedAccount"), (name, call.name)
            assert governed.refused(name, governed.scheduled(call)) == "AccessManagerUnauthorizedCall"
            assert governed.refused(name, governed.executed(call)).startswith("AccessManagerUnauthorized")


def test_the_admin_cannot_go_round_its_delay(governed: Governed) -> None:
    for call in admins_calls(governed.chain):
        assert governed.refused("admin", call) == "AccessManagerNotScheduled", call.name
        assert governed.refused("admin", governed.executed(call)) == "AccessManagerNotScheduled"
        sooner = governed.chain.manager.schedule(call.to, call.data, governed.chain.now() + DELAY // 2)
        assert governed.refused("admin", sooner) == "AccessManagerUnauthorizedCall"
        governed.send("admin", governed.scheduled(call))
        assert governed.refused("admin", governed.executed(call)) == "AccessManagerNotReady"
    governed.anvil.advance(DELAY - 60)
    for call in admins_calls(governed.chain):
        assert governed.refused("admin", governed.executed(call)) == "AccessManagerNotReady"


def test_shortening_the_delay_takes_the_delay_and_the_difference(governed: Governed) -> None:
    chain, admin = governed.chain, governed["admin"]
    shorter = chain.manager.grant_role(ADMIN, admin.address, 1)
    governed.send("admin", governed.scheduled(shorter))
    governed.anvil.advance(DELAY)
    governed.send("admin", governed.executed(shorter))

    assert chain.manager.has_role(ADMIN, admin.address) == (True, DELAY)
    governed.anvil.advance(DELAY - 60)
    assert chain.manager.has_role(ADMIN, admin.address) == (True, DELAY)
    governed.anvil.advance(60)
    assert chain.manager.has_role(ADMIN, admin.address) == (True, 1)


def test_what_is_scheduled_can_be_cancelled_and_lapses_after_a_week(governed: Governed) -> None:
    chain, admin = governed.chain, governed["admin"]
    call = chain.ledger.set_protocol_fee(500)
    governed.send("admin", governed.scheduled(call))
    assert [each.function for each in operations(chain)] == ["RevenueLedger.setProtocolFee"]
    governed.send("admin", chain.manager.cancel(admin.address, call.to, call.data))
    assert operations(chain) == []

    governed.send("admin", governed.scheduled(call))
    governed.anvil.advance(DELAY + WEEK + 1)
    assert operations(chain) == []
    assert governed.refused("admin", governed.executed(call)) == "AccessManagerExpired"


def test_a_governed_call_is_taken_step_by_step(governed: Governed) -> None:
    chain, admin, guardian = governed.chain, governed["admin"], governed["guardian"]
    governed.send("guardian", chain.market.pause())
    call = chain.market.unpause()

    first = carry_out(chain, admin, call)
    assert first.state == "scheduled"
    assert first.when == chain.find(OperationScheduled)[0].schedule == chain.now() + DELAY
    assert [(each.function, each.when) for each in operations(chain)] == [("LicenseMarket.unpause", first.when)]
    second = carry_out(chain, admin, call)
    assert (second.state, second.when, second.tx) == ("waiting", first.when, "")
    governed.anvil.advance(DELAY)
    assert carry_out(chain, admin, call).state == "done"
    assert not chain.market.paused()
    assert operations(chain) == []

    with pytest.raises(
        BadInput, match=rf"may not call LicenseMarket.unpause: that is the admin's, which is {admin.address}"
    ):
        carry_out(chain, guardian, call)
    with pytest.raises(BadInput, match=rf"LicenseMarket.pause: that is the guardian's, which is {guardian.address}"):
        carry_out(chain, admin, chain.market.pause())


def test_operations_of_other_calls_are_named_by_their_first_bytes(governed: Governed) -> None:
    call = governed.chain.manager.label_role(7, "seven")
    governed.send("admin", governed.scheduled(call))
    assert [each.function for each in operations(governed.chain)] == ["0x" + call.data[:4].hex()]


def test_a_role_of_a_number_of_its_own_is_told(governed: Governed) -> None:
    chain, author = governed.chain, governed["author"]
    call = chain.manager.grant_role(7, author.address, 0)
    assert carry_out_governing(governed, call) == "done"
    assert holders(chain)["role 7"] == [Holder(author.address, 0)]


def carry_out_governing(governed: Governed, call: Call) -> str:
    assert carry_out(governed.chain, governed["admin"], call).state == "scheduled"
    governed.anvil.advance(DELAY)
    return carry_out(governed.chain, governed["admin"], call).state


def test_a_higher_fee_waits_for_the_admin_and_then_for_the_ledger(governed: Governed) -> None:
    chain = governed.chain
    delay = chain.ledger.fee_delay()
    assert carry_out_governing(governed, chain.ledger.set_protocol_fee(500)) == "done"
    assert chain.ledger.protocol_fee_bps() == 250
    governed.anvil.advance(delay)
    assert chain.ledger.protocol_fee_bps() == 500

    # Lower at once; above the cap never.
    assert carry_out_governing(governed, chain.ledger.set_protocol_fee(0)) == "done"
    assert chain.ledger.protocol_fee_bps() == 0
    high = chain.ledger.set_protocol_fee(501)
    carry_out(chain, governed["admin"], high)
    governed.anvil.advance(DELAY)
    with pytest.raises(ContractRefused, match=r"FeeTooHigh\(bps=501\)"):
        carry_out(chain, governed["admin"], high)


class Business:
    """A sale on trial, a sale that was paid for, a job that was posted, and stake that is asked back: all under way."""

    def __init__(self, governed: Governed) -> None:
        self.governed, self.chain = governed, governed.chain
        chain, author, buyer, operator = self.chain, governed["author"], governed["buyer"], governed["operator"]
        for name in ("author", "buyer", "operator"):
            governed.send(name, chain.token.mint(governed[name].address, 100_000 * MUSD))
            for taker in (chain.market, chain.jobs, chain.staking, chain.pool):
                governed.send(name, chain.token.approve(taker.address, 2**255))
        module = governed.send("author", chain.registry.register_module("ema")).event(ModuleRegistered).module_id
        terms = VersionTerms(bytes(31) + b"1", bytes(31) + b"1", Access.OPEN, 0, "1.0.0")
        self.splits = [Split(author.address, 0, 1_000_000)]
        published = governed.send("author", chain.registry.publish(module, terms, self.splits))
        self.version = published.event(Published).version_id
        self.offer = self.offered(trial=0)
        self.trial = self.offered(trial=DELAY)
        for offer in (self.offer, self.trial, self.trial):
            governed.send("buyer", self.purchase(offer))
        governed.send("operator", chain.staking.register("http://127.0.0.1:1"))
        governed.send("operator", chain.staking.stake(3_000 * MUSD))
        governed.send("operator", chain.staking.request_unbond(1_000 * MUSD))
        self.job = governed.send("buyer", self.post()).event(Posted).job_id
        assert (buyer.address, operator.address) == (chain.market.owner_of(1), chain.staking.operator_at(0))

    def offered(self, *, trial: int) -> int:
        terms = Offer(self.chain.token.address, self.version, 30 * 24 * 3600, PRICE, 0, trial, 0, 0, Sells.LICENSES)
        return int(self.governed.send("author", self.chain.market.set_offer(0, terms)).event(OfferSet).offer_id)

    def purchase(self, offer: int) -> Call:
        return self.chain.market.purchase(offer, self.governed["buyer"].address, PRICE, self.version, NOBODY)

    def post(self) -> Call:
        terms = JobTerms(self.version, 1, 0, 0, MUSD, 0, 10**10, 0, 3, 2)
        return self.chain.jobs.post(terms, b"\xa0")


def test_a_pause_stops_sales_and_jobs_and_never_a_claim_a_refund_or_a_withdrawal(governed: Governed) -> None:
    business, chain, token = Business(governed), governed.chain, governed.chain.token.address
    buyer, author, operator = (governed[name].address for name in ("buyer", "author", "operator"))

    governed.send("guardian", chain.market.pause())
    governed.send("guardian", chain.jobs.pause())

    assert governed.refused("buyer", business.purchase(business.offer)) == "IsPaused"
    assert governed.refused("buyer", chain.market.renew(1, PRICE)) in ("IsPaused", "NotRenewable")
    assert governed.refused("buyer", business.post()) == "IsPaused"

    goes_on: list[tuple[str, Callable[[], Call]]] = [
        ("buyer", lambda: chain.market.refund(2)),
        ("buyer", lambda: chain.ledger.claim([token], buyer)),
        ("author", lambda: chain.ledger.settle(business.version, token, business.splits)),
        ("buyer", lambda: chain.ledger.claim_for(author, [token])),
        ("treasury", lambda: chain.ledger.claim([token], governed["treasury"].address)),
        ("operator", lambda: chain.staking.request_unbond(500 * MUSD)),
        ("operator", lambda: chain.staking.stake(500 * MUSD)),
        ("author", lambda: chain.pool.fund(1)),
    ]
    for name, call in goes_on:
        governed.send(name, call())
    governed.anvil.advance(chain.staking.unbond_period())
    before = chain.token.balance_of(operator)
    governed.send("operator", chain.staking.withdraw())
    assert chain.token.balance_of(operator) == before + 1_500 * MUSD
    governed.send("author", chain.market.release(3))
    governed.send("author", chain.jobs.expire(business.job))
    assert chain.jobs.job(business.job).status is Status.FAILED
    assert chain.ledger.claimable(buyer, token) == MUSD
    governed.send("buyer", chain.ledger.claim([token], buyer))
    assert chain.token.balance_of(buyer) == (100_000 - 2 * 20) * MUSD

    for unpause in (chain.market.unpause(), chain.jobs.unpause()):
        assert carry_out_governing(governed, unpause) == "done"
    governed.send("buyer", business.purchase(business.offer))


def test_a_token_that_is_no_longer_allowed_is_claimed_all_the_same(governed: Governed) -> None:
    business, chain = Business(governed), governed.chain
    token, author = chain.token.address, governed["author"].address
    assert carry_out_governing(governed, chain.ledger.allow_token(token, allowed=False)) == "done"
    assert allowed_tokens(chain) == []

    assert governed.refused("buyer", business.purchase(business.offer)) == "TokenNotAllowed"
    governed.send("author", chain.ledger.settle(business.version, token, business.splits))
    owed = chain.ledger.claimable(author, token)
    before = chain.token.balance_of(author)
    governed.send("author", chain.ledger.claim([token], author))
    assert chain.token.balance_of(author) == before + owed == 100_000 * MUSD + PRICE - PRICE * 250 // 10_000
