"""The tables. Every entity row follows from the chain's logs alone, so a replay gives the same rows.

Amounts are integers in base units of their token; times are seconds of the chain's clock; addresses are checksummed
text; hashes and bytes are hex text with 0x. `block` is the block of the log that made the row.
"""

from sqlalchemy import BigInteger, Table, Text
from sqlmodel import Field, SQLModel

from indexer.amount import Amount


class Module(SQLModel, table=True):
    id: int = Field(primary_key=True, sa_type=BigInteger)
    name: str = Field(sa_type=Text)
    author: str = Field(index=True)
    registered_at: int = Field(sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Version(SQLModel, table=True):
    id: int = Field(primary_key=True, sa_type=BigInteger)
    module_id: int = Field(index=True, sa_type=BigInteger)
    semver: str = Field(sa_type=Text)
    cid_digest: str = Field(index=True)
    plain_digest: str
    access: str
    min_royalty_ppm: int
    deprecated: bool = False
    published_at: int = Field(sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Split(SQLModel, table=True):
    """One row of a version's revenue table: parts per million to an account or to an upstream version."""

    version_id: int = Field(primary_key=True, sa_type=BigInteger)
    position: int = Field(primary_key=True)
    account: str | None = Field(default=None, index=True)
    upstream_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    ppm: int


class Offer(SQLModel, table=True):
    id: int = Field(primary_key=True, sa_type=BigInteger)
    version_id: int = Field(index=True, sa_type=BigInteger)
    token: str
    price: int = Field(sa_type=Amount)
    duration: int = Field(sa_type=BigInteger)
    per_run_price: int = Field(sa_type=Amount)
    active: bool
    set_at: int = Field(sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class License(SQLModel, table=True):
    """`expiry` zero is perpetual. `price`, `token` and `expiry` are the terms at purchase."""

    id: int = Field(primary_key=True, sa_type=BigInteger)
    offer_id: int = Field(index=True, sa_type=BigInteger)
    version_id: int = Field(index=True, sa_type=BigInteger)
    buyer: str = Field(index=True)
    owner: str = Field(index=True)
    token: str
    price: int = Field(sa_type=Amount)
    expiry: int = Field(sa_type=BigInteger)
    purchased_at: int = Field(sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Job(SQLModel, table=True):
    """`license_id` None is a run paid by itself. `deadline` is the present phase's end, zero where none runs."""

    id: int = Field(primary_key=True, sa_type=BigInteger)
    requester: str = Field(index=True)
    version_id: int = Field(index=True, sa_type=BigInteger)
    license_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    n: int
    k: int
    fee: int = Field(sa_type=Amount)
    royalty: int = Field(sa_type=Amount)
    spec_hash: str
    spec: str = Field(sa_type=Text)
    status: str = Field(index=True)
    ready_block: int = Field(sa_type=BigInteger)
    deadline: int = Field(sa_type=BigInteger)
    lock: int = Field(default=0, sa_type=Amount)
    kind: str | None = None
    outcome_hash: str | None = None
    votes: int = 0
    failure: str | None = None
    refund: int = Field(default=0, sa_type=Amount)
    royalty_refund: int = Field(default=0, sa_type=Amount)
    posted_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Seat(SQLModel, table=True):
    """An operator's place in a job and its attestation."""

    job_id: int = Field(primary_key=True, sa_type=BigInteger)
    position: int = Field(primary_key=True)
    operator: str = Field(index=True)
    commitment: str | None = None
    kind: str | None = None
    outcome_hash: str | None = None
    outcome: str | None = Field(default=None, sa_type=Text)
    paid: bool = False
    committed_at: int | None = Field(default=None, sa_type=BigInteger)
    revealed_at: int | None = Field(default=None, sa_type=BigInteger)


class Operator(SQLModel, table=True):
    """An operator and its funds. `unbond_at` is zero when nothing is unbonding."""

    address: str = Field(primary_key=True)
    endpoint: str = Field(default="", sa_type=Text)
    free: int = Field(default=0, sa_type=Amount)
    locked: int = Field(default=0, sa_type=Amount)
    unbonding: int = Field(default=0, sa_type=Amount)
    unbond_at: int = Field(default=0, sa_type=BigInteger)
    registered_at: int = Field(sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


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


class Revenue(SQLModel, table=True):
    """One log of the ledger, by its place in the chain.

    `kind` is Credited (version; `fee` is the protocolFee), AccountCredited (account), Settled (version),
    SettledUpstream (version, upstream) or Claimed (account, recipient).
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


ENTITIES: tuple[type[SQLModel], ...] = (
    Module,
    Version,
    Split,
    Offer,
    License,
    Job,
    Seat,
    Operator,
    Income,
    Balance,
    Revenue,
)


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


def _tables(*entities: type[SQLModel]) -> tuple[Table, ...]:
    return tuple(SQLModel.metadata.tables[entity.__name__.lower()] for entity in entities)


ENTITY_TABLES = _tables(*ENTITIES)
JOURNAL_TABLES = _tables(Block, Change)
TABLES = (*ENTITY_TABLES, *JOURNAL_TABLES, *_tables(Progress))
