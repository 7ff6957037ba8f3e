"""Paying out: passing a version's income up its revenue tables, and claiming what is owed."""

from collections.abc import Sequence
from dataclasses import dataclass

from fusion.chain.account import Account
from fusion.chain.bindings.module_registry import Published
from fusion.chain.bindings.revenue_ledger import Claimed
from fusion.chain.bindings.types import Split
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import address
from fusion.errors import BadInput
from fusion.market.publish import published
from fusion.market.splits import passed_on


@dataclass(frozen=True)
class Income:
    """What an account earns, base units of the network's stable token.

    Attributes:
        unsettled: version -> income that settling would pass on now, of every version whose table names the account
            or a version of such a table. Dust that waits for more income is not in it (docs/decisions/0004).
    """

    claimable: int
    claimed: int
    unsettled: dict[int, int]


def income(chain: Chain, account: str) -> Income:
    """Reads what `account` can claim, has claimed, and may get once versions are settled."""
    token = chain.token.address
    tables = {event.version_id: event.splits for event in chain.find(Published)}
    paying = {version for version, splits in tables.items() if any(split.account == account for split in splits)}
    for version in sorted(tables):  # an upstream's id is smaller, so its turn has come before
        if any(split.version in paying for split in tables[version]):
            paying.add(version)
    waiting = {version: _waiting(chain, version, tables[version]) for version in sorted(paying)}
    return Income(
        claimable=chain.ledger.claimable(account, token),
        claimed=sum(event.amount for event in chain.find(Claimed, account=account)),
        unsettled={version: amount for version, amount in waiting.items() if amount},
    )


@dataclass(frozen=True)
class Payout:
    """What a claim paid."""

    amount: int
    receipt: Receipt | None


def settle(chain: Chain, account: Account, version: int) -> list[Receipt]:
    """Passes on the income of a version and of all that it builds on, so that each author can claim.

    Newer versions first: an upstream's id is always smaller, so each is settled once, after all that pays it. Nothing
    is sent for a version of which no income would move.
    """
    token = chain.token.address
    waiting, receipts = {version}, []
    while waiting:
        newest = max(waiting)
        waiting.remove(newest)
        splits = published(chain, newest).splits
        if _waiting(chain, newest, splits):
            receipts.append(chain.send(account, chain.ledger.settle(newest, token, splits)))
        waiting |= {split.version for split in splits if split.version}
    return receipts


def claim(chain: Chain, account: Account, *, to: str | None = None) -> Payout:
    """Claims all that `account` is owed in the network's stable token; nothing is sent when nothing is owed.

    Raises:
        BadInput: `to` is no address, or is spelled wrong.
    """
    paid_to = account.address if to is None else address(to, "the address to pay")
    token = chain.token.address
    if not chain.ledger.claimable(account.address, token):
        return Payout(0, None)
    receipt = chain.send(account, chain.ledger.claim([token], paid_to))
    paid = [event.amount for event in receipt.events if isinstance(event, Claimed)]
    if not paid:
        raise BadInput(f"nothing was left to claim for {account.address}: another process claimed it first")
    return Payout(sum(paid), receipt)


def _waiting(chain: Chain, version: int, splits: Sequence[Split]) -> int:
    """Income of a version that settling would pass on now."""
    token = chain.token.address
    return passed_on(chain.ledger.settled(version, token), chain.ledger.received(version, token), splits)
