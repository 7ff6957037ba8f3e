"""Tables of the follower: which blocks were taken in, and what each of them changed."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel


class Block(SQLModel, table=True):
    """The header of a block that was ingested; the newest ones are kept, to find where the chain forked."""

    number: int = Field(primary_key=True, sa_type=BigInteger)
    hash: str
    parent: str
    timestamp: int = Field(sa_type=BigInteger)


class Progress(SQLModel, table=True):
    """One row: whose tables these are, the last block in them, and why no further one is, where one cannot be."""

    id: int = Field(default=1, primary_key=True)
    deployment: str
    schema_hash: str
    block: int | None = Field(default=None, sa_type=BigInteger)
    stopped: str | None = Field(default=None, sa_type=Text)


class Change(SQLModel, table=True):
    """One row's state before a block changed it; `before` is None when the row did not exist."""

    block: int = Field(primary_key=True, sa_type=BigInteger)
    sequence: int = Field(primary_key=True)
    entity: str
    key: str = Field(sa_type=Text)
    before: str | None = Field(default=None, sa_type=Text)
