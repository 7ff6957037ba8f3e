"""From a log to changed rows: one function for each kind of event, grouped by the contract that emits it."""

from collections.abc import Callable
from typing import TypeVar, cast

from sqlmodel import Session

from fusion.chain.bindings import (
    assurance_pool,
    job_market,
    license_market,
    module_registry,
    operator_staking,
    panel,
    revenue_ledger,
    search_market,
    window_registry,
)
from fusion.chain.contract import Event
from indexer.fold import assurance, disputes, jobs, ledger, market, panels, registry, rules, searches, staking, windows
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
_on(license_market.Renewed, market.renewed)
_on(license_market.Refunded, market.refunded)
_on(license_market.Released, market.released)
_on(license_market.Transfer, market.transferred)
_on(license_market.PausedSet, rules.sales_paused)
_on(revenue_ledger.Credited, ledger.credited)
_on(revenue_ledger.AccountCredited, ledger.account_credited)
_on(revenue_ledger.Held, ledger.held)
_on(revenue_ledger.Settled, ledger.settled)
_on(revenue_ledger.SettledUpstream, ledger.settled_upstream)
_on(revenue_ledger.Claimed, ledger.claimed)
_on(revenue_ledger.TokenAllowed, rules.token_allowed)
_on(revenue_ledger.ProtocolFeeSet, rules.protocol_fee_set)
_on(operator_staking.OperatorRegistered, staking.registered)
_on(operator_staking.Staked, staking.staked)
_on(operator_staking.UnbondRequested, staking.unbond_requested)
_on(operator_staking.Withdrawn, staking.withdrawn)
_on(operator_staking.Locked, staking.locked)
_on(operator_staking.Unlocked, staking.unlocked)
_on(operator_staking.Slashed, staking.slashed)
_on(job_market.Posted, jobs.posted)
_on(job_market.Rearmed, jobs.rearmed)
_on(job_market.Assigned, jobs.assigned)
_on(job_market.Reopened, jobs.reopened)
_on(job_market.Committed, jobs.committed)
_on(job_market.CommitsClosed, jobs.commits_closed)
_on(job_market.Revealed, jobs.revealed)
_on(job_market.RevealsClosed, jobs.reveals_closed)
_on(job_market.Proposed, jobs.proposed)
_on(job_market.Finalized, jobs.finalized)
_on(job_market.Failed, jobs.failed)
_on(job_market.Audited, disputes.audited)
_on(job_market.QuorumMissed, disputes.quorum_missed)
_on(job_market.Disputed, disputes.disputed)
_on(job_market.Demanded, disputes.demanded)
_on(job_market.Answered, disputes.answered)
_on(job_market.Judged, disputes.judged)
_on(job_market.PausedSet, rules.jobs_paused)
_on(panel.Called, panels.called)
_on(panel.PanelRearmed, panels.rearmed)
_on(panel.PanelAssigned, panels.assigned)
_on(panel.PanelCommitted, panels.committed)
_on(panel.PanelCommitsClosed, panels.commits_closed)
_on(panel.PanelRevealed, panels.revealed)
_on(panel.Decided, panels.decided)
_on(assurance_pool.Deposited, assurance.deposited)
_on(assurance_pool.Spent, assurance.spent)
_on(assurance_pool.CanaryCommitted, assurance.canary_committed)
_on(assurance_pool.CanaryOpened, assurance.canary_opened)
_on(search_market.SearchPosted, searches.posted)
_on(search_market.CandidateCommitted, searches.committed)
_on(search_market.CandidateRevealed, searches.revealed)
_on(search_market.CandidateScored, searches.scored)
_on(search_market.CandidateRefunded, searches.refunded)
_on(search_market.SearchFinalized, searches.finalized)
_on(search_market.SearchFailed, searches.failed)
_on(search_market.PausedSet, rules.searches_paused)
_on(window_registry.RecorderListed, windows.listed)
_on(window_registry.BondDeposited, windows.deposited)
_on(window_registry.BondWithdrawn, windows.withdrawn)
_on(window_registry.WindowOpened, windows.opened)
_on(window_registry.WindowCommitted, windows.committed)
_on(window_registry.WindowCommitsClosed, windows.commits_closed)
_on(window_registry.WindowRevealed, windows.revealed)
_on(window_registry.WindowRecorded, windows.recorded)
_on(window_registry.WindowClosed, windows.closed)


def fold(event: Event, session: Session, place: Place) -> None:
    """Changes the rows that `event` is about. What no table shows (approvals, token transfers) changes nothing."""
    change = FOLDS.get(type(event))
    if change is not None:
        change(event, session, place)
