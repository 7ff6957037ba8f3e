"""RevenueLedger: income settles exactly in any order, claims are pulled, the protocolFee is capped and delayed."""

from brownie import chain
from conftest import FEE_BPS, FEE_DELAY, NOBODY, PRICE, refused

NET = PRICE - PRICE * FEE_BPS // 10_000


def chain_of_three(house, people):
    """Cyd builds on Ben, who builds on Ada. Offers and tables, the newest last."""
    base = house.sell(people.ada)
    middle = house.sell(people.ben, [(people.ben, 0, 700_000), (NOBODY, base[1], 300_000)])
    top = house.sell(people.cyd, [(people.cyd, 0, 750_001), (NOBODY, base[1], 49_999), (NOBODY, middle[1], 200_000)])
    return base, middle, top


def expected(people):
    """The floor rule in topological order; the last row of a table takes the rest."""
    cyd, direct = NET * 750_001 // 1_000_000, NET * 49_999 // 1_000_000
    middle = NET - cyd - direct
    ben = middle * 700_000 // 1_000_000
    return {people.ada: direct + middle - ben, people.ben: ben, people.cyd: cyd}


def test_upstreams_are_paid_in_any_order(house, people):
    base, middle, top = chain_of_three(house, people)
    house.buy(people.rita, top[0], top[1])
    for _, version, table in (base, middle, top, middle, base, top):
        house.ledger.settle(version, house.usd, table, {"from": people.eve})
    assert {account: house.owed(account) for account in expected(people)} == expected(people)
    house.check_books()


def test_many_settle_in_one_call(house, people):
    base, middle, top = chain_of_three(house, people)
    house.buy(people.rita, top[0], top[1])
    settlements = [(version, house.usd, table) for _, version, table in (top, middle, base)]
    house.ledger.settleMany(settlements, {"from": people.eve})
    assert {account: house.owed(account) for account in expected(people)} == expected(people)


def test_a_table_that_was_not_published_is_refused(house, people):
    offer, version, _ = house.sell(people.ada)
    house.buy(people.rita, offer, version)
    with refused("SplitsMismatch"):
        house.ledger.settle(version, house.usd, [(people.eve, 0, 1_000_000)], {"from": people.eve})


def test_who_is_owed_claims_to_where_it_says_and_others_only_to_itself(house, people):
    offer, version, table = house.sell(people.ada)
    house.buy(people.rita, offer, version)
    house.ledger.settle(version, house.usd, table, {"from": people.eve})
    house.ledger.claim([house.usd], people.eve, {"from": people.eve})
    assert house.usd.balanceOf(people.eve) == 0
    house.ledger.claimFor(house.treasury, [house.usd], {"from": people.eve})
    assert house.usd.balanceOf(house.treasury) == PRICE - NET
    house.ledger.claim([house.usd], people.ben, {"from": people.ada})
    assert house.usd.balanceOf(people.ben) == NET
    assert house.ledger.total(house.usd) == 0


def test_a_higher_protocol_fee_waits_and_a_lower_one_does_not(house, people):
    offer, version, _ = house.sell(people.ada)
    with refused("FeeTooHigh"):
        house.ledger.setProtocolFee(501, {"from": house.owner})
    with refused("AccessManagedUnauthorized"):
        house.ledger.setProtocolFee(0, {"from": people.eve})
    house.ledger.setProtocolFee(500, {"from": house.owner})
    assert house.ledger.protocolFeeBps() == FEE_BPS
    assert house.ledger.nextProtocolFee()[0] == 500
    chain.sleep(FEE_DELAY + 1)
    chain.mine()
    assert house.ledger.protocolFeeBps() == 500
    house.buy(people.rita, offer, version)
    assert house.owed(house.treasury) == PRICE * 500 // 10_000
    house.ledger.setProtocolFee(100, {"from": house.owner})
    assert house.ledger.protocolFeeBps() == 100


def test_only_markets_book_money_and_only_what_has_come(house, people):
    _, version, _ = house.sell(people.ada)
    for call in (
        lambda: house.ledger.credit(version, house.usd, 1, NOBODY, 0, {"from": people.eve}),
        lambda: house.ledger.hold(house.usd, 1, {"from": people.eve}),
        lambda: house.ledger.creditHeld(version, house.usd, 1, NOBODY, 0, {"from": people.eve}),
        lambda: house.ledger.payHeld(house.usd, [people.eve], [1], {"from": people.eve}),
    ):
        with refused("NotMarket"):
            call()


def test_a_token_that_is_no_longer_allowed_is_still_settled_and_claimed(house, people):
    offer, version, table = house.sell(people.ada)
    house.buy(people.rita, offer, version)
    house.ledger.allowToken(house.usd, False, {"from": house.owner})
    house.fund(people.ben, PRICE, house.market)
    with refused("TokenNotAllowed"):
        house.market.purchase(offer, people.ben, PRICE, version, NOBODY, {"from": people.ben})
    house.ledger.settle(version, house.usd, table, {"from": people.eve})
    house.ledger.claim([house.usd], people.ada, {"from": people.ada})
    assert house.usd.balanceOf(people.ada) == NET
