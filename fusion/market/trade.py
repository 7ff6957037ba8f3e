"""Selling and buying: offers on one side, licenses on the other."""

import secrets
from dataclasses import dataclass

from fusion.chain.account import Account
from fusion.chain.bindings.license_market import OfferSet, Purchased, Transfer
from fusion.chain.bindings.types import Authorization, Offer, Permit, Sells
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import Call
from fusion.chain.permit import UnsignableError, sign_authorization, sign_permit
from fusion.errors import BadInput
from fusion.market.splits import NOBODY
from fusion.money import show

SIGNED_SECONDS = 600  # of chain time that a signed permit or authorization is good for
MAX_REFERRAL = 2_000  # basis points
MAX_RESALE = 1_000


@dataclass(frozen=True)
class Purchase:
    """A license that was just bought."""

    license_id: int
    price: int
    receipt: Receipt


def set_offer(chain: Chain, account: Account, terms: Offer, offer_id: int = 0) -> tuple[int, Receipt]:
    """Makes an offer with these terms, or changes one of the author's; returns its id.

    Raises:
        BadInput: terms that contradict one another, told before anything is sent.
        ContractRefused: the account is not the author, or the version is deprecated.
    """
    check_terms(terms)
    receipt = chain.send(account, chain.market.set_offer(offer_id, terms))
    return receipt.event(OfferSet).offer_id, receipt


def check_terms(terms: Offer) -> None:
    """BadInput, in a person's words, for terms that the market would refuse."""
    if terms.referral_bps > MAX_REFERRAL:
        raise BadInput(f"the referral is {terms.referral_bps / 100:g}%; give at most {MAX_REFERRAL // 100}%")
    if terms.resale_bps > MAX_RESALE:
        raise BadInput(f"the share of a resale is {terms.resale_bps / 100:g}%; ask for at most {MAX_RESALE // 100}%")
    if terms.duration and terms.trial > terms.duration:
        raise BadInput(
            f"a trial of {terms.trial} s outlasts the license, which lasts {terms.duration} s; shorten the trial"
        )


def offer(chain: Chain, offer_id: int) -> Offer:
    """The offer's terms; BadInput when there is none."""
    count = chain.market.offer_count()
    if not 0 < offer_id <= count:
        raise BadInput(f"there is no offer {offer_id}; {_range(count, 'offers')}")
    return chain.market.offer(offer_id)


def sells_licenses(terms: Offer) -> bool:
    return terms.sells in (Sells.LICENSES, Sells.BOTH)


def sells_runs(terms: Offer) -> bool:
    return terms.sells in (Sells.RUNS, Sells.BOTH)


def buy(
    chain: Chain,
    account: Account,
    offer_id: int,
    *,
    recipient: str | None = None,
    max_price: int | None = None,
    referrer: str | None = None,
) -> Purchase:
    """Buys a license in one transaction, with a signed permit where it costs anything that was not allowed before.

    Where the token takes no permits it is two: the price is allowed first.

    Args:
        recipient: who holds the license; the buyer when absent.
        max_price: most that may be paid, base units; the price quoted now when absent.
        referrer: who is paid the offer's referral, if it has one.

    Raises:
        BadInput: no such offer, it sells no licenses or is in another token, `max_price` is below the quote ("price
            too low"), or the wallet holds less.
        ContractRefused: the terms changed on the way.
    """
    terms, price = _quoted(chain, account.address, offer_id, max_price)
    limit = price if max_price is None else max_price
    holder, referred = recipient or account.address, referrer or NOBODY
    purchase = chain.market.purchase(offer_id, holder, limit if price else 0, terms.version, referred)
    if chain.token.allowance(account.address, chain.market.address) >= price:
        return _bought(chain, account, purchase)
    deadline = chain.now() + SIGNED_SECONDS
    try:
        signed = sign_permit(account, chain, terms.token, chain.market.address, limit, deadline)
    except UnsignableError:
        chain.send(account, chain.token.approve(chain.market.address, price))
        return _bought(chain, account, purchase)
    permit = Permit(deadline, signed.v, signed.r, signed.s)
    call = chain.market.purchase_with_permit(offer_id, holder, limit, terms.version, referred, permit)
    return _bought(chain, account, call)


def buy_authorized(
    chain: Chain,
    account: Account,
    offer_id: int,
    *,
    submitter: Account | None = None,
    recipient: str | None = None,
    max_price: int | None = None,
    referrer: str | None = None,
) -> Purchase:
    """Buys a license with an ERC-3009 authorization, which `submitter` sends: the buyer needs no ether.

    The signature is for exactly the price quoted now, and for nothing but this purchase. Args and Raises as `buy`.
    """
    terms, price = _quoted(chain, account.address, offer_id, max_price)
    holder, referred, salt = recipient or account.address, referrer or NOBODY, secrets.token_bytes(32)
    nonce = chain.market.authorization_nonce(offer_id, holder, terms.version, referred, salt)
    until = chain.now() + SIGNED_SECONDS
    signature = sign_authorization(
        account, chain, terms.token, to=chain.market.address, value=price, valid_before=until, nonce=nonce
    )
    authorization = Authorization(account.address, price, 0, until, salt, signature)
    call = chain.market.purchase_with_authorization(offer_id, holder, terms.version, referred, authorization)
    return _bought(chain, submitter or account, call)


def valid_license(chain: Chain, account: str, version: int) -> int | None:
    """A license for `version` that `account` holds and can use now, the one that lasts longest; None without one."""
    best: tuple[int, int] | None = None
    came = {transfer.token_id for transfer in chain.find(Transfer, to=account)}
    for bought in chain.find(Purchased, version=version):
        if bought.license_id in came and chain.market.is_valid(bought.license_id, account, version):
            lasts = chain.market.license(bought.license_id).expiry or 2**64
            if best is None or lasts > best[0]:
                best = (lasts, bought.license_id)
    return None if best is None else best[1]


def _quoted(chain: Chain, buyer: str, offer_id: int, max_price: int | None) -> tuple[Offer, int]:
    """The offer's terms and price, once the buyer can and would pay it."""
    terms = offer(chain, offer_id)
    if terms.token != chain.token.address:
        raise BadInput(f"offer {offer_id} is in token {terms.token}; licenses are bought in {chain.token.address} here")
    if not sells_licenses(terms):
        what = "single runs alone" if sells_runs(terms) else "nothing now"
        raise BadInput(f"offer {offer_id} sells {what}; `fusion module show {terms.version}` lists what is for sale")
    price = chain.market.quote(offer_id)
    if max_price is not None and max_price < price:
        raise BadInput(f"price too low: offer {offer_id} costs {show(price)}, you would pay at most {show(max_price)}")
    check_funds(chain, buyer, price, f"offer {offer_id}")
    return terms, price


def check_funds(chain: Chain, payer: str, price: int, what: str) -> None:
    """BadInput when `payer` holds less than `price` of the network's stable token."""
    balance = chain.token.balance_of(payer)
    if balance < price:
        raise BadInput(f"{payer} holds {show(balance)}, {what} costs {show(price)}; fund it first")


def _bought(chain: Chain, sender: Account, call: Call) -> Purchase:
    receipt = chain.send(sender, call)
    bought = receipt.event(Purchased)
    return Purchase(bought.license_id, bought.price, receipt)


def _range(count: int, what: str) -> str:
    return f"{what} here are 1 to {count}" if count else f"there are no {what} here yet"
