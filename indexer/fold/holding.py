"""What the ledger holds for each market.

No log tells what is taken out of it, so each market's own logs do: a trial ends, a job ends, the pool pays.
"""

from sqlmodel import Session

from indexer.tables import Holding


def hold(session: Session, market: str, token: str, amount: int) -> None:
    _row(session, market, token).amount += amount


def let_go(session: Session, market: str, token: str, amount: int) -> None:
    _row(session, market, token).amount -= amount


def holds(session: Session, market: str, token: str, amount: int) -> None:
    """All that is held for `market` is `amount` now."""
    _row(session, market, token).amount = amount


def _row(session: Session, market: str, token: str) -> Holding:
    row = session.get(Holding, (market, token))
    if row is None:
        row = Holding(market=market, token=token)
        session.add(row)
    return row
