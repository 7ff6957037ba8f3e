"""What an operator must not forget: its duties, its salts and outcomes, and how far it has read the chain.

The chain is the authority on where a job or a panel is. The journal keeps what the chain does not: the spec as it was
posted, and the salt and outcome behind a commitment. These are on disk before the commitment is sent, so a process
killed at any point reveals after its restart what it committed to before. A panel runs the spec of its job, with a salt
and an outcome of its own.
"""

from collections.abc import Iterable

from node.executor.durable import Durable
from node.executor.duty import Contract, Duty
from node.executor.entry import Called, Ended, Entry, Posted, Slash, Stage

__all__ = ["Called", "Ended", "Entry", "Journal", "Posted", "Slash", "Stage"]

KEPT_BLOCKS = 256  # hashes kept to find the fork of a reorganisation
VERSION = 2  # of the tables
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
    done_time INTEGER NOT NULL DEFAULT 0,
    ending TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (contract, number)
) STRICT;
CREATE INDEX IF NOT EXISTS duties_by_stage ON duties (stage);
CREATE TABLE IF NOT EXISTS blocks (number INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS slashes (
    block INTEGER NOT NULL,
    log_index INTEGER NOT NULL,
    job_id INTEGER NOT NULL,
    fault TEXT NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (block, log_index)
) STRICT;
CREATE VIEW IF NOT EXISTS closed AS SELECT contract, number, document, done_time FROM duties
    WHERE stage = 'done' AND done_time > 0 AND job_id NOT IN (SELECT job_id FROM duties WHERE stage != 'done');
"""

_ADDED = (  # to the tables of version 1, in which the version was not noted
    "ALTER TABLE duties ADD COLUMN done_time INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE duties ADD COLUMN ending TEXT NOT NULL DEFAULT ''",
)

_POSTED, _CALLED = (
    f"INSERT INTO duties (contract, number, job_id, block, spec) {rows} "
    "ON CONFLICT (contract, number) DO UPDATE SET job_id = excluded.job_id, block = excluded.block, "
    "spec = excluded.spec, stage = 'seen', kind = 0, document = x'', salt = x'', outcome_hash = x'', commit_tx = '', "
    "reveal_tx = '', attempts = 0, error = '', reason = '', done_block = 0, done_time = 0, ending = '' "
    "WHERE spec != excluded.spec"
    for rows in (
        "VALUES ('job', ?, ?, ?, ?)",
        "SELECT 'panel', ?, number, ?, spec FROM duties WHERE contract = 'job' AND number = ?",
    )
)


class Journal(Durable):
    """The journal in the operator's home.

    What ended stays so, whatever is noted of it afterwards: the last reveal of a panel ends it before its sender knows.
    """

    kind = "journal"

    def _make(self) -> None:
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        there = self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'duties'").fetchone()
        if there and not version:
            for statement in _ADDED:
                self._db.execute(statement)
        self._script(_SCHEMA)
        self._db.execute(f"PRAGMA user_version = {VERSION}")

    def size(self) -> int:
        """Bytes on disk, its log included."""
        return sum(file.stat().st_size for file in (self.path, self._log()) if file.exists())

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
        *,
        slashed: Iterable[Slash] = (),
        time: int = 0,
    ) -> None:
        """Notes in one step what the blocks up to `number` tell, and that the chain was read so far.

        Args:
            posted: jobs posted in them.
            called: panels called in them, of jobs posted before.
            ended: duties that ended in them.
            slashed: what this operator lost in them.
            time: of the last of them, in seconds.

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
                "UPDATE duties SET stage = 'done', done_block = ?, done_time = ?, ending = ? "
                "WHERE contract = ? AND number = ?",
                [(end.block, time, end.ending, *end.duty) for end in ended],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO slashes VALUES (?, ?, ?, ?, ?)",
                [(each.block, each.log_index, each.job_id, each.fault, each.amount) for each in slashed],
            )
            self._db.execute("INSERT OR REPLACE INTO blocks VALUES (?, ?)", (number, block_hash))
            self._db.execute("DELETE FROM blocks WHERE number <= ?", (number - KEPT_BLOCKS,))

    def rewind(self, number: int) -> None:
        """Forgets the blocks above `number`, which the chain dropped, and watches again what ended in them."""
        with self._transaction():
            self._db.execute("DELETE FROM blocks WHERE number > ?", (number,))
            self._db.execute("DELETE FROM slashes WHERE block > ?", (number,))
            self._db.execute(
                "UPDATE duties SET stage = CASE salt WHEN x'' THEN 'seen' ELSE 'ready' END, done_block = 0, "
                "done_time = 0, ending = '' WHERE stage = 'done' AND done_block > ?",
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

    def endings(self, contract: Contract) -> dict[str, int]:
        """Ending -> number of the duties that ended so and had an outcome of this operator."""
        told = (
            "SELECT ending, count(*) FROM duties WHERE contract = ? AND stage = 'done' AND salt != x'' GROUP BY ending"
        )
        return dict(self._db.execute(told, (contract,)))

    def slashed(self) -> list[Slash]:
        """What this operator lost, oldest first."""
        rows = self._db.execute("SELECT block, log_index, job_id, fault, amount FROM slashes ORDER BY block, log_index")
        return [Slash(*row) for row in rows]

    def documents(self, before: int) -> tuple[list[bytes], list[bytes]]:
        """The outcomes of the duties that `prune` would keep, and of those that it would forget."""
        gone = self._db.execute("SELECT document FROM closed WHERE done_time < ? AND document != x''", (before,))
        kept = self._db.execute(
            "SELECT document FROM duties WHERE document != x'' "
            "AND (contract, number) NOT IN (SELECT contract, number FROM closed WHERE done_time < ?)",
            (before,),
        )
        return [document for (document,) in kept], [document for (document,) in gone]

    def specs(self) -> list[bytes]:
        """The specs of all duties that are kept."""
        return [spec for (spec,) in self._db.execute("SELECT DISTINCT spec FROM duties")]

    def prune(self, before: int, now: int) -> int:
        """Forgets the duties that had ended before that chain time, in seconds, and returns how many they were.

        Nothing can come of them: what has ended is neither demanded nor disputed. `before` leaves time in which the
        chain may drop the end itself. A job is kept while a panel of it goes on.
        """
        with self._transaction():
            # Of journals from before the time was noted.
            self._db.execute("UPDATE duties SET done_time = ? WHERE stage = 'done' AND done_time = 0", (now,))
            pruned = self._db.execute(
                "DELETE FROM duties WHERE (contract, number) IN "
                "(SELECT contract, number FROM closed WHERE done_time < ?)",
                (before,),
            ).rowcount
        with self._told():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return pruned

    def ready(
        self, duty: Duty, kind: int, document: bytes, outcome_hash: bytes, salt: bytes, *, reason: str = ""
    ) -> None:
        """Keeps an outcome and its salt. Never replaces one: what was committed must be what is revealed."""
        self._write(
            "UPDATE duties SET stage = 'ready', kind = ?, document = ?, outcome_hash = ?, salt = ?, attempts = 0, "
            "error = '', reason = ? WHERE contract = ? AND number = ? AND salt = x'' AND stage != 'done'",
            (kind, document, outcome_hash, salt, reason, *duty),
        )

    def committed(self, duty: Duty, tx: str = "") -> None:
        """Notes that the chain has the commitment; `tx` is empty where an earlier process sent it."""
        self._write(
            "UPDATE duties SET stage = iif(stage = 'done', stage, 'committed'), commit_tx = max(commit_tx, ?), "
            "attempts = 0, error = '' WHERE contract = ? AND number = ?",
            (tx, *duty),
        )

    def revealed(self, duty: Duty, tx: str = "") -> None:
        """Notes that the chain has the outcome; `tx` is empty where an earlier process sent it."""
        self._write(
            "UPDATE duties SET stage = iif(stage = 'done', stage, 'revealed'), reveal_tx = max(reveal_tx, ?), "
            "attempts = 0, error = '' WHERE contract = ? AND number = ?",
            (tx, *duty),
        )

    def abstained(self, duty: Duty, reason: str) -> None:
        self._write(
            "UPDATE duties SET stage = 'abstained', reason = ? WHERE contract = ? AND number = ? AND stage != 'done'",
            (reason, *duty),
        )

    def failed(self, duty: Duty, error: str, *, counted: bool) -> None:
        """Notes an act that failed, as one attempt if it is `counted`."""
        self._write(
            "UPDATE duties SET attempts = attempts + ?, error = ? WHERE contract = ? AND number = ?",
            (int(counted), error, *duty),
        )


_Row = tuple[str, int, int, int, bytes, str, int, bytes, bytes, bytes, str, str, int, str, str, int, int, str]


def _entry(row: _Row) -> Entry:
    contract, number, job_id, block, spec, stage = row[:6]
    return Entry(Contract(contract), number, job_id, block, spec, Stage(stage), *row[6:])
