"""Tables of the RevenueLedger."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from indexer.amount import Amount


class Income(SQLModel, table=True):
    """What a version received in a token, net of the protocolFee, and how much of it was settled."""

    version_id: int = Field(primary_key=True, sa_type=BigInteger)
    token: str = Field(primary_key=True)
    received: int = Field(default=0, sa_type=Amount)
    settled: int = Field(default=0, sa_type=Amount)


class Balance(SQLModel, table=True):
    """What an account may claim of a token, and what it has claimed."""

    account: str = Field(primary_key=True)
    token: str = Field(primary_key=True)
    claimable: int = Field(default=0, sa_type=Amount)
    claimed: int = Field(default=0, sa_type=Amount)


class Holding(SQLModel, table=True):
    """What the ledger holds for a market until it is known whose it is: trials, jobs under way, the pool."""

    market: str = Field(primary_key=True)
    token: str = Field(primary_key=True)
    amount: int = Field(default=0, sa_type=Amount)


class Revenue(SQLModel, table=True):
    """One log of the ledger, by its place in the chain.

    `kind` is Credited (version; `fee` is the protocolFee), AccountCredited (account), Settled (version),
    SettledUpstream (version, upstream), Held (account is the market) or Claimed (account, recipient).
    """

    block: int = Field(primary_key=True, sa_type=BigInteger)
    log_index: int = Field(primary_key=True)
    kind: str = Field(index=True)
    token: str
    amount: int = Field(sa_type=Amount)
    fee: int = Field(default=0, sa_type=Amount)
    version_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    upstream_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    account: str | None = Field(default=None, index=True)
    recipient: str | None = None
    time: int = Field(sa_type=BigInteger)
    tx: str = Field(index=True)
