"""The follower: takes the chain's logs into the tables, block by block, and undoes what a reorg took back."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from fusion import log
from fusion.chain.client import Block as Header
from fusion.chain.contract import Event
from fusion.errors import FusionError, Retryable
from indexer.database import prepare
from indexer.fold import fold
from indexer.fold.context import Place, text
from indexer.source import Source
from indexer.tables import ENTITY_TABLES, JOURNAL_TABLES, Block, Progress
from indexer.undo import Journal, prune, rollback

KEPT = 256  # blocks that can be undone; a deeper reorg rebuilds the tables
_POLL_S = 0.5
_LONGEST_WAIT_S = 10.0


class _Moved(Retryable):
    """The chain, or the index, changed while it was read."""


class _Stuck(FusionError):
    """A block cannot be taken in: a fault of ours, which that block meets each time."""


class Follower:
    """Keeps the tables of one deployment at the head of `chain`.

    Every block's rows are written in one transaction with the progress, so that a process killed at any time leaves
    the state after some block.
    """

    def __init__(self, chain: Source, engine: Engine, *, span: int = 500, kept: int = KEPT) -> None:
        self._chain = chain
        self._engine = engine
        self._span = span
        self._kept = kept
        self._first = chain.deployment.block
        self._constants: tuple[str, str] | None = None
        self._log = log.get(room="indexer")
        prepare(engine, identity(chain))

    def step(self, stop: threading.Event | None = None) -> int | None:
        """Takes in all blocks up to the head; returns the last block indexed.

        Raises:
            Retryable: call again.
            FusionError: a block cannot be taken in. The tables stay at the one before, and tell the reason.
        """
        head = self._chain.head()
        at = self._agree(head)
        while (at is None or at < head.number) and not (stop and stop.is_set()):
            first = self._first if at is None else at + 1
            if first > head.number:
                break
            try:
                at = self._ingest(first, min(first + self._span - 1, head.number), at)
            except _Stuck as error:
                self._stop(str(error))
                raise
        return at

    def run(self, stop: threading.Event, *, poll: float = _POLL_S) -> None:
        """Follows until `stop` is set. A chain or database that is away is waited for."""
        wait = poll
        while not stop.is_set():
            try:
                self.step(stop)
                wait = poll
            except _Moved as error:
                self._log.info("index.moved", reason=str(error))
                wait = poll
            except _Stuck as error:  # tried again: the block may be replaced, and a new version may know how
                wait = _LONGEST_WAIT_S
                self._log.error("index.stopped", reason=str(error))
            except (FusionError, OperationalError) as error:
                wait = min(wait * 2, _LONGEST_WAIT_S)
                self._log.warning("index.waiting", reason=str(error).splitlines()[0], seconds=wait)
            stop.wait(wait)

    def _agree(self, head: Header) -> int | None:
        """Rolls back to the last block that the chain and the tables share; returns its number."""
        with Session(self._engine) as session, session.begin():
            progress = _progress(session)
            if progress.block is None:
                return None
            shared = self._shared(session, progress.block, head)
            if shared == progress.block:
                return shared
            if shared is None:
                self._log.warning("index.rebuild", indexed=progress.block, head=head.number)
                for table in (*ENTITY_TABLES, *JOURNAL_TABLES):
                    session.execute(table.delete())
            else:
                self._log.warning("index.reorg", indexed=progress.block, shared=shared, head=head.number)
                rollback(session, shared)
            progress.block = shared
            return shared

    def _shared(self, session: Session, indexed: int, head: Header) -> int | None:
        """The newest block that both have, among those that can be rolled back to."""
        for number in range(min(indexed, head.number), indexed - self._kept - 1, -1):
            ours = session.get(Block, number)
            theirs = head if number == head.number else self._chain.block(number)
            if ours is None:
                return None
            if theirs is not None and theirs.hash == ours.hash:
                return number
        return None

    def _ingest(self, first: int, last: int, at: int | None) -> int:
        headers = self._headers(first, last)
        logs: dict[int, list[Event]] = defaultdict(list)
        for event in self._chain.events(first, last):
            if event.log.block_hash != headers[event.log.block_number - first].hash:
                raise _Moved(f"block {event.log.block_number} was replaced while it was read")
            logs[event.log.block_number].append(event)
        # Had the chain moved between headers and logs, logs of the old blocks could be missing.
        if self._headers(last, last) != headers[-1:]:
            raise _Moved(f"block {last} was replaced while it was read")

        self._constants = self._constants or (self._chain.ledger.treasury(), self._chain.staking.token())
        written = 0
        for index, header in enumerate(headers):
            if header.number in logs or header.number == last:
                self._write(headers[written : index + 1], logs[header.number], at, self._constants)
                written = index + 1
                at = header.number
        return last

    def _headers(self, first: int, last: int) -> Sequence[Header]:
        headers = self._chain.blocks(first, last)
        if len(headers) != last - first + 1:
            raise _Moved(f"block {last} is gone")
        for older, newer in pairwise(headers):
            if newer.parent != older.hash:
                raise _Moved(f"block {newer.number} was replaced while it was read")
        return headers

    def _write(
        self, headers: Sequence[Header], events: Sequence[Event], at: int | None, constants: tuple[str, str]
    ) -> None:
        """One transaction: empty blocks, if any, and the last of `headers` with its events."""
        with Session(self._engine) as session, session.begin():
            progress = _progress(session)
            if progress.block != at:
                raise _Moved(f"another follower writes these tables: they are at block {progress.block}, not {at}")
            if at is not None and session.get_one(Block, at).hash != headers[0].parent:
                raise _Moved(f"block {headers[0].number} does not stand on block {at}")
            last = headers[-1]
            for each in headers:
                session.add(Block(number=each.number, hash=each.hash, parent=each.parent, timestamp=each.timestamp))
            with _naming(f"block {last.number}"), Journal(session, last.number):
                for event in events:
                    place = Place(last.number, last.timestamp, event.log.log_index, event.log.tx_hash, *constants)
                    with _naming(f"block {last.number}, log {place.log_index} ({type(event).__name__})"):
                        fold(event, session, place)
            progress.block, progress.stopped = last.number, None
            prune(session, last.number - self._kept)

    def _stop(self, reason: str) -> None:
        """Notes why the tables go no further, for whoever reads them."""
        with Session(self._engine) as session, session.begin():
            _progress(session).stopped = text(reason)


@contextmanager
def _naming(place: str) -> Iterator[None]:
    """Names the place of a fault of ours. A database that is away is none."""
    try:
        yield
    except (_Stuck, OperationalError):
        raise
    except Exception as error:
        said = str(error).splitlines()
        raise _Stuck(f"{place} cannot be taken in: {type(error).__name__}: {said[0] if said else ''}") from error


def identity(chain: Source) -> str:
    """What tells one deployment from another: its chain, its contracts and their first block."""
    deployment = chain.deployment
    contracts = ",".join(f"{name}={address}" for name, address in sorted(deployment.contracts.items()))
    return f"{deployment.chain_id}:{deployment.block}:{contracts}"


def _progress(session: Session) -> Progress:
    return session.exec(select(Progress).with_for_update()).one()
