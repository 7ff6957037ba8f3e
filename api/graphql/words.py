"""Enums, whose members are the words of the contracts."""

from enum import Enum

import strawberry


@strawberry.enum(description="Open bundles are public; sealed ones are ciphertext.")
class Access(Enum):
    Open = "Open"
    Sealed = "Sealed"


@strawberry.enum(description="What an offer sells: nothing (it is withdrawn), licenses, single runs, or both.")
class Sells(Enum):
    Nothing = "Nothing"
    Licenses = "Licenses"
    Runs = "Runs"
    Both = "Both"


@strawberry.enum(
    description="Where a job is. Committed: commits are closed; Revealed: reveals are. Audited, NoQuorum and Disputed "
    "wait for other operators to run it again, Demanded for bytes of its result."
)
class JobStatus(Enum):
    Open = "Open"
    Assigned = "Assigned"
    Committed = "Committed"
    Revealed = "Revealed"
    Audited = "Audited"
    Proposed = "Proposed"
    Demanded = "Demanded"
    NoQuorum = "NoQuorum"
    Disputed = "Disputed"
    Final = "Final"
    Failed = "Failed"


@strawberry.enum(
    description="How sure a job's outcome is. Solo: one operator, so unverified; Quorum: k of n must agree."
)
class JobLevel(Enum):
    Solo = "Solo"
    Quorum = "Quorum"


@strawberry.enum(
    description="How a run ended. InputUnavailable: it could not begin, since the inputs were not to be had."
)
class OutcomeKind(Enum):
    Result = "Result"
    ModuleError = "ModuleError"
    LimitHit = "LimitHit"
    InputUnavailable = "InputUnavailable"


@strawberry.enum(
    description="Why a job failed: it was never assigned, had fewer than k commits, a panel had no majority, too few "
    "operators were left for a panel, k seats could not get the inputs, or demanded bytes were withheld."
)
class Failure(Enum):
    NotAssigned = "NotAssigned"
    TooFewCommits = "TooFewCommits"
    NoMajority = "NoMajority"
    TooFewEligible = "TooFewEligible"
    InputsUnavailable = "InputsUnavailable"
    BytesWithheld = "BytesWithheld"


@strawberry.enum(
    description="Why a job is run again: a paid audit, no k equal outcomes, an auditor's other outcome (Mismatch), a "
    "challenge with a bond, or a canary that was answered otherwise."
)
class PanelCause(Enum):
    Audit = "Audit"
    NoQuorum = "NoQuorum"
    Mismatch = "Mismatch"
    Challenge = "Challenge"
    Canary = "Canary"


@strawberry.enum(description="Where a panel is. Committed: commits are closed.")
class PanelStatus(Enum):
    Called = "Called"
    Assigned = "Assigned"
    Committed = "Committed"
    Decided = "Decided"


@strawberry.enum(
    description="What an operator is slashed for: no commit; no reveal, or inputs not had that a panel had; or an "
    "outcome proven wrong."
)
class Fault(Enum):
    Silent = "Silent"
    Withheld = "Withheld"
    Wrong = "Wrong"


@strawberry.enum(description="A log of the revenue ledger.")
class RevenueKind(Enum):
    Credited = "Credited"
    AccountCredited = "AccountCredited"
    Held = "Held"
    Settled = "Settled"
    SettledUpstream = "SettledUpstream"
    Claimed = "Claimed"


@strawberry.enum(description="Money into the assurance pool, or out of it.")
class PoolEntryKind(Enum):
    Deposited = "Deposited"
    Spent = "Spent"


@strawberry.enum(description="What the deployment's owner or its guardian did.")
class OwnerActKind(Enum):
    TokenAllowed = "TokenAllowed"
    ProtocolFeeSet = "ProtocolFeeSet"
    PausedSet = "PausedSet"


@strawberry.enum(
    description="Where a search is. Open until it is final or failed: whether solvers commit, wait for the window, "
    "reveal or are scored follows from the time and the window."
)
class SearchStatus(Enum):
    Open = "Open"
    Final = "Final"
    Failed = "Failed"


@strawberry.enum(
    description="Why a search failed: its window was not recorded in time, no candidate was committed and revealed, or "
    "none was scored."
)
class SearchFailure(Enum):
    NoWindow = "NoWindow"
    NoCandidate = "NoCandidate"
    NoScore = "NoScore"


@strawberry.enum(description="Where a candidate is. Refunded: there was no window to be revealed after.")
class CandidateStatus(Enum):
    Committed = "Committed"
    Revealed = "Revealed"
    Scored = "Scored"
    Refunded = "Refunded"


@strawberry.enum(description="Where a window is, as far as logs tell: commits and reveals also end by time.")
class WindowStatus(Enum):
    Committing = "Committing"
    Revealing = "Revealing"
    Recorded = "Recorded"
    Failed = "Failed"
