"""Tables of the SearchMarket and the WindowRegistry."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from indexer.amount import Amount


class Search(SQLModel, table=True):
    """`status` is Open until it is Final or Failed: what is between follows from the time and the window.

    The window's content begins at second `start` and ends before `end`. `template` are the pieces of the scoring jobs'
    spec, joined by commas. `held` is what of the stake token the ledger holds for it: the reward, and bonds.
    """

    id: int = Field(primary_key=True, sa_type=BigInteger)
    requester: str = Field(index=True)
    window_key: str = Field(index=True)
    venue: str = Field(index=True)
    symbol: str
    start: int = Field(sa_type=BigInteger)
    end: int = Field(sa_type=BigInteger)
    version_id: int = Field(index=True, sa_type=BigInteger)
    fuel: int = Field(sa_type=BigInteger)
    fee: int = Field(sa_type=Amount)
    assurance_ppm: int
    n: int
    k: int
    reward: int = Field(sa_type=Amount)
    bond: int = Field(sa_type=Amount)
    commit_by: int = Field(sa_type=BigInteger)
    template: str = Field(sa_type=Text)
    held: int = Field(sa_type=Amount)
    status: str = Field(index=True)
    committed: int = 0
    revealed: int = 0
    scored: int = 0
    best: int | None = None
    solver: str | None = Field(default=None, index=True)
    failure: str | None = Field(default=None, index=True)
    burned: int = Field(default=0, sa_type=Amount)
    posted_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, index=True, sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Candidate(SQLModel, table=True):
    """Settings that a solver committed to; `score_bits` are the 64 bits of an IEEE 754 double, big-endian."""

    search_id: int = Field(primary_key=True, sa_type=BigInteger)
    number: int = Field(primary_key=True, sa_type=BigInteger)
    solver: str = Field(index=True)
    commitment: str
    status: str = Field(index=True)
    settings: str | None = Field(default=None, sa_type=Text)
    spec_hash: str | None = Field(default=None, index=True)
    job_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    score_bits: str | None = None
    committed_at: int = Field(sa_type=BigInteger)
    revealed_at: int | None = Field(default=None, sa_type=BigInteger)
    scored_at: int | None = Field(default=None, sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Window(SQLModel, table=True):
    """A window that a recorder has committed to; `cid_digest` is its table's, once it is recorded.

    `status` is Committing, Revealing, Recorded or Failed. The first two also end by time, which no log tells.
    """

    key: str = Field(primary_key=True)
    venue: str = Field(index=True)
    symbol: str = Field(index=True)
    start: int = Field(sa_type=BigInteger)
    end: int = Field(sa_type=BigInteger)
    status: str = Field(index=True)
    commit_by: int = Field(sa_type=BigInteger)
    cid_digest: str | None = Field(default=None, index=True)
    recorded_at: int | None = Field(default=None, sa_type=BigInteger)
    closed_at: int | None = Field(default=None, sa_type=BigInteger)
    burned: int = Field(default=0, sa_type=Amount)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Recording(SQLModel, table=True):
    """What one recorder said of a window; `lost` is what it lost of its bond for saying otherwise, or nothing."""

    window_key: str = Field(primary_key=True)
    recorder: str = Field(primary_key=True, index=True)
    commitment: str
    cid_digest: str | None = None
    lost: int = Field(default=0, sa_type=Amount)
    committed_at: int = Field(sa_type=BigInteger)
    revealed_at: int | None = Field(default=None, sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Recorder(SQLModel, table=True):
    """An account that records windows, or did; `bond` is all of it, free or tied to windows."""

    address: str = Field(primary_key=True)
    listed: bool = False
    bond: int = Field(default=0, sa_type=Amount)
    lost: int = Field(default=0, sa_type=Amount)
    block: int = Field(sa_type=BigInteger)
    tx: str
