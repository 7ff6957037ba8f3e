"""Tables of the JobMarket and the Panel."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from indexer.amount import Amount


class Job(SQLModel, table=True):
    """`license_id` None is a run paid by itself. `deadline` is the present phase's end, zero where none runs.

    `held` is what of the stake token the ledger holds for this job: the jobFee, a bond, the deposit of an open demand.
    `votes` are those for the outcome: of the job's seats, or of the panel that decided. `verified` is set when more
    than one operator found the final outcome. `panel_id` is the newest panel or audit.
    """

    id: int = Field(primary_key=True, sa_type=BigInteger)
    requester: str = Field(index=True)
    version_id: int = Field(index=True, sa_type=BigInteger)
    license_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    offer_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    n: int
    k: int
    fuel: int = Field(sa_type=BigInteger)
    fee: int = Field(sa_type=Amount)
    value: int = Field(default=0, sa_type=Amount)
    assurance_ppm: int = 0
    royalty: int = Field(sa_type=Amount)
    royalty_token: str | None = None
    held: int = Field(default=0, sa_type=Amount)
    spec_hash: str
    spec: str = Field(sa_type=Text)
    status: str = Field(index=True)
    ready_block: int = Field(sa_type=BigInteger)
    deadline: int = Field(sa_type=BigInteger)
    lock: int = Field(default=0, sa_type=Amount)
    redraws: int = 0
    demands: int = 0
    panel_id: int | None = Field(default=None, sa_type=BigInteger)
    challenger: str | None = Field(default=None, index=True)
    bond: int = Field(default=0, sa_type=Amount)
    kind: str | None = None
    outcome_hash: str | None = None
    votes: int = 0
    verified: bool = False
    failure: str | None = Field(default=None, index=True)
    refund: int = Field(default=0, sa_type=Amount)
    royalty_refund: int = Field(default=0, sa_type=Amount)
    posted_at: int = Field(sa_type=BigInteger)
    ended_at: int | None = Field(default=None, sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Seat(SQLModel, table=True):
    """An operator's place in a job or in one of its panels, and its attestation.

    `panel_id` zero is the job itself. `position` None is a silent seat whose place another operator was drawn for.
    `agreed` tells, of a final job, whether the outcome attested is the final one. `paid` is a share of the jobFee.
    """

    job_id: int = Field(primary_key=True, sa_type=BigInteger)
    panel_id: int = Field(default=0, primary_key=True, index=True, sa_type=BigInteger)
    operator: str = Field(primary_key=True, index=True)
    position: int | None
    commitment: str | None = None
    kind: str | None = None
    outcome_hash: str | None = None
    outcome: str | None = Field(default=None, sa_type=Text)
    agreed: bool | None = None
    paid: bool = False
    fault: str | None = Field(default=None, index=True)
    assigned_at: int = Field(sa_type=BigInteger)
    committed_at: int | None = Field(default=None, sa_type=BigInteger)
    revealed_at: int | None = Field(default=None, sa_type=BigInteger)


class Panel(SQLModel, table=True):
    """Fresh operators who run a job again; an audit is one operator.

    `cause` is Audit, NoQuorum, Mismatch (an auditor found another outcome), Challenge or Canary (without a bond).
    `disputed_hash` is the outcome that k seats had agreed on when it was called. The verdict's amounts are of the stake
    token.
    """

    id: int = Field(primary_key=True, sa_type=BigInteger)
    job_id: int = Field(index=True, sa_type=BigInteger)
    cause: str = Field(index=True)
    challenger: str | None = Field(default=None, index=True)
    bond: int = Field(default=0, sa_type=Amount)
    disputed_hash: str | None = None
    status: str = Field(index=True)
    size: int = 0
    lock: int = Field(default=0, sa_type=Amount)
    ready_block: int = Field(sa_type=BigInteger)
    deadline: int = Field(sa_type=BigInteger)
    kind: str | None = None
    outcome_hash: str | None = None
    votes: int = 0
    slashed: int = Field(default=0, sa_type=Amount)
    to_panel: int = Field(default=0, sa_type=Amount)
    to_challenger: int = Field(default=0, sa_type=Amount)
    to_requester: int = Field(default=0, sa_type=Amount)
    burned: int = Field(default=0, sa_type=Amount)
    called_at: int = Field(sa_type=BigInteger)
    decided_at: int | None = Field(default=None, index=True, sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Demand(SQLModel, table=True):
    """A block of a result's table that the requester asked for. The log of `answer_tx` carries its `size` bytes."""

    job_id: int = Field(primary_key=True, sa_type=BigInteger)
    number: int = Field(primary_key=True)
    digest: str = Field(index=True)
    deposit: int = Field(sa_type=Amount)
    deadline: int = Field(sa_type=BigInteger)
    demanded_at: int = Field(sa_type=BigInteger)
    answered_by: str | None = Field(default=None, index=True)
    answered_at: int | None = Field(default=None, index=True, sa_type=BigInteger)
    answer_tx: str | None = None
    size: int | None = None
    block: int = Field(sa_type=BigInteger)
    tx: str
