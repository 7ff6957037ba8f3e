"""Revenue: what versions received, what accounts are owed and have claimed, and each log behind it."""

from sqlmodel import Session

from fusion.chain.bindings.revenue_ledger import (
    AccountCredited,
    Claimed,
    Credited,
    Held,
    Settled,
    SettledUpstream,
)
from indexer.fold.context import Place
from indexer.tables import Balance, Income, Revenue


def _income(session: Session, version: int, token: str) -> Income:
    income = session.get(Income, (version, token))
    if income is None:
        income = Income(version_id=version, token=token)
        session.add(income)
    return income


def _balance(session: Session, account: str, token: str) -> Balance:
    balance = session.get(Balance, (account, token))
    if balance is None:
        balance = Balance(account=account, token=token)
        session.add(balance)
    return balance


def _log(
    session: Session,
    place: Place,
    kind: str,
    token: str,
    amount: int,
    *,
    fee: int = 0,
    version_id: int | None = None,
    upstream_id: int | None = None,
    account: str | None = None,
    recipient: str | None = None,
) -> None:
    session.add(
        Revenue(
            block=place.block,
            log_index=place.log_index,
            kind=kind,
            token=token,
            amount=amount,
            fee=fee,
            version_id=version_id,
            upstream_id=upstream_id,
            account=account,
            recipient=recipient,
            time=place.time,
            tx=place.tx,
        )
    )


def credited(event: Credited, session: Session, place: Place) -> None:
    _income(session, event.version, event.token).received += event.net
    if event.protocol_fee:
        _balance(session, place.treasury, event.token).claimable += event.protocol_fee
    _log(session, place, "Credited", event.token, event.net, version_id=event.version, fee=event.protocol_fee)


def account_credited(event: AccountCredited, session: Session, place: Place) -> None:
    _balance(session, event.account, event.token).claimable += event.amount
    _log(session, place, "AccountCredited", event.token, event.amount, account=event.account)


def held(event: Held, session: Session, place: Place) -> None:
    """The log alone: what is held now, and for whom, follows from the markets' own logs."""
    _log(session, place, "Held", event.token, event.amount, account=event.market)


def settled(event: Settled, session: Session, place: Place) -> None:
    _income(session, event.version, event.token).settled += event.amount
    _log(session, place, "Settled", event.token, event.amount, version_id=event.version)


def settled_upstream(event: SettledUpstream, session: Session, place: Place) -> None:
    _income(session, event.upstream, event.token).received += event.amount
    _log(
        session,
        place,
        "SettledUpstream",
        event.token,
        event.amount,
        version_id=event.version,
        upstream_id=event.upstream,
    )


def claimed(event: Claimed, session: Session, place: Place) -> None:
    balance = _balance(session, event.account, event.token)
    balance.claimable -= event.amount
    balance.claimed += event.amount
    _log(session, place, "Claimed", event.token, event.amount, account=event.account, recipient=event.to)
