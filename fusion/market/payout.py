"""Paying out: passing versions' income up their revenue tables, and claiming what is owed."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fusion.chain.account import Account
from fusion.chain.bindings.license_market import OfferSet, Purchased, Refunded, Released
from fusion.chain.bindings.module_registry import Published
from fusion.chain.bindings.revenue_ledger import Claimed
from fusion.chain.bindings.types import Settlement, Split
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import address
from fusion.errors import BadInput, ContractRefused
from fusion.market.publish import published
from fusion.market.splits import passed_on

MAX_ROWS = 256  # rows settled in one transaction: about 8 M gas where each is an account's first

Table = Sequence[Split]


@dataclass(frozen=True)
class Trial:
    """A license whose price is held until its trial ends.

    Attributes:
        price: base units.
        ends: first second at which it can no longer be returned; then anyone may release the price.
    """

    license_id: int
    version: int
    price: int
    ends: int


@dataclass(frozen=True)
class Income:
    """What an account earns, base units of the network's stable token.

    Attributes:
        unsettled: version -> income that settling would pass on now, of every version whose table names the account
            or a version of such a table. Dust that waits for more income is not in it (docs/decisions/0004).
        due: what of it would be the account's.
        trials: sales of those versions that may still be returned, or wait to be released.
    """

    claimable: int
    claimed: int
    unsettled: dict[int, int]
    due: int
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class Payout:
    """What a claim paid."""

    amount: int
    receipt: Receipt | None


def income(chain: Chain, account: str) -> Income:
    """Reads what `account` can claim, has claimed, and may get once versions are settled."""
    tables = _paying(chain, account)
    moves = _moves(chain, tables)
    token = chain.token.address
    return Income(
        claimable=chain.ledger.claimable(account, token),
        claimed=sum(event.amount for event in chain.find(Claimed, account=account, token=token)),
        unsettled={version: sum(shares) for version, shares in moves.items()},
        due=sum(
            share
            for version, shares in moves.items()
            for split, share in zip(tables[version], shares, strict=True)
            if split.account == account
        ),
        trials=tuple(_trials(chain, tables)),
    )


def settle(chain: Chain, account: Account, version: int) -> list[Receipt]:
    """Passes on the income of a version and of all that it builds on, so that each author can claim.

    Nothing is sent where no income would move.
    """
    tables: dict[int, Table] = {}
    waiting = {version}
    while waiting:
        each = waiting.pop()
        tables[each] = published(chain, each).splits
        waiting |= {split.version for split in tables[each] if split.version and split.version not in tables}
    return _settle(chain, account, tables)


def settle_for(chain: Chain, account: Account, owed: str) -> list[Receipt]:
    """Passes on all that is on its way to the account `owed`; `account` sends it.

    Sales whose trial has ended are released first, then every version that pays `owed`, directly or through those
    that build on what it wrote, is settled.
    """
    tables = _paying(chain, owed)
    now = chain.now()
    ended = [trial.license_id for trial in _trials(chain, tables) if trial.ends <= now]
    receipts = []
    for license_id in ended:
        try:
            receipts.append(chain.send(account, chain.market.release(license_id)))
        except ContractRefused as refusal:
            if refusal.error != "NotReleasable":  # else anyone was first, and it is done
                raise
    return receipts + _settle(chain, account, tables)


def claim(chain: Chain, account: Account, *, to: str | None = None) -> Payout:
    """Claims all that `account` is owed in the network's stable token; nothing is sent when nothing is owed.

    Raises:
        BadInput: `to` is no address, or is spelled wrong.
    """
    paid_to = account.address if to is None else address(to, "the address to pay")
    token = chain.token.address
    if not chain.ledger.claimable(account.address, token):
        return Payout(0, None)
    return _paid(chain.send(account, chain.ledger.claim([token], paid_to)), account.address)


def claim_for(chain: Chain, account: Account, owed: str) -> Payout:
    """Has all that the account `owed` is owed paid to itself; `account` sends it, and pays the gas."""
    token = chain.token.address
    if not chain.ledger.claimable(owed, token):
        return Payout(0, None)
    return _paid(chain.send(account, chain.ledger.claim_for(owed, [token])), owed)


def _paid(receipt: Receipt, owed: str) -> Payout:
    paid = [event.amount for event in receipt.events if isinstance(event, Claimed)]
    if not paid:
        raise BadInput(f"nothing was left to claim for {owed}: another process claimed it first")
    return Payout(sum(paid), receipt)


def _paying(chain: Chain, account: str) -> dict[int, Table]:
    """The tables of all versions that pay `account`, or pay one that does."""
    tables = {event.version_id: event.splits for event in chain.find(Published)}
    paying = {version for version, splits in tables.items() if any(split.account == account for split in splits)}
    for version in sorted(tables):  # an upstream's id is smaller, so its turn has come before
        if any(split.version in paying for split in tables[version]):
            paying.add(version)
    return {version: tables[version] for version in sorted(paying)}


def _trials(chain: Chain, versions: Collection[int]) -> Iterator[Trial]:
    """Sales of these versions, in the network's stable token, whose price is still held."""
    sold = [each for each in chain.find(Purchased) if each.refundable_until and each.price and each.version in versions]
    if not sold:
        return
    ours = {event.offer_id for event in chain.find(OfferSet) if event.terms.token == chain.token.address}
    over = {event.license_id for event in chain.find(Released)} | {event.license_id for event in chain.find(Refunded)}
    for each in sold:
        if each.offer_id in ours and each.license_id not in over:
            yield Trial(each.license_id, each.version, each.price, each.refundable_until)


def _moves(chain: Chain, tables: Mapping[int, Table]) -> dict[int, list[int]]:
    """What settling would pass on now: version -> share of each row, in an order that settles each version once.

    Newer versions come first: an upstream's id is always smaller, so its turn comes after all that pays it.
    """
    token = chain.token.address
    moves: dict[int, list[int]] = {}
    coming = dict.fromkeys(tables, 0)
    for version in sorted(tables, reverse=True):
        received = chain.ledger.received(version, token) + coming[version]
        shares = passed_on(chain.ledger.settled(version, token), received, tables[version])
        if not shares:
            continue
        moves[version] = shares
        for split, share in zip(tables[version], shares, strict=True):
            if split.version in coming:
                coming[split.version] += share
    return moves


def _settle(chain: Chain, account: Account, tables: Mapping[int, Table]) -> list[Receipt]:
    """Settles what has income that would move, in as few transactions as fit."""
    token = chain.token.address
    batches: list[list[Settlement]] = []
    rows = MAX_ROWS
    for version in _moves(chain, tables):
        splits = tuple(tables[version])
        if rows + len(splits) > MAX_ROWS:
            batches.append([])
            rows = 0
        batches[-1].append(Settlement(version, token, splits))
        rows += len(splits)
    return [chain.send(account, chain.ledger.settle_many(batch)) for batch in batches]
