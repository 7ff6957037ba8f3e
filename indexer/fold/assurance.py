"""The assurance pool and its canaries."""

from sqlmodel import Session, col, select

from fusion.chain.bindings.assurance_pool import CanaryCommitted, CanaryOpened, Deposited, Spent
from indexer.fold.context import Place, hexed
from indexer.fold.holding import holds
from indexer.tables import Canary, Pool, PoolEntry


def _pool(session: Session, event: Deposited | Spent, place: Place) -> Pool:
    pool = session.get(Pool, event.log.address)
    if pool is None:
        pool = Pool(address=event.log.address)
        session.add(pool)
    pool.balance = event.balance
    holds(session, event.log.address, place.stake_token, event.balance)
    return pool


def _entry(event: Deposited | Spent, place: Place, account: str, job_id: int | None) -> PoolEntry:
    return PoolEntry(
        block=place.block,
        log_index=place.log_index,
        kind=type(event).__name__,
        account=account,
        job_id=job_id,
        amount=event.amount,
        balance=event.balance,
        time=place.time,
        tx=place.tx,
    )


def deposited(event: Deposited, session: Session, place: Place) -> None:
    _pool(session, event, place).deposited += event.amount
    session.add(_entry(event, place, event.from_, None))


def spent(event: Spent, session: Session, place: Place) -> None:
    _pool(session, event, place).spent += event.amount
    session.add(_entry(event, place, event.account, event.job_id))


def canary_committed(event: CanaryCommitted, session: Session, place: Place) -> None:
    session.add(
        Canary(
            block=place.block,
            log_index=place.log_index,
            commitment=hexed(event.commitment),
            sponsor=event.sponsor,
            first_job_id=event.first_job_id,
            committed_at=place.time,
            tx=place.tx,
        )
    )


def canary_opened(event: CanaryOpened, session: Session, place: Place) -> None:
    """A commitment is made once, and opened once, by its job's requester."""
    canary = session.exec(select(Canary).where(col(Canary.commitment) == hexed(event.commitment))).one()
    canary.job_id = event.job_id
    canary.requester = event.requester
    canary.right = event.right
    canary.paid_back = event.paid_back
    canary.opened_at = place.time
