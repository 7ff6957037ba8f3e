"""Who lost stake, why, and whether it was away when it should have acted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fusion.chain.bindings.job_market import Assigned, CommitsClosed
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.panel import PanelAssigned, PanelCommitsClosed
from fusion.chain.bindings.types import Fault, OutcomeKind
from tests.soak.process import Absence, Operator, Role
from tests.soak.record import Record


@dataclass(frozen=True)
class Loss:
    """One slash; money in base units, times in seconds of chain time.

    Attributes:
        deadline: of the phase in which the operator was to act.
        away: what it was away for at that deadline or just before; empty where it was there.
        seconds: how long it was away.
        back: how long before the deadline it was back; negative where it was later, None where it was there.
        explained: whether the slash is as it should be.
    """

    operator: str
    role: Role
    job: int
    fault: str
    amount: int
    deadline: int
    away: str
    seconds: int
    back: int | None
    explained: bool


def losses(record: Record, operators: Sequence[Operator], lost: Sequence[Absence], grace: int) -> list[Loss]:
    """Every slash, with what explains it.

    Args:
        lost: when the gateway that has the inputs was away.
        grace: seconds before a deadline; who is back earlier must meet it.
    """
    by_address = {each.address: each for each in operators}
    return [_loss(record, slash, by_address, lost, grace) for slash in record.of(Slashed)]


def _loss(
    record: Record, slash: Slashed, operators: Mapping[str, Operator], lost: Sequence[Absence], grace: int
) -> Loss:
    operator = operators[slash.operator]
    deadline, refused = _deadline(record, slash)
    # Who could not get the inputs says so before its window closes, as early as it must to be in time.
    early = grace + (record.chain.jobs.windows().commit // 10 if refused else 0)
    times = [*operator.absences, *(lost if refused else ())]
    found = next((each for each in times if _covers(each, deadline - early, deadline)), None)
    match operator.role:
        case Role.LIAR:
            explained = slash.fault is Fault.WRONG
        case Role.SILENT:
            explained = slash.fault is Fault.SILENT
        case _:
            explained = slash.fault is not Fault.WRONG and found is not None
    end = found.end if found and found.end is not None else deadline
    return Loss(
        operator=operator.name,
        role=operator.role,
        job=slash.job_id,
        fault=slash.fault.name.lower(),
        amount=slash.amount,
        deadline=deadline,
        away=found.why if found else "",
        seconds=end - found.start if found else 0,
        back=deadline - end if found else None,
        explained=explained,
    )


def _covers(absence: Absence, start: int, end: int) -> bool:
    return absence.start <= end and (absence.end is None or absence.end >= start)


def _deadline(record: Record, slash: Slashed) -> tuple[int, bool]:
    """When it should have acted, and whether it said that the inputs were not to be had."""
    me, before = slash.operator, slash.log
    seated = [each for each in record.of_job(Assigned, slash.job_id) if me in each.operators and each.log < before]
    called = [each for each in record.of_job(PanelAssigned, slash.job_id) if me in each.operators and each.log < before]
    drawn: Assigned | PanelAssigned = seated[-1] if seated else called[-1]
    if slash.fault is Fault.SILENT:
        return drawn.deadline, False
    refused = any(
        each.operator == me and each.kind is OutcomeKind.INPUT_UNAVAILABLE
        for each in record.chain.jobs.seats(slash.job_id)
    )
    if refused or slash.fault is Fault.WRONG:
        return drawn.deadline, refused
    if seated:
        closed: Sequence[CommitsClosed | PanelCommitsClosed] = record.of_job(CommitsClosed, slash.job_id)
    else:
        panels = {each.panel_id for each in called}
        closed = [each for each in record.of(PanelCommitsClosed) if each.panel_id in panels]
    return closed[-1].deadline, False
