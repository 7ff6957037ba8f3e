"""What a challenger must not forget: its cases, the money that it has put up, and the secret of its draw.

A challenge is noted before it is sent, and where it stands is read from the chain: a process that was killed, at any
point, neither forgets its bond nor puts up another.
"""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from node.executor.durable import Durable

KEPT = 10_000  # cases that ended, the newest


class Stage(StrEnum):
    """How far a case is."""

    SUSPECTED = "suspected"  # to be run again
    DIFFERS = "differs"  # run twice, with an outcome that is not the proposed one
    SENDING = "sending"  # the challenge is being sent, or was when the process ended
    OPEN = "open"  # before the panel
    ENDED = "ended"


class Ending(StrEnum):
    """How a case ended."""

    AGREED = "agreed"  # the outcome came again
    NOT_RUN = "not run"
    TOO_LATE = "too late"
    OTHERS = "others"  # somebody else had it disputed
    REFUSED = "refused"  # by the contract, or for want of money
    WON = "won"
    LOST = "lost"
    UNHEARD = "unheard"  # no panel sat: the bond came back
    UNDECIDED = "undecided"  # the panel had no majority: most of the bond came back


MONEY = (Stage.SENDING, Stage.OPEN)
"""Stages in which a bond is up."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cases (
    job_id INTEGER PRIMARY KEY,
    spec_hash BLOB NOT NULL,
    proposed BLOB NOT NULL,
    reason TEXT NOT NULL,
    stage TEXT NOT NULL DEFAULT 'suspected',
    outcome BLOB NOT NULL DEFAULT x'',
    bond INTEGER NOT NULL DEFAULT 0,
    tx TEXT NOT NULL DEFAULT '',
    ending TEXT NOT NULL DEFAULT '',
    told TEXT NOT NULL DEFAULT '',
    reward INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS cases_by_stage ON cases (stage);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Case:
    """One proposed job that is, or was, looked into; the fields are the columns of the table, in its order.

    Attributes:
        spec_hash, proposed: of the job and of its outcome as it was proposed.
        outcome: what it came to here, twice; empty before.
        bond, reward: base units of the stake token.
        told: why it ended so, where that is not plain.
    """

    job_id: int
    spec_hash: bytes
    proposed: bytes
    reason: str
    stage: Stage = Stage.SUSPECTED
    outcome: bytes = b""
    bond: int = 0
    tx: str = ""
    ending: str = ""
    told: str = ""
    reward: int = 0


class Casebook(Durable):
    """The casebook in the operator's home.

    Attributes:
        secret: 32 bytes of this operator alone.
    """

    kind = "casebook"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.secret = self._fact("secret")

    def _make(self) -> None:
        self._script(_SCHEMA)
        self._db.execute("INSERT INTO facts VALUES ('secret', ?) ON CONFLICT DO NOTHING", (secrets.token_bytes(32),))

    def get(self, job_id: int) -> Case | None:
        row = self._db.execute("SELECT * FROM cases WHERE job_id = ?", (job_id,)).fetchone()
        return _case(row) if row else None

    def active(self) -> list[Case]:
        """Cases that have not ended, oldest first."""
        return [_case(row) for row in self._db.execute("SELECT * FROM cases WHERE stage != 'ended' ORDER BY job_id")]

    def bonds(self) -> int:
        """What its challenges under way have put up, or may have."""
        told = "SELECT coalesce(sum(bond), 0) FROM cases WHERE stage IN (?, ?)"
        return int(self._db.execute(told, MONEY).fetchone()[0])

    def endings(self) -> dict[str, int]:
        """Ending -> number of cases."""
        return dict(self._db.execute("SELECT ending, count(*) FROM cases WHERE stage = 'ended' GROUP BY ending"))

    def rewards(self) -> int:
        """Base units earned beside the bonds that came back."""
        return int(self._db.execute("SELECT coalesce(sum(reward), 0) FROM cases").fetchone()[0])

    def open(self, case: Case) -> None:
        """Notes a suspicion; one of the same job that stood for another outcome is replaced."""
        values = (case.job_id, case.spec_hash, case.proposed, case.reason)
        self._write("INSERT OR REPLACE INTO cases (job_id, spec_hash, proposed, reason) VALUES (?, ?, ?, ?)", values)

    def forget(self, job_id: int) -> None:
        self._write("DELETE FROM cases WHERE job_id = ?", (job_id,))

    def differs(self, job_id: int, outcome: bytes) -> None:
        self._write("UPDATE cases SET stage = 'differs', outcome = ? WHERE job_id = ?", (outcome, job_id))

    def sending(self, job_id: int, bond: int) -> None:
        self._write("UPDATE cases SET stage = 'sending', bond = ? WHERE job_id = ?", (bond, job_id))

    def opened(self, job_id: int, bond: int, tx: str = "") -> None:
        """Notes that the chain has the challenge; `tx` is empty where an earlier process sent it."""
        told = "UPDATE cases SET stage = 'open', bond = ?, tx = max(tx, ?) WHERE job_id = ? AND stage != 'ended'"
        self._write(told, (bond, tx, job_id))

    def end(self, job_id: int, ending: Ending, told: str = "", *, reward: int = 0) -> None:
        with self._transaction():
            self._db.execute(
                "UPDATE cases SET stage = 'ended', ending = ?, told = ?, reward = ? WHERE job_id = ?",
                (ending.value, told, reward, job_id),
            )
            self._db.execute(
                "DELETE FROM cases WHERE stage = 'ended' AND ending NOT IN ('won', 'lost') AND job_id <= "
                "(SELECT max(job_id) FROM cases) - ?",
                (KEPT,),
            )

    @property
    def stopped(self) -> str:
        """Why it challenges no more; empty while it does."""
        return self._fact("stopped").decode()

    def stop(self, why: str) -> None:
        """Challenges no more, or with an empty reason again; noted for later processes."""
        self._write("INSERT OR REPLACE INTO facts VALUES ('stopped', ?)", (why.encode(),))

    def _fact(self, name: str) -> bytes:
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return bytes(row[0]) if row else b""


_Row = tuple[int, bytes, bytes, str, str, bytes, int, str, str, str, int]


def _case(row: _Row) -> Case:
    job_id, spec_hash, proposed, reason, stage = row[:5]
    return Case(job_id, spec_hash, proposed, reason, Stage(stage), *row[5:])
