"""Selling and buying licenses."""

from dataclasses import dataclass

from fusion.chain.account import Account
from fusion.chain.bindings.license_market import OfferSet, Purchased, Transfer
from fusion.chain.bindings.types import Offer
from fusion.chain.client import Chain, Receipt
from fusion.chain.permit import sign_permit
from fusion.errors import BadInput
from fusion.money import show

PERMIT_SECONDS = 600


@dataclass(frozen=True)
class Purchase:
    """A license that was just bought."""

    license_id: int
    price: int
    receipt: Receipt


def set_offer(
    chain: Chain, account: Account, version: int, *, price: int, duration: int = 0, per_run_price: int = 0
) -> tuple[int, Receipt]:
    """Offers a version for sale in the network's stable token and returns the offer's id.

    Args:
        price: base units for a license. `duration`: seconds it lasts, zero for ever.
        per_run_price: base units for one run without a license; zero sells no runs.
    """
    terms = Offer(chain.token.address, version, duration, price, per_run_price, active=True)
    receipt = chain.send(account, chain.market.set_offer(0, terms))
    return receipt.event(OfferSet).offer_id, receipt


def open_offer(chain: Chain, version: int) -> int:
    """The cheapest offer of a version that is open now, in the network's stable token; BadInput when there is none."""
    ids = {found.offer_id for found in chain.find(OfferSet, version=version) if found.token == chain.token.address}
    offers = [(chain.market.offer(offer_id), offer_id) for offer_id in ids]
    open_now = [(offer.price, offer_id) for offer, offer_id in offers if offer.active and offer.version == version]
    if not open_now:
        raise BadInput(f"version {version} is not for sale; its author can offer it with `fusion module offer`")
    return min(open_now)[1]


def buy(chain: Chain, account: Account, offer_id: int, *, max_price: int | None = None) -> Purchase:
    """Buys a license with a signed permit, in one transaction.

    Args:
        max_price: most that may be paid, base units; the price quoted now when absent.

    Raises:
        BadInput: the offer is in another token, `max_price` is below the quote ("price too low"), or the wallet
            holds less.
        ContractRefused: no such offer, the wallet is empty, the offer closed, or the terms changed on the way.
    """
    offer = chain.market.offer(offer_id)
    if offer.token != chain.token.address:
        raise BadInput(f"offer {offer_id} is in token {offer.token}; licenses are bought in {chain.token.address} here")
    price = chain.market.quote(offer_id)
    limit = price if max_price is None else max_price
    if limit < price:
        raise BadInput(f"price too low: offer {offer_id} costs {show(price)}, you would pay at most {show(limit)}")
    balance = chain.token.balance_of(account.address)
    if balance < price:
        raise BadInput(f"{account.address} holds {show(balance)}, offer {offer_id} costs {show(price)}; fund it first")
    deadline = chain.head().timestamp + PERMIT_SECONDS
    signed = sign_permit(account, chain, offer.token, chain.market.address, limit, deadline)
    call = chain.market.purchase_with_permit(
        offer_id, account.address, limit, offer.version, deadline, signed.v, signed.r, signed.s
    )
    receipt = chain.send(account, call)
    bought = receipt.event(Purchased)
    return Purchase(bought.license_id, bought.price, receipt)


def valid_license(chain: Chain, account: str, version: int) -> int | None:
    """A license for `version` that `account` holds and can use now, the one that lasts longest; None without one."""
    best: tuple[int, int] | None = None
    came = {transfer.token_id for transfer in chain.find(Transfer, to=account)}
    for bought in chain.find(Purchased, version=version):
        if bought.license_id in came and chain.market.is_valid(bought.license_id, account, version):
            lasts = bought.expiry or 2**64
            if best is None or lasts > best[0]:
                best = (lasts, bought.license_id)
    return None if best is None else best[1]
