"""From a log to changed rows: one function for each kind of event, grouped by the contract that emits it."""

from collections.abc import Callable
from typing import TypeVar, cast

from sqlmodel import Session

from fusion.chain.bindings import job_market, license_market, module_registry, operator_staking, revenue_ledger
from fusion.chain.contract import Event
from indexer.fold import jobs, ledger, market, registry, staking
from indexer.fold.context import Place

_E = TypeVar("_E", bound=Event)
_Fold = Callable[[Event, Session, Place], None]

FOLDS: dict[type[Event], _Fold] = {}


def _on(kind: type[_E], change: Callable[[_E, Session, Place], None]) -> None:
    FOLDS[kind] = cast("_Fold", change)  # `fold` hands it events of `kind` alone


_on(module_registry.ModuleRegistered, registry.registered)
_on(module_registry.Transfer, registry.transferred)
_on(module_registry.Published, registry.published)
_on(module_registry.Deprecated, registry.deprecated)
_on(license_market.OfferSet, market.offer_set)
_on(license_market.Purchased, market.purchased)
_on(license_market.Transfer, market.transferred)
_on(revenue_ledger.Credited, ledger.credited)
_on(revenue_ledger.AccountCredited, ledger.account_credited)
_on(revenue_ledger.Settled, ledger.settled)
_on(revenue_ledger.SettledUpstream, ledger.settled_upstream)
_on(revenue_ledger.Claimed, ledger.claimed)
_on(operator_staking.OperatorRegistered, staking.registered)
_on(operator_staking.Staked, staking.staked)
_on(operator_staking.UnbondRequested, staking.unbond_requested)
_on(operator_staking.Withdrawn, staking.withdrawn)
_on(operator_staking.Locked, staking.locked)
_on(operator_staking.Unlocked, staking.unlocked)
_on(job_market.Posted, jobs.posted)
_on(job_market.Rearmed, jobs.rearmed)
_on(job_market.Assigned, jobs.assigned)
_on(job_market.Committed, jobs.committed)
_on(job_market.CommitsClosed, jobs.commits_closed)
_on(job_market.Revealed, jobs.revealed)
_on(job_market.RevealsClosed, jobs.reveals_closed)
_on(job_market.Proposed, jobs.proposed)
_on(job_market.Finalized, jobs.finalized)
_on(job_market.Failed, jobs.failed)


def fold(event: Event, session: Session, place: Place) -> None:
    """Changes the rows that `event` is about. What no table shows (approvals, token transfers) changes nothing."""
    change = FOLDS.get(type(event))
    if change is not None:
        change(event, session, place)
