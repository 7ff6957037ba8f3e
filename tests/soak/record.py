"""All that the chain tells of a run, read once it is over."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from fusion.chain.bindings.job_market import Failed, Finalized, Posted
from fusion.chain.bindings.types import Job, OutcomeKind, Seat
from fusion.chain.client import Block, Chain
from fusion.chain.contract import Event
from fusion.market.verdict import Outcome, Quiet

E = TypeVar("E", bound=Event)
End = Finalized | Failed


@dataclass(frozen=True)
class Record:
    """The events from the deployment to a block at which nothing was under way any more, in chain order."""

    chain: Chain
    events: Sequence[Event]
    blocks: dict[int, Block]

    @classmethod
    def read(cls, chain: Chain) -> "Record":
        head = chain.head().number
        first = chain.deployment.block
        blocks = {block.number: block for block in chain.blocks(first, head)}
        return cls(chain, chain.events(first, head), blocks)

    def of(self, kind: type[E]) -> list[E]:
        return [each for each in self.events if isinstance(each, kind)]

    def of_job(self, kind: type[E], job_id: int) -> list[E]:
        return [each for each in self._by_job[job_id] if isinstance(each, kind)]

    def beside(self, event: Event, kind: type[E]) -> list[E]:
        """Those of one transaction, which moves one job alone."""
        return [each for each in self._by_tx[event.log.tx_hash] if isinstance(each, kind)]

    def time(self, event: Event) -> int:
        return self.blocks[event.log.block_number].timestamp

    @cached_property
    def posted(self) -> dict[int, Posted]:
        return {each.job_id: each for each in self.of(Posted)}

    @cached_property
    def ends(self) -> dict[int, list[End]]:
        """Job -> how it ended; one that ended twice is a breach."""
        return {job_id: [*self.of_job(Finalized, job_id), *self.of_job(Failed, job_id)] for job_id in self.posted}

    def job(self, job_id: int) -> Job:
        return self.chain.jobs.job(job_id)

    @cached_property
    def _by_job(self) -> dict[int, list[Event]]:
        found: dict[int, list[Event]] = defaultdict(list)
        for each in self.events:
            found[getattr(each, "job_id", 0)].append(each)
        return found

    @cached_property
    def _by_tx(self) -> dict[str, list[Event]]:
        found: dict[str, list[Event]] = defaultdict(list)
        for each in self.events:
            found[each.log.tx_hash].append(each)
        return found


def outcome(seat: Seat) -> Outcome:
    """What a seat attested, as `fusion.market.verdict` takes it."""
    if not any(seat.outcome_hash):
        return Quiet.ABSENT
    return Quiet.UNAVAILABLE if seat.kind is OutcomeKind.INPUT_UNAVAILABLE else seat.outcome_hash
