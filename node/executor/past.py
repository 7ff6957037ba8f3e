"""What the chain tells of the operators' past: how many jobs each was paid for, who was proven wrong or withheld."""

from collections import Counter
from collections.abc import Iterable, Sequence

from fusion.chain.bindings.job_market import Finalized
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.types import Fault
from fusion.chain.client import Chain
from fusion.chain.contract import Event

HELD_AGAINST = (Fault.WRONG, Fault.WITHHELD)  # who is silent may only have been away


class Past:
    """Up to a block; it counts what was dropped since as well, which only makes it a little off.

    Attributes:
        block: number of the last that it knows.
        paid: operator -> jobs.
        slashed: those that lost stake for a wrong or a withheld outcome.
    """

    def __init__(self, block: int = 0) -> None:
        self.block = block
        self.paid: Counter[str] = Counter()
        self.slashed: set[str] = set()

    @classmethod
    def read(cls, chain: Chain) -> "Past":
        """All of it so far, which takes a while on a long chain."""
        past = cls(chain.head().number)
        for kind in (Finalized, Slashed):
            past._note(event for event in chain.find(kind) if event.log.block_number <= past.block)
        return past

    def follow(self, chain: Chain, block: int, read: Sequence[Event] = (), first: int = 0) -> None:
        """Goes on up to a block.

        Args:
            read: the events from the block `first` on, where they were read already.
        """
        if block > self.block:
            self._note(read if first == self.block + 1 else chain.events(self.block + 1, block))
            self.block = block

    def _note(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, Finalized):
                self.paid.update(event.paid)
            elif isinstance(event, Slashed) and event.fault in HELD_AGAINST:
                self.slashed.add(event.operator)
