"""LicenseMarket: every way to buy, and what becomes of a license."""

import pytest
from brownie import chain
from conftest import DEAD, FEE_BPS, NOBODY, PRICE, TRIAL, refused
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

DAY = 86_400
VERSION_DEPRECATED = 7  # of RenewalRefusal
NET = PRICE - PRICE * FEE_BPS // 10_000


def signed(house, wallet, kind, fields, message):
    """The signature of an EIP-712 message to the token."""
    domain = {
        "name": house.usd.name(),
        "version": "1",
        "chainId": chain.id,
        "verifyingContract": house.usd.address,
    }
    types = {kind: [{"name": name, "type": type_} for name, type_ in fields.items()]}
    signable = encode_typed_data(domain, types, message)
    return Account.sign_message(signable, wallet.private_key)


@pytest.fixture
def wallet(house, accounts):
    """An account whose key is known here: it signs what others submit."""
    wallet = accounts.add(keccak(text="wallet"))
    accounts[8].transfer(wallet, 10**18)
    house.usd.mint(wallet, PRICE, {"from": wallet})
    return wallet


def test_a_license_costs_its_price_and_is_the_recipients(house, people):
    offer, version, _ = house.sell(people.ada)
    house.fund(people.rita, PRICE, house.market)
    bought = house.market.purchase(offer, people.cyd, PRICE, version, NOBODY, {"from": people.rita})
    assert bought.events["Purchased"]["price"] == PRICE
    assert house.market.isValid(1, people.cyd, version)
    assert not house.market.isValid(1, people.rita, version)
    assert house.ledger.received(version, house.usd) == NET
    assert house.owed(house.treasury) == PRICE - NET
    assert house.market.tokenURI(1).startswith("data:application/json;base64,")
    house.check_books()


def test_a_buyer_pays_no_more_and_buys_nothing_else(house, people):
    offer, version, _ = house.sell(people.ada)
    house.fund(people.rita, PRICE, house.market)
    with refused("PriceTooLow"):
        house.market.purchase(offer, people.rita, PRICE - 1, version, NOBODY, {"from": people.rita})
    with refused("VersionChanged"):
        house.market.purchase(offer, people.rita, PRICE, version + 1, NOBODY, {"from": people.rita})
    house.market.setOffer(offer, house.terms(version, sells=2), {"from": people.ada})
    with refused("NotSold"):
        house.market.purchase(offer, people.rita, PRICE, version, NOBODY, {"from": people.rita})


def test_a_permit_buys_in_one_transaction_even_where_a_stranger_spent_it(house, people, wallet):
    offer, version, _ = house.sell(people.ada)
    deadline = chain.time() + DAY
    fields = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256", "deadline": "uint256"}
    message = {
        "owner": wallet.address,
        "spender": house.market.address,
        "value": PRICE,
        "nonce": house.usd.nonces(wallet),
        "deadline": deadline,
    }
    by = signed(house, wallet, "Permit", fields, message)
    v, r, s = by.v, by.r.to_bytes(32, "big"), by.s.to_bytes(32, "big")
    house.usd.permit(wallet, house.market, PRICE, deadline, v, r, s, {"from": people.eve})
    permit = (deadline, v, r, s)
    house.market.purchaseWithPermit(offer, wallet, PRICE, version, NOBODY, permit, {"from": wallet})
    assert house.market.isValid(1, wallet, version)
    assert house.usd.allowance(wallet, house.market) == 0


def test_an_authorization_buys_for_its_signer_whoever_submits_it(house, people, wallet):
    offer, version, _ = house.sell(people.ada)
    salt, before = b"\x05" * 32, chain.time() + DAY
    nonce = house.market.authorizationNonce(offer, wallet, version, NOBODY, salt)
    fields = {
        "from": "address",
        "to": "address",
        "value": "uint256",
        "validAfter": "uint256",
        "validBefore": "uint256",
        "nonce": "bytes32",
    }
    message = {
        "from": wallet.address,
        "to": house.market.address,
        "value": PRICE,
        "validAfter": 0,
        "validBefore": before,
        "nonce": bytes(nonce),
    }
    by = signed(house, wallet, "ReceiveWithAuthorization", fields, message)
    authorization = (wallet, PRICE, 0, before, salt, bytes(by.signature))
    with refused("AuthorizationRefused"):
        house.market.purchaseWithAuthorization(offer, people.eve, version, NOBODY, authorization, {"from": people.eve})
    house.market.purchaseWithAuthorization(offer, wallet, version, NOBODY, authorization, {"from": people.eve})
    assert house.market.isValid(1, wallet, version)
    house.check_books()


