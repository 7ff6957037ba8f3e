"""Tables of what the deployment's owner has set."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class Rules(SQLModel, table=True):
    """One row: the protocolFee, the one that follows it from second `next_from` on, and what is paused."""

    id: int = Field(default=1, primary_key=True)
    protocol_fee_bps: int = 0
    next_protocol_fee_bps: int = 0
    next_from: int = Field(default=0, sa_type=BigInteger)
    sales_paused: bool = False
    jobs_paused: bool = False
    searches_paused: bool = False


class Token(SQLModel, table=True):
    """A token that is, or was, allowed for new sales."""

    address: str = Field(primary_key=True)
    allowed: bool
    changed_at: int = Field(sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class OwnerAct(SQLModel, table=True):
    """One act of the owner, or of its guardian, and the contract where it was done.

    `kind` is TokenAllowed (token, enabled), ProtocolFeeSet (bps, effective_at) or PausedSet (enabled).
    """

    block: int = Field(primary_key=True, sa_type=BigInteger)
    log_index: int = Field(primary_key=True)
    kind: str = Field(index=True)
    contract: str = Field(index=True)
    token: str | None = None
    enabled: bool | None = None
    bps: int | None = None
    effective_at: int | None = Field(default=None, sa_type=BigInteger)
    time: int = Field(sa_type=BigInteger)
    tx: str
