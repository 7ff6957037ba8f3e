"""Licenses after the sale: what they are good for, and keeping, returning, releasing and showing them."""

import base64
import binascii
import json
from dataclasses import dataclass

from fusion.chain.account import Account
from fusion.chain.bindings.license_market import Renewed, Transfer
from fusion.chain.bindings.types import License, RenewalRefusal
from fusion.chain.client import Chain, Receipt
from fusion.errors import BadInput, ContractRefused, FusionError
from fusion.market.splits import NOBODY
from fusion.market.trade import check_funds
from fusion.money import show

REFUSALS = {  # why a license cannot be renewed now
    RenewalRefusal.UNKNOWN_LICENSE: "there is no such license",
    RenewalRefusal.PERPETUAL: "it lasts for ever",
    RenewalRefusal.IN_TRIAL: "its trial is not over: use it, or wait for the trial's end",
    RenewalRefusal.NOT_SOLD: "its offer sells no licenses now",
    RenewalRefusal.OFFER_MOVED: "its offer now sells another version",
    RenewalRefusal.TOKEN_NOT_ALLOWED: "its token is no longer taken for sales",
    RenewalRefusal.VERSION_DEPRECATED: "its version is deprecated",
    RenewalRefusal.PAUSED: "sales are paused",
}
_JSON = "data:application/json;base64,"
_SVG = "data:image/svg+xml;base64,"


@dataclass(frozen=True)
class Holding:
    """A license as it stands.

    Attributes:
        valid: whether its holder can run its version now.
        refundable: whether it can be returned now.
        refusal: why it cannot be renewed now, in words; empty when it can.
        renewal: what renewing it costs now, base units; None when it cannot be.
    """

    license_id: int
    terms: License
    holder: str
    valid: bool
    refundable: bool
    refusal: str
    renewal: int | None


def holding(chain: Chain, license_id: int) -> Holding:
    """What is known of a license; BadInput when there is none, or it was returned."""
    holder = _holder(chain, license_id)
    terms = chain.market.license(license_id)
    possible, reason = chain.market.can_renew(license_id)
    return Holding(
        license_id=license_id,
        terms=terms,
        holder=holder,
        valid=chain.market.is_valid(license_id, holder, terms.version),
        refundable=chain.now() < terms.refundable_until,
        refusal="" if possible else REFUSALS[reason],
        renewal=chain.market.quote(terms.offer) if possible else None,
    )


def held_by(chain: Chain, account: str) -> list[int]:
    """The licenses that `account` holds, oldest first."""
    came = {transfer.token_id for transfer in chain.find(Transfer, to=account)}
    gone = {transfer.token_id for transfer in chain.find(Transfer, from_=account)}
    return sorted(each for each in came if each not in gone or _owner(chain, each) == account)


def renew(
    chain: Chain, account: Account, license_id: int, *, max_price: int | None = None
) -> tuple[Renewed, tuple[Receipt, ...]]:
    """Adds the offer's duration to a license, whoever holds it; `account` pays the offer's present price.

    Raises:
        BadInput: it cannot be renewed, with the reason; the price is above `max_price`; the wallet holds less.
    """
    found = holding(chain, license_id)
    if found.renewal is None:
        raise BadInput(f"license {license_id} cannot be renewed: {found.refusal}")
    price = found.renewal
    limit = price if max_price is None else max_price
    if limit < price:
        raise BadInput(
            f"price too low: renewing license {license_id} costs {show(price)}, you would pay at most {show(limit)}"
        )
    if found.terms.token != chain.token.address:
        raise BadInput(f"license {license_id} is paid in {found.terms.token}, not in {chain.token.address}")
    check_funds(chain, account.address, price, f"renewing license {license_id}")
    receipts = []
    if chain.token.allowance(account.address, chain.market.address) < price:
        receipts.append(chain.send(account, chain.token.approve(chain.market.address, price)))
    receipt = chain.send(account, chain.market.renew(license_id, limit))
    return receipt.event(Renewed), (*receipts, receipt)


def refund(chain: Chain, account: Account, license_id: int) -> tuple[int, Receipt]:
    """Returns an unused license within its trial; what was paid for it is owed to its holder in the ledger.

    Raises:
        BadInput: it is another's, or cannot be returned.
    """
    found = holding(chain, license_id)
    if found.holder != account.address:
        raise BadInput(f"license {license_id} is held by {found.holder}, who alone can return it")
    if not found.refundable:
        raise BadInput(f"license {license_id} cannot be returned: it has no trial, or that is over, or it was used")
    return found.terms.price_paid, chain.send(account, chain.market.refund(license_id))


def release(chain: Chain, account: Account, license_id: int) -> tuple[int, Receipt]:
    """Passes the price of a license whose trial has ended to its version. Anyone may.

    Raises:
        BadInput: its price waits for nothing, or its trial goes on.
    """
    found = holding(chain, license_id)
    if not found.terms.refundable_until:
        raise BadInput(f"nothing of license {license_id} is held: it had no trial, or was used, or was released")
    if found.refundable:
        left = found.terms.refundable_until - chain.now()
        raise BadInput(f"the trial of license {license_id} goes on for {left} s; release it then")
    return found.terms.price_paid, chain.send(account, chain.market.release(license_id))


def card(chain: Chain, license_id: int) -> bytes:
    """The SVG that the license's metadata on chain shows; BadInput when there is no such license."""
    _holder(chain, license_id)
    try:
        metadata = json.loads(_plain(chain.market.token_uri(license_id), _JSON))
        return _plain(str(metadata["image"]), _SVG)
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise FusionError(f"license {license_id} has no card: its metadata cannot be read ({error!r})") from error


def _plain(uri: str, prefix: str) -> bytes:
    if not uri.startswith(prefix):
        raise ValueError(f"it does not begin with {prefix}")
    return base64.b64decode(uri.removeprefix(prefix), validate=True)


def _holder(chain: Chain, license_id: int) -> str:
    count = chain.market.license_count()
    if not 0 < license_id <= count:
        here = f"licenses here are 1 to {count}" if count else "none was sold here yet"
        raise BadInput(f"there is no license {license_id}; {here}")
    holder = _owner(chain, license_id)
    if holder == NOBODY:
        raise BadInput(f"license {license_id} was returned, and is no more")
    return holder


def _owner(chain: Chain, license_id: int) -> str:
    """Who holds a license; NOBODY once it was returned."""
    try:
        return chain.market.owner_of(license_id)
    except ContractRefused as refusal:
        if refusal.error != "ERC721NonexistentToken":
            raise
        return NOBODY
