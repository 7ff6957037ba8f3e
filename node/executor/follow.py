"""Reads the chain's logs into the journal, and back when the chain drops blocks."""

from fusion.chain.bindings.job_market import Failed, Finalized
from fusion.chain.bindings.job_market import Posted as PostedLog
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.panel import Called as CalledLog
from fusion.chain.bindings.panel import Decided
from fusion.chain.client import Block, Chain
from fusion.chain.contract import Event
from node.executor.duty import Contract, Duty
from node.executor.journal import Called, Ended, Journal, Posted, Slash

CHUNK = 1_000  # blocks of one reading


class Follower:
    """Keeps the journal's jobs and panels those that the chain has.

    They are found by their logs; where one is, is never taken from a log but read again before each act.

    Args:
        operator: its address; what it lost is noted too.

    Attributes:
        taken_back: the last block that was left where the chain dropped some that were read, the lowest of several
            times, or None; for whoever asks to set back.
    """

    def __init__(self, chain: Chain, journal: Journal, operator: str = "") -> None:
        self._chain = chain
        self._journal = journal
        self._operator = operator
        self.taken_back: int | None = None

    def catch_up(self, head: Block) -> bool:
        """Reads up to `head`; False, to be called again, when the chain changes meanwhile."""
        first = self._fork() + 1
        while first <= head.number:
            last = min(first + CHUNK - 1, head.number)
            block = self._chain.block(last)
            events = self._chain.events(first, last)
            # What lies below may change while this is read: then the logs of the blocks between would be missed.
            if block is None or self._chain.block(last) != block or self._fork() + 1 != first:
                return False
            self._journal.advance(
                block.number,
                block.hash,
                posted=[
                    Posted(event.job_id, event.log.block_number, event.spec)
                    for event in events
                    if isinstance(event, PostedLog)
                ],
                called=[
                    Called(event.panel_id, event.job_id, event.log.block_number)
                    for event in events
                    if isinstance(event, CalledLog)
                ],
                ended=[end for event in events if (end := self._end(event))],
                slashed=[
                    Slash(event.log.block_number, event.log.log_index, event.job_id, event.fault.name, event.amount)
                    for event in events
                    if isinstance(event, Slashed) and event.operator == self._operator
                ],
                time=block.timestamp,
            )
            first = last + 1
        return True

    def _fork(self) -> int:
        """The last block read that the chain still has; what was read above it is taken back."""
        start = self._chain.deployment.block - 1
        known = self._journal.blocks()
        for number, block_hash in known:
            block = self._chain.block(number)
            if block is not None and block.hash == block_hash:
                start = number
                break
        if known and known[0][0] != start:
            self.taken_back = start if self.taken_back is None else min(start, self.taken_back)
            self._journal.rewind(start)
        return start

    def _end(self, event: Event) -> Ended | None:
        """Which duty the log ends, if any, and how."""
        match event:
            case Finalized():
                ending = "paid" if self._operator in event.paid else "unpaid"
                duty = Duty(Contract.JOB, event.job_id)
            case Failed():
                ending, duty = event.reason.name.lower(), Duty(Contract.JOB, event.job_id)
            case Decided():
                ending = "decided" if event.votes else "undecided"
                duty = Duty(Contract.PANEL, event.panel_id)
            case _:
                return None
        return Ended(duty, event.log.block_number, ending)
