"""Tables of the OperatorStaking."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel

from indexer.amount import Amount


class Operator(SQLModel, table=True):
    """An operator, its funds and its record. `unbond_at` is zero when nothing is unbonding.

    `seat_count` counts the seats it was drawn for, in jobs and panels, `agreements` those whose outcome became final,
    `faults` those it was slashed for, and `slashed` is all that was taken.
    """

    address: str = Field(primary_key=True)
    endpoint: str = Field(default="", sa_type=Text)
    free: int = Field(default=0, sa_type=Amount)
    locked: int = Field(default=0, sa_type=Amount)
    unbonding: int = Field(default=0, sa_type=Amount)
    unbond_at: int = Field(default=0, sa_type=BigInteger)
    seat_count: int = 0
    agreements: int = 0
    faults: int = 0
    slashed: int = Field(default=0, sa_type=Amount)
    registered_at: int = Field(sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class Slash(SQLModel, table=True):
    """What an operator lost for a fault: Silent, Withheld or Wrong. `panel_id` None is a seat of the job itself.

    Withheld is also a seat that could not get the inputs, where a panel could.
    """

    block: int = Field(primary_key=True, sa_type=BigInteger)
    log_index: int = Field(primary_key=True)
    operator: str = Field(index=True)
    job_id: int = Field(index=True, sa_type=BigInteger)
    panel_id: int | None = Field(default=None, index=True, sa_type=BigInteger)
    fault: str = Field(index=True)
    lock: int = Field(sa_type=Amount)
    amount: int = Field(sa_type=Amount)
    time: int = Field(sa_type=BigInteger)
    tx: str
