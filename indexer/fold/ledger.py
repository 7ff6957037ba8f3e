"""Revenue: what versions received, what accounts are owed and have claimed, and each log behind it."""

from sqlmodel import Session

from fusion.chain.bindings.revenue_ledger import AccountCredited, Claimed, Credited, Settled, SettledUpstream
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


def credited(event: Credited, session: Session, place: Place) -> None:
    _income(session, event.version, event.token).received += event.net
    if event.protocol_fee:
        _balance(session, place.treasury, event.token).claimable += event.protocol_fee
    session.add(
        Revenue(
            block=place.block,
            log_index=place.log_index,
            kind="Credited",
            version_id=event.version,
            token=event.token,
            amount=event.net,
            fee=event.protocol_fee,
            time=place.time,
            tx=place.tx,
        )
    )


def account_credited(event: AccountCredited, session: Session, place: Place) -> None:
    _balance(session, event.account, event.token).claimable += event.amount
    session.add(
        Revenue(
            block=place.block,
            log_index=place.log_index,
            kind="AccountCredited",
            account=event.account,
            token=event.token,
            amount=event.amount,
            time=place.time,
            tx=place.tx,
        )
    )


def settled(event: Settled, session: Session, place: Place) -> None:
    _income(session, event.version, event.token).settled += event.amount
    session.add(
        Revenue(
            block=place.block,
            log_index=place.log_index,
            kind="Settled",
            version_id=event.version,
            token=event.token,
            amount=event.amount,
            time=place.time,
            tx=place.tx,
        )
    )


def settled_upstream(event: SettledUpstream, session: Session, place: Place) -> None:
    _income(session, event.upstream, event.token).received += event.amount
    session.add(
        Revenue(
            block=place.block,
            log_index=place.log_index,
            kind="SettledUpstream",
            version_id=event.version,
            upstream_id=event.upstream,
            token=event.token,
            amount=event.amount,
            time=place.time,
            tx=place.tx,
        )
    )


def claimed(event: Claimed, session: Session, place: Place) -> None:
    balance = _balance(session, event.account, event.token)
    balance.claimable -= event.amount
    balance.claimed += event.amount
    session.add(
        Revenue(
            block=place.block,
            log_index=place.log_index,
            kind="Claimed",
            account=event.account,
            recipient=event.to,
            token=event.token,
            amount=event.amount,
            time=place.time,
            tx=place.tx,
        )
    )