def test_a_trial_returns_its_price_once(house, people):
    offer, version, _ = house.sell(people.ada, trial=TRIAL)
    license_id = house.buy(people.rita, offer, version)
    assert house.ledger.held(house.usd) == PRICE
    with refused("NotHolder"):
        house.market.refund(license_id, {"from": people.eve})
    house.market.refund(license_id, {"from": people.rita})
    assert house.owed(people.rita) == PRICE
    assert house.ledger.received(version, house.usd) == 0
    with refused("NotHolder"):
        house.market.refund(license_id, {"from": people.rita})
    house.check_books()


def test_after_the_trial_anyone_releases_the_price(house, people):
    offer, version, _ = house.sell(people.ada, trial=TRIAL)
    license_id = house.buy(people.rita, offer, version)
    with refused("NotReleasable"):
        house.market.release(license_id, {"from": people.eve})
    chain.sleep(TRIAL + 1)
    chain.mine()
    with refused("NotRefundable"):
        house.market.refund(license_id, {"from": people.rita})
    house.market.release(license_id, {"from": people.eve})
    assert house.ledger.received(version, house.usd) == NET
    assert house.ledger.held(house.usd) == 0


def test_a_subscription_is_renewed_from_its_expiry_and_says_why_it_cannot(house, people):
    offer, version, _ = house.sell(people.ada, duration=30 * DAY)
    license_id = house.buy(people.rita, offer, version)
    expiry = house.market.license(license_id)["expiry"]
    house.fund(people.ben, PRICE, house.market)
    house.market.renew(license_id, PRICE, {"from": people.ben})
    assert house.market.license(license_id)["expiry"] == expiry + 30 * DAY
    assert tuple(house.market.canRenew(license_id)) == (True, 0)
    chain.sleep(61 * DAY)
    chain.mine()
    assert not house.market.isValid(license_id, people.rita, version)
    house.market.setOffer(offer, house.terms(version, duration=30 * DAY, price=2 * PRICE), {"from": people.ada})
    house.fund(people.rita, 2 * PRICE, house.market)
    with refused("PriceTooLow"):
        house.market.renew(license_id, PRICE, {"from": people.rita})
    house.registry.deprecate(version, {"from": people.ada})
    assert tuple(house.market.canRenew(license_id)) == (False, VERSION_DEPRECATED)
    with refused("NotRenewable"):
        house.market.renew(license_id, 2 * PRICE, {"from": people.rita})


def test_a_referrer_is_paid_out_of_the_price(house, people):
    offer, version, _ = house.sell(people.ada, referralBps=1_000)
    house.fund(people.rita, PRICE, house.market)
    house.market.purchase(offer, people.rita, PRICE, version, people.cyd, {"from": people.rita})
    assert house.owed(people.cyd) == PRICE // 10
    assert house.ledger.received(version, house.usd) == NET - PRICE // 10


def test_only_the_author_makes_offers_and_only_in_allowed_tokens(house, people):
    _, version, _ = house.sell(people.ada)
    with refused("NotAuthor"):
        house.market.setOffer(0, house.terms(version), {"from": people.eve})
    with refused("TokenNotAllowed"):
        house.market.setOffer(0, house.terms(version, token=DEAD), {"from": people.ada})
    with refused("ReferralTooHigh"):
        house.market.setOffer(0, house.terms(version, referralBps=2_001), {"from": people.ada})


def test_resale_is_signalled_and_a_license_moves(house, people):
    offer, version, _ = house.sell(people.ada, resaleBps=500)
    license_id = house.buy(people.rita, offer, version)
    assert tuple(house.market.royaltyInfo(license_id, 1_000)) == (people.ada, 50)
    house.market.transferFrom(people.rita, people.ben, license_id, {"from": people.rita})
    assert house.market.isValid(license_id, people.ben, version)
    assert not house.market.isValid(license_id, people.rita, version)


def test_a_pause_stops_sales_and_nothing_that_is_owed(house, people):
    offer, version, _ = house.sell(people.ada, trial=TRIAL)
    license_id = house.buy(people.rita, offer, version)
    with refused("AccessManagedUnauthorized"):
        house.market.pause({"from": people.eve})
    house.market.pause({"from": house.owner})
    house.fund(people.ben, PRICE, house.market)
    with refused("IsPaused"):
        house.market.purchase(offer, people.ben, PRICE, version, NOBODY, {"from": people.ben})
    house.market.refund(license_id, {"from": people.rita})
    house.ledger.claim([house.usd], people.rita, {"from": people.rita})
    house.market.unpause({"from": house.owner})
    house.market.purchase(offer, people.ben, PRICE, version, NOBODY, {"from": people.ben})
