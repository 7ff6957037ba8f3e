"""What the deployment's owner sets: tokens, the protocolFee, pauses."""

from sqlmodel import Session

from fusion.chain.bindings import job_market, license_market, search_market
from fusion.chain.bindings.revenue_ledger import ProtocolFeeSet, TokenAllowed
from fusion.chain.contract import Event
from indexer.fold.context import Place
from indexer.tables import OwnerAct, Rules, Token


def _rules(session: Session) -> Rules:
    rules = session.get(Rules, 1)
    if rules is None:
        rules = Rules()
        session.add(rules)
    return rules


def _act(event: Event, place: Place) -> OwnerAct:
    return OwnerAct(
        block=place.block,
        log_index=place.log_index,
        kind=type(event).__name__,
        contract=event.log.address,
        time=place.time,
        tx=place.tx,
    )


def token_allowed(event: TokenAllowed, session: Session, place: Place) -> None:
    session.merge(
        Token(address=event.token, allowed=event.allowed, changed_at=place.time, block=place.block, tx=place.tx)
    )
    act = _act(event, place)
    act.token, act.enabled = event.token, event.allowed
    session.add(act)


def protocol_fee_set(event: ProtocolFeeSet, session: Session, place: Place) -> None:
    """What was set before counts from its own second on; one that has not come by then never does."""
    rules = _rules(session)
    if place.time >= rules.next_from:
        rules.protocol_fee_bps = rules.next_protocol_fee_bps
    rules.next_protocol_fee_bps = event.bps
    rules.next_from = event.from_
    act = _act(event, place)
    act.bps, act.effective_at = event.bps, event.from_
    session.add(act)


def sales_paused(event: license_market.PausedSet, session: Session, place: Place) -> None:
    _rules(session).sales_paused = event.paused
    _paused(event, session, place)


def jobs_paused(event: job_market.PausedSet, session: Session, place: Place) -> None:
    _rules(session).jobs_paused = event.paused
    _paused(event, session, place)


def searches_paused(event: search_market.PausedSet, session: Session, place: Place) -> None:
    _rules(session).searches_paused = event.paused
    _paused(event, session, place)


def _paused(
    event: license_market.PausedSet | job_market.PausedSet | search_market.PausedSet, session: Session, place: Place
) -> None:
    act = _act(event, place)
    act.enabled = event.paused
    session.add(act)
