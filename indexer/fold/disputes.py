"""What may come between the reveals of a job and its end: audits, panels, challenges, demands, verdicts."""

from collections import Counter

from sqlmodel import Session

from fusion.chain.bindings.job_market import Answered, Audited, Demanded, Disputed, Judged, QuorumMissed
from indexer.fold import seats
from indexer.fold.context import Place, account, hexed
from indexer.fold.holding import hold, let_go
from indexer.tables import Demand, Job, Panel


def audited(event: Audited, session: Session, place: Place) -> None:
    job, audit = _await(session, event.job_id, event.panel_id, "Audited", "Audit")
    audit.disputed_hash = _shared(session, job)


def quorum_missed(event: QuorumMissed, session: Session, place: Place) -> None:
    _await(session, event.job_id, event.panel_id, "NoQuorum", "NoQuorum")


def disputed(event: Disputed, session: Session, place: Place) -> None:
    challenger = account(event.challenger)
    by_hand = "Challenge" if event.bond else "Canary"
    cause = "Mismatch" if challenger is None else by_hand
    job, panel = _await(session, event.job_id, event.panel_id, "Disputed", cause)
    panel.disputed_hash = job.outcome_hash or _shared(session, job)
    panel.challenger = job.challenger = challenger
    panel.bond = job.bond = event.bond
    job.held += event.bond
    hold(session, event.log.address, place.stake_token, event.bond)


def demanded(event: Demanded, session: Session, place: Place) -> None:
    job = session.get_one(Job, event.job_id)
    job.status = "Demanded"
    job.demands += 1
    job.deadline = event.deadline
    job.held += event.deposit
    hold(session, event.log.address, place.stake_token, event.deposit)
    session.add(
        Demand(
            job_id=job.id,
            number=job.demands,
            digest=hexed(event.digest),
            deposit=event.deposit,
            deadline=event.deadline,
            demanded_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )


def answered(event: Answered, session: Session, place: Place) -> None:
    """The deposit goes to whoever answered."""
    job = session.get_one(Job, event.job_id)
    demand = session.get_one(Demand, (job.id, job.demands))
    job.status = "Proposed"
    job.deadline = event.deadline
    job.held -= demand.deposit
    let_go(session, event.log.address, place.stake_token, demand.deposit)
    demand.answered_by = event.by
    demand.answered_at = place.time
    demand.answer_tx = place.tx
    demand.size = len(event.data)


def judged(event: Judged, session: Session, place: Place) -> None:
    panel = session.get_one(Panel, event.panel_id)
    panel.slashed = event.slashed
    panel.to_panel = event.to_panel
    panel.to_challenger = event.to_challenger
    panel.to_requester = event.to_requester
    panel.burned = event.burned


def _shared(session: Session, job: Job) -> str | None:
    """The outcome that k seats share: a job is audited before it is proposed. Former seats have none."""
    revealed = (seat for seat in seats.of_job(session, job.id) if not seat.panel_id and seat.outcome_hash)
    ((outcome, _),) = Counter(seat.outcome_hash for seat in revealed).most_common(1)
    return outcome


def _await(session: Session, job_id: int, panel_id: int, status: str, cause: str) -> tuple[Job, Panel]:
    """The job waits for its newest panel, which the Panel's own log has made."""
    job, panel = session.get_one(Job, job_id), session.get_one(Panel, panel_id)
    job.status = status
    job.panel_id = panel_id
    job.ready_block = 0
    job.deadline = 0
    panel.cause = cause
    return job, panel
