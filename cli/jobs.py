"""Showing jobs: where one stands, who sits in it, how it ended, and what a dispute cost whom."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

from cli.output import Progress, record
from cli.session import Session
from fusion import money
from fusion.chain.bindings.job_market import Failed, Finalized, Judged, Posted, Proposed
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.types import Failure, Job, OutcomeKind, PanelStatus, Seat, Status
from fusion.chain.client import Chain
from fusion.chain.words import word, words
from fusion.content.table import Column
from fusion.errors import BadInput, ContentError, ContentUnavailable, ContractRefused, FusionError, Retryable
from fusion.market.splits import NOBODY, percent
from node import request
from sandbox.encoding import decode

E = TypeVar("E", Failed, Finalized)

PANEL = 3  # operators at least
STAGES = {  # of the way to its end; one that is disputed, or whose seats are drawn anew, goes back a little
    Status.OPEN: 0.1,
    Status.ASSIGNED: 0.3,
    Status.COMMITTED: 0.55,
    Status.REVEALED: 0.7,
    Status.AUDITED: 0.75,
    Status.NO_QUORUM: 0.8,
    Status.DISPUTED: 0.8,
    Status.PROPOSED: 0.9,
    Status.DEMANDED: 0.9,
    Status.FINAL: 1.0,
    Status.FAILED: 1.0,
}
REASONS = {
    Failure.NOT_ASSIGNED: "too few operators had enough free stake in time",
    Failure.TOO_FEW_COMMITS: "too few operators ran it in time",
    Failure.NO_MAJORITY: "no outcome had a majority of the panel",
    Failure.TOO_FEW_ELIGIBLE: "operators disagreed, and fewer than 3 others could sit on a panel",
    Failure.INPUTS_UNAVAILABLE: "the operators could not get its inputs: keep the gateway up that serves them",
    Failure.BYTES_WITHHELD: "the operators withheld bytes of the result that were demanded",
}
UNVERIFIED = "unverified: one operator ran it, and nobody compared"


def telling(report: Progress) -> Callable[[Job], None]:
    """What tells `report` where a job stands, and what part of its way that is."""
    return lambda job: report(words(job.status), STAGES[job.status])


def job_of(chain: Chain, job_id: int) -> Job:
    """The job; BadInput when there is none."""
    count = chain.jobs.job_count()
    if not 0 < job_id <= count:
        raise BadInput(
            f"there is no job {job_id}; " + (f"jobs here are 1 to {count}" if count else "none was posted here yet")
        )
    return chain.jobs.job(job_id)


def print_answer(session: Session, job_id: int, answer: request.Answer, *, as_json: bool) -> None:
    """Prints how a job ended; FusionError when it failed."""
    if answer.job.status == Status.FAILED:
        raise FusionError(f"job {job_id} failed: {why_failed(session, job_id)}")
    level = {"level": UNVERIFIED} if answer.job.n == 1 else {}
    try:
        ended = outcome(session, answer)
    except ContentUnavailable as error:
        raise ContentUnavailable(f"job {job_id} is final; {error}; see it later: `fusion job show {job_id}`") from error
    record({"job": job_id} | level | ended, as_json=as_json)


def print_job(session: Session, job_id: int, *, as_json: bool) -> None:
    """Prints where a job stands, who sits in it, what was disputed and, once it has ended, how."""
    chain = session.chain
    job = job_of(chain, job_id)
    shown: dict[str, object] = {
        "job": job_id,
        "status": words(job.status),
        "version": job.version,
        "requester": job.requester,
        "fee": money.Units(job.fee),
        "level": UNVERIFIED if job.n == 1 else f"{job.k} of {job.n}",
        "assurance": percent(job.assurance_ppm),
        "lock": money.Units(job.lock),
        "seats": {seat.operator: act(seat) for seat in chain.jobs.seats(job_id)},
    }
    answer = request.answer(chain, job_id, job)
    shown |= _dispute(chain, job_id, job)
    if job.status == Status.FINAL:
        try:
            ended = outcome(session, answer)
        except (ContentUnavailable, ContentError) as error:
            ended = _attested(answer) | {"unavailable": str(error)}
        record(shown | ended | {"paid": list(_end(chain, Finalized, job_id).paid)}, as_json=as_json)
        return
    shown["operators"] = answer.hashes
    if job.status == Status.FAILED:
        shown["failed"] = why_failed(session, job_id)
    else:
        shown["seconds_left"] = max(0, job.deadline - chain.now())  # of this phase; without a deadline it has none
    record(shown, as_json=as_json)


def outcome(session: Session, answer: request.Answer) -> dict[str, object]:
    """What the operators of a final job agreed on."""
    shown = _attested(answer)
    if answer.job.kind == OutcomeKind.RESULT:
        return shown | ends(request.outputs(session.chain, answer, session.store))
    document = decode(answer.document)
    if document.error is not None:
        shown |= {"error": document.error, "lines": list(document.lines)}
    if document.which is not None:
        shown["limit"] = document.which
    return shown


def _attested(answer: request.Answer) -> dict[str, object]:
    return {
        "outcome": word(answer.job.kind),
        "hash": "0x" + answer.job.outcome_hash.hex(),
        "operators": answer.hashes,
    }


def ends(columns: Mapping[str, Column]) -> dict[str, object]:
    """How long columns are, and the last value of each; numbers as they are."""
    numbers = {port: column.item() for port, column in columns.items() if not column.ndim}
    lasts = {port: column[-1].item() if len(column) else None for port, column in columns.items() if column.ndim}
    ended: dict[str, object] = {"numbers": numbers} if numbers else {}
    if lasts:
        ended |= {"rows": len(columns[next(iter(lasts))]), "last": lasts}
    return ended


@contextmanager
def needing_panel(job_id: int) -> Iterator[None]:
    """What calls a panel for a job; BadInput where none could sit."""
    try:
        yield
    except ContractRefused as refusal:
        if refusal.error != "TooFewEligible":
            raise
        raise BadInput(
            f"job {job_id} cannot be disputed: a panel takes {PANEL} operators who had no part in it, and "
            f"{refusal.arguments['found']} are left; start more with `fusion operator start` for the jobs to come"
        ) from None


def why_failed(session: Session, job_id: int) -> str:
    """Why a job failed, and what becomes of its money."""
    chain = session.chain
    failed, job = _end(chain, Failed, job_id), chain.jobs.job(job_id)
    back = failed.refund
    if job.royalty_token == chain.token.address:
        back += failed.royalty_refund
    if failed.reason == Failure.BYTES_WITHHELD:
        back += chain.jobs.minimum_fee(job.fuel)  # the deposit of the demand
    return f"{REASONS[failed.reason]}; {money.show(back)} of what it cost is yours again with `fusion revenue claim`"


def _end(chain: Chain, kind: type[E], job_id: int) -> E:
    """The log that ended a job; Retryable where the endpoint is behind."""
    for found in chain.find(kind, job_id=job_id):
        return found
    raise Retryable(f"the endpoint gives no log of the end of job {job_id}; it may be behind")


def listed(chain: Chain, *, requester: str | None, last: int) -> list[dict[str, object]]:
    """The newest jobs, newest first, of all requesters or of one."""
    if requester is None:
        count = chain.jobs.job_count()
        ids = list(range(max(1, count - last + 1), count + 1))
    else:
        ids = [posted.job_id for posted in chain.find(Posted, requester=requester)][-last:]
    return [_row(job_id, chain.jobs.job(job_id)) for job_id in reversed(ids)]


def _row(job_id: int, job: Job) -> dict[str, object]:
    return {
        "job": job_id,
        "status": words(job.status),
        "outcome": "-" if job.kind == OutcomeKind.NONE else word(job.kind),
        "version": job.version,
        "level": "unverified" if job.n == 1 else f"{job.k} of {job.n}",
        "fee": money.Units(job.fee),
        "requester": job.requester,
    }


def act(seat: Seat) -> str:
    """What whoever sits there has done."""
    if seat.kind != OutcomeKind.NONE:
        return "revealed"
    committed = any(seat.commitment)
    if seat.released:
        return "withheld" if committed else "silent"
    return "committed" if committed else "assigned"


def _dispute(chain: Chain, job_id: int, job: Job) -> dict[str, object]:
    """The challenge, the newest panel or audit, the money of the verdict, and who was slashed: what there is of it."""
    shown: dict[str, object] = {}
    if job.challenger != NOBODY:
        shown |= {"challenger": job.challenger, "bond": money.Units(job.bond)}
    if job.panel_id:
        panel, seats = chain.panel.panel(job.panel_id), chain.panel.seats(job.panel_id)
        shown["audit" if panel.audit else "panel"] = _sitting(job.panel_id, words(panel.status), seats)
        if panel.status == PanelStatus.DECIDED:
            shown["verdict"] = (
                {"votes": f"{panel.votes} of {panel.size}", "hash": "0x" + panel.outcome_hash.hex()}
                if panel.votes
                else "none"
            )
    for judged in chain.find(Judged, job_id=job_id):
        shown["judged"] = {
            "slashed": money.Units(judged.slashed),
            "to_panel": money.Units(judged.to_panel),
            "to_challenger": money.Units(judged.to_challenger),
            "to_requester": money.Units(judged.to_requester),
            "burned": money.Units(judged.burned),
        }
    if job.bond and job.status in (Status.FINAL, Status.FAILED):
        kept = _kept_of_bond(chain, job_id, job)
        shown["bond_to"] = {"challenger": money.Units(job.bond - kept), "panel": money.Units(kept)}
    slashes = [
        {"operator": each.operator, "fault": words(each.fault), "amount": money.Units(each.amount)}
        for each in chain.find(Slashed, job_id=job_id)
    ]
    if slashes:
        shown["slashed"] = slashes
    return shown


def _kept_of_bond(chain: Chain, job_id: int, job: Job) -> int:
    """What the panel has of the bond of a job that has ended, base units; the challenger has the rest.

    All of it where the verdict is what was proposed; of a job that failed, the base fee of each panelist that revealed.
    """
    if job.status == Status.FAILED:
        if chain.panel.panel(job.panel_id).audit:
            return 0
        revealed = sum(seat.kind != OutcomeKind.NONE for seat in chain.panel.seats(job.panel_id))
        return min(chain.jobs.minimum_fee(job.fuel) // job.n * revealed, job.bond)
    judged, proposed = chain.find(Judged, job_id=job_id), chain.find(Proposed, job_id=job_id)
    return job.bond if judged and any(each.outcome_hash == job.outcome_hash for each in proposed) else 0


def _sitting(panel_id: int, status: str, seats: Sequence[Seat]) -> dict[str, object]:
    return {"panel": panel_id, "status": status, "seats": {seat.operator: act(seat) for seat in seats}}
