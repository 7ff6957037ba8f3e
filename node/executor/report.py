"""Gathers how an operator does, for its status file and for Prometheus. Of the daemon's thread."""

import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from fusion import log
from fusion.chain.client import Block
from node.executor.bond import Standing
from node.executor.desk import Desk
from node.executor.duty import Contract
from node.executor.journal import Journal
from node.executor.metrics import Metrics
from node.executor.purse import Purse
from node.executor.slots import Slots
from node.executor.status import FILE, State, Status, since_boot, started
from node.executor.steps import Act
from node.executor.troubles import Troubles

OFTEN = 1.0  # seconds between two reports at least; what changes within is in the next
DUTIES = 50  # shown at most, the most urgent


class Report:
    """One operator's.

    Args:
        home: where the status file is.
        names: operator, endpoint, image and the like, which never change.
        walls: walls of the sandbox that do not stand -> why.
    """

    def __init__(
        self,
        home: Path,
        metrics: Metrics,
        troubles: Troubles,
        *,
        operator: str,
        endpoint: str,
        image: str,
        metrics_url: str,
        walls: Mapping[str, str],
    ) -> None:
        self.path = home / FILE
        self._metrics = metrics
        self._troubles = troubles
        self._names = {"operator": operator, "endpoint": endpoint, "image": image, "metrics": metrics_url}
        self._walls = walls
        self._started = started(os.getpid())
        self._last = -OFTEN
        self._standing = Standing(0, 0, 0, 0)
        self._block = Block(0, "", "", 0)
        self._head = 0
        self._silent = False  # whether the status could not be written
        self._log = log.get(operator=operator)
        metrics.walls(len(walls))

    def seen(self, head: Block, *, read: bool) -> None:
        """A new head, which was read up to or not yet."""
        self._head = head.number
        if read:
            self._block = head
        self._troubles.now = head.timestamp
        self._metrics.block(self._block.number, head.number)

    def stands(self, standing: Standing) -> None:
        self._standing = standing
        self._metrics.stake(
            free=standing.free, locked=standing.locked, unbonding=standing.unbonding, claimable=standing.claimable
        )

    def due(self) -> bool:
        return time.monotonic() >= self._last + OFTEN

    def write(
        self,
        desk: Desk,
        slots: Slots,
        purse: Purse,
        journal: Journal,
        *,
        state: State,
        left: str = "",
        watch: Mapping[str, object] | None = None,
    ) -> None:
        """Tells how things are. A disk without room costs no more than this word of it."""
        self._last = time.monotonic()
        status = self._status(desk, slots, purse, journal, state=state, left=left, watch=watch or {})
        for contract, stages in ((Contract.JOB, status.jobs), (Contract.PANEL, status.panels)):
            self._metrics.duties(contract, stages, journal.endings(contract))
        self._metrics.runs(
            under_way=len(status.runs),
            waiting=status.waiting,
            taken=slots.taken,
            memory=slots.memory,
            restarts=slots.restarts,
        )
        self._metrics.slashed(self._slashed(journal))
        self._metrics.draining(on=state is State.DRAINING)
        try:
            status.save(self.path)
            self._silent = False
        except OSError as error:
            self._troubles.note("status", error)
            (self._log.debug if self._silent else self._log.error)("cannot write the status", error=str(error))
            self._silent = True

    def _status(
        self,
        desk: Desk,
        slots: Slots,
        purse: Purse,
        journal: Journal,
        *,
        state: State,
        left: str,
        watch: Mapping[str, object],
    ) -> Status:
        standing, now = self._standing, time.monotonic()
        return Status(
            **self._names,
            pid=os.getpid(),
            started=self._started,
            written=since_boot(),
            state=state,
            left=left,
            watch=watch,
            block=self._block.number,
            time=self._block.timestamp,
            head=self._head,
            block_age=self._metrics.idle(),
            jobs=journal.counts(Contract.JOB),
            panels=journal.counts(Contract.PANEL),
            endings=journal.endings(Contract.JOB),
            free=standing.free,
            locked=standing.locked,
            unbonding=standing.unbonding,
            unbond_at=standing.unbond_at,
            claimable=standing.claimable,
            claimed=purse.claimed,
            slashed=sum(self._slashed(journal).values()),
            duties=[asdict(look) | {"duty": str(look.duty)} for look in desk.looks()[:DUTIES]],
            runs=[
                {
                    "duty": str(task.entry.duty),
                    "job": task.entry.job_id,
                    "seconds": round(now - task.begun, 3),
                    "memory": task.slot.memory if task.slot else 0,
                }
                for task in desk.tasks()
                if task.act is Act.RUN
            ],
            waiting=desk.waiting_runs,
            workers=slots.count,
            memory=slots.memory,
            memory_taken=slots.taken,
            restarts=slots.restarts,
            transactions=self._metrics.sent,
            errors=[asdict(trouble) for trouble in self._troubles.last()],
            walls=self._walls,
        )

    @staticmethod
    def _slashed(journal: Journal) -> Counter[str]:
        """Base units lost, by fault."""
        lost: Counter[str] = Counter()
        for slash in journal.slashed():
            lost[slash.fault] += slash.amount
        return lost
