"""The read side: what the API asks of the tables. Every function reads; none writes.

Addresses are checksummed, as in the tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, inspect, select
from sqlmodel import Session, col

from indexer.fold.context import text
from indexer.page import Page, listed
from indexer.tables import (
    TABLES,
    Balance,
    Block,
    Income,
    Job,
    License,
    Module,
    Offer,
    Operator,
    Progress,
    Revenue,
    Seat,
    Version,
)


@dataclass(frozen=True, slots=True)
class Meta:
    """The block that the tables show: its number, hash and time in seconds."""

    number: int
    hash: str
    timestamp: int


def ready(engine: Engine) -> bool:
    """Whether a follower has made the tables."""
    seen = inspect(engine)
    return all(seen.has_table(table.name) for table in TABLES)


def meta(session: Session) -> Meta | None:
    """The last block indexed, or None before the first."""
    block = session.scalars(select(Block).join(Progress, col(Progress.block) == col(Block.number))).first()
    return None if block is None else Meta(block.number, block.hash, block.timestamp)


def stopped(session: Session) -> str | None:
    """Why the follower cannot take in the next block, or None."""
    return session.scalars(select(col(Progress.stopped))).first()


def modules(session: Session, page: Page, *, author: str | None = None, name: str | None = None) -> Sequence[Module]:
    stored = None if name is None else text(name)
    return listed(session, Module, page, *_equal((Module.author, author), (Module.name, stored)))


def versions(
    session: Session,
    page: Page,
    *,
    module: int | None = None,
    cid_digest: str | None = None,
    deprecated: bool | None = None,
) -> Sequence[Version]:
    return listed(
        session,
        Version,
        page,
        *_equal((Version.module_id, module), (Version.cid_digest, cid_digest), (Version.deprecated, deprecated)),
    )


def offers(
    session: Session, page: Page, *, version: int | None = None, token: str | None = None, active: bool | None = None
) -> Sequence[Offer]:
    return listed(
        session, Offer, page, *_equal((Offer.version_id, version), (Offer.token, token), (Offer.active, active))
    )


def licenses(
    session: Session,
    page: Page,
    *,
    owner: str | None = None,
    buyer: str | None = None,
    version: int | None = None,
    offer: int | None = None,
) -> Sequence[License]:
    return listed(
        session,
        License,
        page,
        *_equal(
            (License.owner, owner), (License.buyer, buyer), (License.version_id, version), (License.offer_id, offer)
        ),
    )


def jobs(
    session: Session,
    page: Page,
    *,
    requester: str | None = None,
    operator: str | None = None,
    version: int | None = None,
    license_: int | None = None,
    status: str | None = None,
) -> Sequence[Job]:
    """`operator` keeps the jobs in which it has a seat."""
    conditions = _equal(
        (Job.requester, requester), (Job.version_id, version), (Job.license_id, license_), (Job.status, status)
    )
    if operator is not None:
        conditions.append(col(Job.id).in_(select(col(Seat.job_id)).where(col(Seat.operator) == operator)))
    return listed(session, Job, page, *conditions)


def operators(session: Session, page: Page) -> Sequence[Operator]:
    return listed(session, Operator, page)


def revenue(
    session: Session,
    page: Page,
    *,
    account: str | None = None,
    version: int | None = None,
    token: str | None = None,
    kind: str | None = None,
    tx: str | None = None,
) -> Sequence[Revenue]:
    return listed(
        session,
        Revenue,
        page,
        *_equal(
            (Revenue.account, account),
            (Revenue.version_id, version),
            (Revenue.token, token),
            (Revenue.kind, kind),
            (Revenue.tx, tx),
        ),
    )


def balances(
    session: Session, page: Page, *, account: str | None = None, token: str | None = None
) -> Sequence[Balance]:
    return listed(session, Balance, page, *_equal((Balance.account, account), (Balance.token, token)))


def incomes(session: Session, page: Page, *, version: int | None = None, token: str | None = None) -> Sequence[Income]:
    return listed(session, Income, page, *_equal((Income.version_id, version), (Income.token, token)))


def _equal(*wanted: tuple[object, object]) -> list[ColumnElement[bool]]:
    """Conditions column = value, for the values that were given."""
    return [col(column) == value for column, value in wanted if value is not None]
