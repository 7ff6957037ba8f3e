"""The read side: what the API asks of the tables. Every function reads; none writes.

Addresses are checksummed, as in the tables.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Engine, inspect, or_, select
from sqlmodel import Session, col

from indexer.fold.context import text
from indexer.page import Page, listed
from indexer.tables import (
    TABLES,
    Balance,
    Block,
    Canary,
    Demand,
    Holding,
    Income,
    Job,
    License,
    Module,
    Offer,
    Operator,
    OwnerAct,
    Panel,
    Pool,
    PoolEntry,
    Progress,
    Renewal,
    Revenue,
    Rules,
    Seat,
    Slash,
    Token,
    Version,
)

DISPUTES = ("Challenge", "Canary", "Mismatch")  # causes of a panel that doubt a proposed outcome
_SELLING = {"Licenses": ("Licenses", "Both"), "Runs": ("Runs", "Both")}


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


def rules(session: Session) -> Rules:
    """What the owner has set; nothing, before the deployment's first log."""
    return session.get(Rules, 1) or Rules()


def pool(session: Session) -> Pool | None:
    """The assurance pool; None before anything was paid into it."""
    return session.scalars(select(Pool)).first()


def modules(session: Session, page: Page, *, author: str | None = None, name: str | None = None) -> Sequence[Module]:
    stored = None if name is None else text(name)
    return listed(session, Module, page, *equal((Module.author, author), (Module.name, stored)))


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
        *equal((Version.module_id, module), (Version.cid_digest, cid_digest), (Version.deprecated, deprecated)),
    )


def offers(
    session: Session, page: Page, *, version: int | None = None, token: str | None = None, sells: str | None = None
) -> Sequence[Offer]:
    """`sells` Licenses or Runs keeps the offers that sell those, or both."""
    conditions = equal((Offer.version_id, version), (Offer.token, token))
    if sells is not None:
        conditions.append(col(Offer.sells).in_(_SELLING.get(sells, (sells,))))
    return listed(session, Offer, page, *conditions)


def licenses(
    session: Session,
    page: Page,
    *,
    owner: str | None = None,
    buyer: str | None = None,
    referrer: str | None = None,
    version: int | None = None,
    offer: int | None = None,
    valid_at: int | None = None,
    expires_before: int | None = None,
    refundable_at: int | None = None,
    refunded: bool | None = None,
) -> Sequence[License]:
    """`valid_at` keeps those not refunded and not expired at that second; `expires_before` those that do expire."""
    conditions = equal(
        (License.owner, owner),
        (License.buyer, buyer),
        (License.referrer, referrer),
        (License.version_id, version),
        (License.offer_id, offer),
    )
    conditions += is_set(License.refunded_at, refunded)
    if valid_at is not None:
        conditions.append(col(License.refunded_at).is_(None))
        conditions.append(or_(col(License.expiry) == 0, col(License.expiry) > valid_at))
    if expires_before is not None:
        conditions += [col(License.expiry) != 0, col(License.expiry) < expires_before]
    if refundable_at is not None:
        conditions.append(col(License.refundable_until) > refundable_at)
    return listed(session, License, page, *conditions)


def renewals(
    session: Session, page: Page, *, license_: int | None = None, payer: str | None = None
) -> Sequence[Renewal]:
    return listed(session, Renewal, page, *equal((Renewal.license_id, license_), (Renewal.payer, payer)))


def jobs(
    session: Session,
    page: Page,
    *,
    requester: str | None = None,
    operator: str | None = None,
    challenger: str | None = None,
    version: int | None = None,
    license_: int | None = None,
    statuses: Collection[str] | None = None,
    failure: str | None = None,
    verified: bool | None = None,
    ended: bool | None = None,
) -> Sequence[Job]:
    """`operator` keeps the jobs in which it has, or had, a seat or a place in a panel."""
    conditions = equal(
        (Job.requester, requester),
        (Job.challenger, challenger),
        (Job.version_id, version),
        (Job.license_id, license_),
        (Job.failure, failure),
        (Job.verified, verified),
    )
    conditions += is_set(Job.ended_at, ended)
    if statuses is not None:
        conditions.append(col(Job.status).in_(statuses))
    if operator is not None:
        conditions.append(col(Job.id).in_(select(col(Seat.job_id)).where(col(Seat.operator) == operator)))
    return listed(session, Job, page, *conditions)


