"""Tables of the AssurancePool."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from indexer.amount import Amount


class Pool(SQLModel, table=True):
    """The pool that pays for checking, in base units of the stake token."""

    address: str = Field(primary_key=True)
    balance: int = Field(default=0, sa_type=Amount)
    deposited: int = Field(default=0, sa_type=Amount)
    spent: int = Field(default=0, sa_type=Amount)


class PoolEntry(SQLModel, table=True):
    """Money into the pool (Deposited, by `account`) or out of it (Spent, to `account`, for a job)."""

    block: int = Field(primary_key=True, sa_type=BigInteger)
    log_index: int = Field(primary_key=True)
    kind: str = Field(index=True)
    account: str = Field(index=True)
    job_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    amount: int = Field(sa_type=Amount)
    balance: int = Field(sa_type=Amount)
    time: int = Field(sa_type=BigInteger)
    tx: str


class Canary(SQLModel, table=True):
    """A committed answer to a job yet to be posted, sent by `sponsor`; the rest is known once it is opened."""

    block: int = Field(primary_key=True, sa_type=BigInteger)
    log_index: int = Field(primary_key=True)
    commitment: str = Field(index=True)
    sponsor: str = Field(index=True)
    first_job_id: int = Field(sa_type=BigInteger)
    committed_at: int = Field(sa_type=BigInteger)
    job_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    requester: str | None = Field(default=None, index=True)
    right: bool | None = None
    paid_back: int = Field(default=0, sa_type=Amount)
    opened_at: int | None = Field(default=None, sa_type=BigInteger)
    tx: str
