"""A sale through brownie's eyes: what a buyer pays is what the author and the treasury are owed."""

import pytest
from brownie import AccessManager, LicenseMarket, MockUSD, ModuleRegistry, RevenueLedger

PRICE = 10_000_000
FEE_BPS = 250


@pytest.fixture
def house(accounts):
    owner, treasury = accounts[0], accounts[9]
    usd = owner.deploy(MockUSD)
    manager = owner.deploy(AccessManager, owner)
    registry = owner.deploy(ModuleRegistry)
    market = owner.deploy(LicenseMarket, manager, registry, owner.get_deployment_address(owner.nonce + 1))
    ledger = owner.deploy(RevenueLedger, registry, treasury, FEE_BPS, [market, owner])
    market.allowToken(usd, True, {"from": owner})
    return usd, registry, market, ledger


def test_what_is_paid_is_what_is_owed(house, accounts):
    usd, registry, market, ledger = house
    author, buyer, treasury = accounts[1], accounts[2], accounts[9]
    splits = [(author, 0, 1_000_000)]
    registry.registerModule("ema", {"from": author})
    registry.publish(1, (b"\x01" * 32, b"\x01" * 32, 0, 0, "1.0.0"), splits, {"from": author})
    market.setOffer(0, (usd, 1, 0, PRICE, 0, True), {"from": author})
    usd.mint(buyer, PRICE, {"from": buyer})
    usd.approve(market, PRICE, {"from": buyer})

    bought = market.purchase(1, buyer, PRICE, 1, {"from": buyer})
    ledger.settle(1, usd, splits, {"from": buyer})
    for account in (author, treasury):
        ledger.claim([usd], account, {"from": account})

    assert bought.events["Purchased"]["price"] == PRICE
    assert market.isValid(1, buyer, 1)
    assert usd.balanceOf(treasury) == PRICE * FEE_BPS // 10_000
    assert usd.balanceOf(author) + usd.balanceOf(treasury) == PRICE
    assert ledger.total(usd) == 0