def seats(
    session: Session,
    page: Page,
    *,
    operator: str | None = None,
    job: int | None = None,
    panel: int | None = None,
    fault: str | None = None,
    agreed: bool | None = None,
) -> Sequence[Seat]:
    """`panel` zero keeps the seats of jobs themselves."""
    return listed(
        session,
        Seat,
        page,
        *equal(
            (Seat.operator, operator),
            (Seat.job_id, job),
            (Seat.panel_id, panel),
            (Seat.fault, fault),
            (Seat.agreed, agreed),
        ),
    )


def panels(
    session: Session,
    page: Page,
    *,
    job: int | None = None,
    operator: str | None = None,
    challenger: str | None = None,
    causes: Collection[str] | None = None,
    decided: bool | None = None,
) -> Sequence[Panel]:
    """`operator` keeps the panels in which it has a seat."""
    conditions = equal((Panel.job_id, job), (Panel.challenger, challenger))
    conditions += is_set(Panel.decided_at, decided)
    if causes is not None:
        conditions.append(col(Panel.cause).in_(causes))
    if operator is not None:
        conditions.append(col(Panel.id).in_(select(col(Seat.panel_id)).where(col(Seat.operator) == operator)))
    return listed(session, Panel, page, *conditions)


def demands(
    session: Session, page: Page, *, job: int | None = None, answered: bool | None = None, by: str | None = None
) -> Sequence[Demand]:
    conditions = equal((Demand.job_id, job), (Demand.answered_by, by)) + is_set(Demand.answered_at, answered)
    return listed(session, Demand, page, *conditions)


def operators(session: Session, page: Page) -> Sequence[Operator]:
    return listed(session, Operator, page)


def slashes(
    session: Session,
    page: Page,
    *,
    operator: str | None = None,
    job: int | None = None,
    panel: int | None = None,
    fault: str | None = None,
) -> Sequence[Slash]:
    return listed(
        session,
        Slash,
        page,
        *equal((Slash.operator, operator), (Slash.job_id, job), (Slash.panel_id, panel), (Slash.fault, fault)),
    )


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
        *equal(
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
    return listed(session, Balance, page, *equal((Balance.account, account), (Balance.token, token)))


def incomes(session: Session, page: Page, *, version: int | None = None, token: str | None = None) -> Sequence[Income]:
    return listed(session, Income, page, *equal((Income.version_id, version), (Income.token, token)))


def holdings(session: Session, page: Page, *, market: str | None = None, token: str | None = None) -> Sequence[Holding]:
    return listed(session, Holding, page, *equal((Holding.market, market), (Holding.token, token)))


def pool_entries(
    session: Session, page: Page, *, account: str | None = None, job: int | None = None, kind: str | None = None
) -> Sequence[PoolEntry]:
    return listed(
        session,
        PoolEntry,
        page,
        *equal((PoolEntry.account, account), (PoolEntry.job_id, job), (PoolEntry.kind, kind)),
    )


def canaries(
    session: Session,
    page: Page,
    *,
    sponsor: str | None = None,
    job: int | None = None,
    opened: bool | None = None,
    right: bool | None = None,
) -> Sequence[Canary]:
    conditions = equal((Canary.sponsor, sponsor), (Canary.job_id, job), (Canary.right, right))
    return listed(session, Canary, page, *conditions, *is_set(Canary.opened_at, opened))


def tokens(session: Session, page: Page, *, allowed: bool | None = None) -> Sequence[Token]:
    return listed(session, Token, page, *equal((Token.allowed, allowed)))


def owner_acts(
    session: Session, page: Page, *, kind: str | None = None, contract: str | None = None
) -> Sequence[OwnerAct]:
    return listed(session, OwnerAct, page, *equal((OwnerAct.kind, kind), (OwnerAct.contract, contract)))


def equal(*wanted: tuple[object, object]) -> list[ColumnElement[bool]]:
    """Conditions column = value, for the values that were given."""
    return [col(column) == value for column, value in wanted if value is not None]


def is_set(column: object, wanted: object) -> list[ColumnElement[bool]]:
    """The condition that a column is set, or is not; none where both will do."""
    if wanted is None:
        return []
    return [col(column).is_not(None) if wanted else col(column).is_(None)]
