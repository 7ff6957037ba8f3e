"""Tables of the ModuleRegistry."""

from sqlalchemy import BigInteger, Text
from sqlmodel import Field, SQLModel


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
