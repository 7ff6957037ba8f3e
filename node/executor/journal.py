"""What an operator must not forget: its duties, its salts and outcomes, and how far it has read the chain.

The chain is the authority on where a job or a panel is. The journal keeps what the chain does not: the spec as it was
posted, and the salt and outcome behind a commitment. These are on disk before the commitment is sent, so a process
killed at any point reveals after its restart what it committed to before. A panel runs the spec of its job, with a salt
and an outcome of its own.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fusion.errors import BadInput
from node.executor.duty import Contract, Duty

BUSY = 1.0  # seconds to wait for another process to let go of the journal
KEPT_BLOCKS = 256  # hashes kept to find the fork of a reorganisation


class Stage(StrEnum):
    """How far this operator is with a duty."""

    SEEN = "seen"  # posted or called; its spec is known
    READY = "ready"  # outcome and salt are on disk
    COMMITTED = "committed"
    REVEALED = "revealed"
    ABSTAINED = "abstained"  # this operator cannot reveal; `reason` says why
    DONE = "done"  # the job is Final or Failed, the panel Decided


@dataclass(frozen=True, slots=True)
class Posted:
    """A job as its `Posted` log told it."""

    job_id: int
    block: int
    spec: bytes


@dataclass(frozen=True, slots=True)
class Called:
    """A panel as its `Called` log told it."""

    panel_id: int
    job_id: int
    block: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A duty that ended in `block`."""

    duty: Duty
    block: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One duty of this operator; the fields are the columns of the table, in its order.

    Attributes:
        number: id of the job or the panel.
        job_id: the job that is run.
        block: number of the block that posted or called it.
        kind: OutcomeKind of the outcome, 0 before there is one.
        document: canonical outcome, as it will be revealed.
        attempts: counted acts that failed since the last one that went well.
        error: what failed last.
        reason: why it was declined or abstained from, empty where it was not.
        done_block: block in which it ended, or 0.
    """

    contract: Contract
    number: int
    job_id: int
    block: int
    spec: bytes
    stage: Stage
    kind: int
    document: bytes
    outcome_hash: bytes
    salt: bytes
    commit_tx: str
    reveal_tx: str
    attempts: int
    error: str
    reason: str
    done_block: int

    @property
    def duty(self) -> Duty:
        return Duty(self.contract, self.number)


_SCHEMA = """
CREATE TABLE IF NOT EXISTS duties (
    contract TEXT NOT NULL,
    number INTEGER NOT NULL,
    job_id INTEGER NOT NULL,
    block INTEGER NOT NULL,
    spec BLOB NOT NULL,
    stage TEXT NOT NULL DEFAULT 'seen',
    kind INTEGER NOT NULL DEFAULT 0,
    document BLOB NOT NULL DEFAULT x'',
    outcome_hash BLOB NOT NULL DEFAULT x'',
    salt BLOB NOT NULL DEFAULT x'',
    commit_tx TEXT NOT NULL DEFAULT '',
    reveal_tx TEXT NOT NULL DEFAULT '',
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    done_block INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (contract, number)
) STRICT;
CREATE INDEX IF NOT EXISTS duties_by_stage ON duties (stage);
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;
"""

_POSTED, _CALLED = (
    f"INSERT INTO duties (contract, number, job_id, block, spec) {rows} "
    "ON CONFLICT (contract, number) DO UPDATE SET job_id = excluded.job_id, block = excluded.block, "
    "spec = excluded.spec, stage = 'seen', kind = 0, document = x'', salt = x'', outcome_hash = x'', commit_tx = '', "
    "reveal_tx = '', attempts = 0, error = '', reason = '', done_block = 0 WHERE spec != excluded.spec"
    for rows in (
        "VALUES ('job', ?, ?, ?, ?)",
        "SELECT 'panel', ?, number, ?, spec FROM duties WHERE contract = 'job' AND number = ?",
    )
)


class Journal:
    """A SQLite file in the operator's home, of one thread; each write is on disk when the call returns.

    What ended stays so, whatever is noted of it afterwards: the last reveal of a panel ends it before its sender knows.

    Raises:
        BadInput: another process has it open, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=BUSY)
        try:
            # Two operators with one account would commit to two salts, and one of them could not reveal.
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self._db.close()
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise BadInput(f"{path} is in use: another operator runs with this home; stop it first") from error
            raise BadInput(f"the journal {path} cannot be read ({error}): restore it, or move it away") from error

    def close(self) -> None:
        self._db.close()

    def blocks(self) -> list[tuple[int, str]]:
        """(number, hash) of the last block of each reading, newest first."""
        return list(self._db.execute("SELECT number, hash FROM blocks ORDER BY number DESC"))

    def advance(
        self,
        number: int,
        block_hash: str,
        posted: Iterable[Posted],
        called: Iterable[Called] = (),
        ended: Iterable[Ended] = (),
    ) -> None:
        """Notes in one step what the blocks up to `number` tell, and that the chain was read so far.

        Args:
            posted: jobs posted in them.
            called: panels called in them, of jobs posted before.
            ended: duties that ended in them.

        A duty that a reorganisation gave another spec starts anew; with the same spec its outcome still holds.
        """
        with self._transaction():
            self._db.executemany(_POSTED, [(job.job_id, job.job_id, job.block, job.spec) for job in posted])
            for panel in called:
                self._db.execute(_CALLED, (panel.panel_id, panel.block, panel.job_id))
                # Another job with the same spec: what it ran holds, and whose it is now is noted.
                self._db.execute(
                    "UPDATE duties SET job_id = ? WHERE contract = 'panel' AND number = ?",
                    (panel.job_id, panel.panel_id),
                )
            self._db.executemany(
                "UPDATE duties SET stage = 'done', done_block = ? WHERE contract = ? AND number = ?",
                [(end.block, *end.duty) for end in ended],
            )
            self._db.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?)", (number, block_hash))
            self._db.execute("DELETE FROM blocks WHERE number <= ?", (number - KEPT_BLOCKS,))

    def rewind(self, number: int) -> None:
        """Forgets the blocks above `number`, which the chain dropped, and watches again what ended in them."""
        with self._transaction():
            self._db.execute("DELETE FROM blocks WHERE number > ?", (number,))
            self._db.execute(
                "UPDATE duties SET stage = CASE salt WHEN x'' THEN 'seen' ELSE 'ready' END, done_block = 0 "
                "WHERE stage = 'done' AND done_block > ?",
                (number,),
            )

    def get(self, duty: Duty) -> Entry | None:
        row = self._db.execute("SELECT * FROM duties WHERE contract = ? AND number = ?", duty).fetchone()
        return _entry(row) if row else None

    def active(self) -> list[Entry]:
        """Duties that have not ended, oldest first; one without this operator's vote is still watched."""
        rows = self._db.execute("SELECT * FROM duties WHERE stage != 'done' ORDER BY job_id, contract, number")
        return [_entry(row) for row in rows]

    def counts(self, contract: Contract) -> dict[str, int]:
        """Stage -> number of duties."""
        told = "SELECT stage, count(*) FROM duties WHERE contract = ? GROUP BY stage"
        counted = dict(self._db.execute(told, (contract,)))
        return {stage.value: counted.get(stage.value, 0) for stage in Stage}

    def ready(
        self, duty: Duty, kind: int, document: bytes, outcome_hash: bytes, salt: bytes, *, reason: str = ""
    ) -> None:
        """Keeps an outcome and its salt. Never replaces one: what was committed must be what is revealed."""
        self._db.execute(
            "UPDATE duties SET stage = 'ready', kind = ?, document = ?, outcome_hash = ?, salt = ?, attempts = 0, "
            "error = '', reason = ? WHERE contract = ? AND number = ? AND salt = x'' AND stage != 'done'",
            (kind, document, outcome_hash, salt, reason, *duty),
        )

    def committed(self, duty: Duty, tx: str = "") -> None:
        """Notes that the chain has the commitment; `tx` is empty where an earlier process sent it."""
        self._db.execute(
            "UPDATE duties SET stage = iif(stage = 'done', stage, 'committed'), commit_tx = max(commit_tx, ?), "
            "attempts = 0, error = '' WHERE contract = ? AND number = ?",
            (tx, *duty),
        )

    def revealed(self, duty: Duty, tx: str = "") -> None:
        """Notes that the chain has the outcome; `tx` is empty where an earlier process sent it."""
        self._db.execute(
            "UPDATE duties SET stage = iif(stage = 'done', stage, 'revealed'), reveal_tx = max(reveal_tx, ?), "
            "attempts = 0, error = '' WHERE contract = ? AND number = ?",
            (tx, *duty),
        )

    def abstained(self, duty: Duty, reason: str) -> None:
        self._db.execute(
            "UPDATE duties SET stage = 'abstained', reason = ? WHERE contract = ? AND number = ? AND stage != 'done'",
            (reason, *duty),
        )

    def failed(self, duty: Duty, error: str, *, counted: bool) -> None:
        """Notes an act that failed, as one attempt if it is `counted`."""
        self._db.execute(
            "UPDATE duties SET attempts = attempts + ?, error = ? WHERE contract = ? AND number = ?",
            (int(counted), error, *duty),
        )

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("BEGIN IMMEDIATE")
        return self._db  # as a context manager it commits, or rolls back on an exception


def _entry(row: tuple[str, int, int, int, bytes, str, int, bytes, bytes, bytes, str, str, int, str, str, int]) -> Entry:
    contract, number, job_id, block, spec, stage = row[:6]
    return Entry(Contract(contract), number, job_id, block, spec, Stage(stage), *row[6:])
