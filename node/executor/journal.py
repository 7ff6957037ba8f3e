"""What an operator must not forget: its jobs, its salts and outcomes, and how far it has read the chain.

The chain is the authority on where a job is. The journal keeps what the chain does not: the spec as it was posted,
and the salt and outcome behind a commitment. These are on disk before the commitment is sent, so a process killed at
any point reveals after its restart what it committed to before.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fusion.errors import BadInput

BUSY = 1.0  # seconds to wait for another process to let go of the journal
KEPT_BLOCKS = 256  # hashes kept to find the fork of a reorganisation


class Stage(StrEnum):
    """How far this operator is with a job."""

    SEEN = "seen"  # posted; its spec is known
    READY = "ready"  # outcome and salt are on disk
    COMMITTED = "committed"
    REVEALED = "revealed"
    ABSTAINED = "abstained"  # this operator gives no vote; `error` says why
    DONE = "done"  # the job is Final or Failed


@dataclass(frozen=True, slots=True)
class Posted:
    """A job as its `Posted` log told it."""

    job_id: int
    block: int
    spec: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One job of this operator; the fields are the columns of the table, in its order.

    Attributes:
        block: number of the block that posted it.
        kind: OutcomeKind of the outcome, 0 before there is one.
        document: canonical outcome, as it will be revealed.
        attempts: counted acts that failed since the last one that went well.
        done_block: block in which the job ended, or 0.
    """

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
    done_block: int


_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    job_id INTEGER PRIMARY KEY,
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
    done_block INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS jobs_by_stage ON jobs (stage);
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;
"""


class Journal:
    """A SQLite file in the operator's home, of one thread; each write is on disk when the call returns.

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
        self, number: int, block_hash: str, posted: Iterable[Posted], ended: Iterable[tuple[int, int]] = ()
    ) -> None:
        """Notes in one step what the blocks up to `number` tell, and that the chain was read so far.

        Args:
            posted: jobs posted in them.
            ended: (job id, block) of jobs that became Final or Failed in them.

        A job that a reorganisation gave another spec starts anew; with the same spec its outcome still holds.
        """
        with self._transaction():
            self._db.executemany(
                "INSERT INTO jobs (job_id, block, spec) VALUES (?, ?, ?) ON CONFLICT (job_id) DO UPDATE SET "
                "block = excluded.block, spec = excluded.spec, stage = 'seen', kind = 0, document = x'', salt = x'', "
                "outcome_hash = x'', commit_tx = '', reveal_tx = '', attempts = 0, error = '', done_block = 0 "
                "WHERE spec != excluded.spec",
                [(job.job_id, job.block, job.spec) for job in posted],
            )
            self._db.executemany(
                "UPDATE jobs SET stage = 'done', done_block = ? WHERE job_id = ?",
                [(block, job) for job, block in ended],
            )
            self._db.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?)", (number, block_hash))
            self._db.execute("DELETE FROM blocks WHERE number <= ?", (number - KEPT_BLOCKS,))

    def rewind(self, number: int) -> None:
        """Forgets the blocks above `number`, which the chain dropped, and watches again what ended in them."""
        with self._transaction():
            self._db.execute("DELETE FROM blocks WHERE number > ?", (number,))
            self._db.execute(
                "UPDATE jobs SET stage = CASE salt WHEN x'' THEN 'seen' ELSE 'ready' END, done_block = 0 "
                "WHERE stage = 'done' AND done_block > ?",
                (number,),
            )

    def get(self, job_id: int) -> Entry | None:
        row = self._db.execute("SELECT * FROM jobs WHERE job_id = ?", (job_id,)).fetchone()
        return _entry(row) if row else None

    def active(self) -> list[Entry]:
        """Jobs that have not ended, oldest first; one without this operator's vote is still watched."""
        return [_entry(row) for row in self._db.execute("SELECT * FROM jobs WHERE stage != 'done' ORDER BY job_id")]

    def counts(self) -> dict[str, int]:
        """Stage -> number of jobs."""
        counted = dict(self._db.execute("SELECT stage, count(*) FROM jobs GROUP BY stage"))
        return {stage.value: counted.get(stage.value, 0) for stage in Stage}

    def ready(self, job_id: int, kind: int, document: bytes, outcome_hash: bytes, salt: bytes) -> None:
        """Keeps an outcome and its salt. Never replaces one: what was committed must be what is revealed."""
        self._db.execute(
            "UPDATE jobs SET stage = 'ready', kind = ?, document = ?, outcome_hash = ?, salt = ?, attempts = 0, "
            "error = '' WHERE job_id = ? AND salt = x''",
            (kind, document, outcome_hash, salt, job_id),
        )

    def committed(self, job_id: int, tx: str = "") -> None:
        """Notes that the chain has the commitment; `tx` is empty where an earlier process sent it."""
        self._db.execute(
            "UPDATE jobs SET stage = 'committed', commit_tx = max(commit_tx, ?), attempts = 0, error = '' "
            "WHERE job_id = ?",
            (tx, job_id),
        )

    def revealed(self, job_id: int, tx: str = "") -> None:
        """Notes that the chain has the outcome; `tx` is empty where an earlier process sent it."""
        self._db.execute(
            "UPDATE jobs SET stage = 'revealed', reveal_tx = max(reveal_tx, ?), attempts = 0, error = '' "
            "WHERE job_id = ?",
            (tx, job_id),
        )

    def abstained(self, job_id: int, reason: str) -> None:
        self._db.execute("UPDATE jobs SET stage = 'abstained', error = ? WHERE job_id = ?", (reason, job_id))

    def failed(self, job_id: int, error: str, *, counted: bool) -> None:
        """Notes an act that failed, as one attempt if it is `counted`."""
        self._db.execute(
            "UPDATE jobs SET attempts = attempts + ?, error = ? WHERE job_id = ?", (int(counted), error, job_id)
        )

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("BEGIN IMMEDIATE")
        return self._db  # as a context manager it commits, or rolls back on an exception


def _entry(row: tuple[int, int, bytes, str, int, bytes, bytes, bytes, str, str, int, str, int]) -> Entry:
    job_id, block, spec, stage = row[:4]
    return Entry(job_id, block, spec, Stage(stage), *row[4:])
