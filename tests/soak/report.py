"""What a chaos run came to: the figures, every slash, every fault, every breach."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fusion.chain.bindings.job_market import Audited, Disputed, Failed, Finalized, QuorumMissed, Reopened
from tests.soak import books
from tests.soak.faults import HARMLESS, Fault, Kind
from tests.soak.injector import Injector
from tests.soak.network import Network
from tests.soak.process import Absence, Role
from tests.soak.record import Record
from tests.soak.slashes import Loss, losses
from tests.soak.timeline import CLOCK, DISPUTED, FAILED, FINAL, Bar, Dot, picture
from tests.soak.work import People


@dataclass(frozen=True)
class Skip:
    """Chain time that was moved on by so many seconds, when it was `at`."""

    at: int
    seconds: int


@dataclass
class Observed:
    """What the harness saw, beside what the chain tells.

    Attributes:
        left: processes of operators that were there when all operators had ended.
        memory: proportional set size of the operators with their sandbox processes, bytes, by name.
    """

    skips: list[Skip] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    memory: dict[str, int] = field(default_factory=dict)
    wall: float = 0.0
    left: list[int] = field(default_factory=list)


def breaches(
    record: Record, network: Network, people: People, slashed: Sequence[Loss], left: Sequence[int]
) -> list[str]:
    """All that must not be."""
    found = list(books.breaches(record))
    wanted = network.scale.jobs
    if len(record.posted) != wanted:
        found.append(f"{len(record.posted)} jobs were posted, not {wanted}")
    found += [f"job {job_id} has not ended" for job_id, ends in record.ends.items() if not ends]
    found += [
        f"{loss.operator} lost {loss.amount} in job {loss.job} ({loss.fault}) though it was there: "
        f"deadline {loss.deadline}"
        for loss in slashed
        if not loss.explained
    ]
    for end in record.of(Finalized):
        truth = people.board.truth.get(end.job_id)
        if truth is not None and end.outcome_hash != truth:
            found.append(f"job {end.job_id} is final with a lie")
    found += [f"process {each} outlived its operator" for each in left]
    return found + people.failures


def told(
    record: Record, network: Network, people: People, injector: Injector, observed: Observed, seed: int
) -> dict[str, Any]:
    """The report, as it is printed in JSON."""
    operators = list(network.operators.values())
    operators_at = {each.address for each in operators}
    slashed = losses(record, operators, injector.lost, network.scale.grace)
    broken = Counter(fault.kind.value for _, fault in injector.done)
    took = sorted(_latencies(record, observed.skips).values())
    first = min((record.time(each) for each in record.posted.values()), default=0)
    last = max((record.time(end) for ends in record.ends.values() for end in ends), default=0)
    seconds = last - first - _skipped(observed.skips, first, last)
    return {
        "seed": seed,
        "operators": {role.value: len(network.of(role)) for role in Role},
        "jobs": {
            "posted": len(record.posted),
            "final": len(record.of(Finalized)),
            "failed": dict(Counter(each.reason.name.lower() for each in record.of(Failed))),
            "redrawn": len(record.of(Reopened)),
            "audited": len(record.of(Audited)),
            "without quorum": len(record.of(QuorumMissed)),
            "disputed": len(record.of(Disputed)),
            "lies proposed": len(people.board.lies),
            "challenged by operators": sum(each.challenger in operators_at for each in record.of(Disputed)),
        },
        "faults": dict(sorted(broken.items())),
        "skipped": {kind.value: why for kind, why in network.skipped.items()},
        "slashed": [asdict(loss) for loss in slashed],
        "deaths": {each.name: each.deaths for each in operators if each.deaths},
        "away": [
            {"operator": each.name, "from": absence.start, "to": absence.end, "why": absence.why}
            for each in operators
            for absence in each.absences
        ],
        "restarts": sum(max(0, each.starts - 1) for each in operators),
        "seconds": seconds,
        "chain time skipped": sum(skip.seconds for skip in observed.skips),
        "wall seconds": round(observed.wall, 1),
        "jobs/s": round(len(record.posted) / max(seconds, 1), 3),
        "post to final, p50": _percentile(took, 50),
        "post to final, p99": _percentile(took, 99),
        "memory": observed.memory,
        "notes": observed.notes,
        "breaches": breaches(record, network, people, slashed, observed.left),
    }


def drawn(record: Record, network: Network, injector: Injector, observed: Observed) -> str:
    """The run as a picture."""
    start = min((record.time(each) for each in record.posted.values()), default=0)
    called: list[Disputed | QuorumMissed] = [*record.of(Disputed), *record.of(QuorumMissed)]
    fought = {each.job_id for each in called}
    failed = {each.job_id for each in record.of(Failed)}

    def since(moment: int) -> float:
        return moment - start - _skipped(observed.skips, start, moment)

    dots = []
    for job_id, seconds in _latencies(record, observed.skips).items():
        colour = FAILED if job_id in failed else DISPUTED if job_id in fought else FINAL
        dots.append(Dot(since(record.time(record.posted[job_id])), seconds, colour))
    bars = [_bar("gateway", each, since) for each in injector.lost]
    for name, operator in network.operators.items():
        bars += [_bar(name, each, since) for each in operator.absences]
        jumps = [(at, fault) for at, fault in injector.done if fault.kind in HARMLESS and fault.target == name]
        bars += [_clock(at, fault, since) for at, fault in jumps]
    title = (
        f"{len(record.posted)} jobs, {len(network.operators)} operators: seconds from post to end, and what was broken"
    )
    return picture(title, dots, bars)


def _bar(row: str, absence: Absence, since: Any) -> Bar:
    end = absence.end if absence.end is not None else absence.start
    return Bar(row, since(absence.start), since(end), absence.why)


def _clock(moment: int, fault: Fault, since: Any) -> Bar:
    start = since(moment)
    return Bar(fault.target, start, start + fault.seconds, Kind.CLOCK, CLOCK)


def _latencies(record: Record, skips: Sequence[Skip]) -> dict[int, int]:
    """Job -> seconds of chain time from its post to its end, without those by which it was moved on."""
    found = {}
    for job_id, ends in record.ends.items():
        if ends:
            start, end = record.time(record.posted[job_id]), record.time(ends[0])
            found[job_id] = end - start - _skipped(skips, start, end)
    return found


def _skipped(skips: Sequence[Skip], start: int, end: int) -> int:
    return sum(skip.seconds for skip in skips if start <= skip.at < end)


def _percentile(values: Sequence[int], percent: int) -> int | None:
    """The least value that so many per cent are not above; None without values."""
    if not values:
        return None
    return values[max(0, -(-len(values) * percent // 100) - 1)]
