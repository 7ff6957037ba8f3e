"""Tables of the LicenseMarket."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from indexer.amount import Amount


class Offer(SQLModel, table=True):
    """`sells` is Nothing, Licenses, Runs or Both. Duration and trial are in seconds; zero is for ever, and no trial."""

    id: int = Field(primary_key=True, sa_type=BigInteger)
    version_id: int = Field(index=True, sa_type=BigInteger)
    token: str
    sells: str
    price: int = Field(sa_type=Amount)
    duration: int = Field(sa_type=BigInteger)
    trial: int
    per_run_price: int = Field(sa_type=Amount)
    referral_bps: int
    resale_bps: int
    set_at: int = Field(sa_type=BigInteger)
    block: int = Field(sa_type=BigInteger)
    tx: str


class License(SQLModel, table=True):
    """`expiry` zero is perpetual. `price` and `token` are those of the purchase; `expiry` moves with each renewal.

    `refundable_until` is zero where there was no trial, and from the moment on in which it ended by use or release.
    `owner` is None once the license is refunded, which burns it. `referral` is what of the price is the referrer's: at
    once, or when a trial ends without a refund.
    """

    id: int = Field(primary_key=True, sa_type=BigInteger)
    offer_id: int = Field(index=True, sa_type=BigInteger)
    version_id: int = Field(index=True, sa_type=BigInteger)
    buyer: str = Field(index=True)
    owner: str | None = Field(index=True)
    referrer: str | None = Field(default=None, index=True)
    referral: int = Field(default=0, sa_type=Amount)
    token: str
    price: int = Field(sa_type=Amount)
    expiry: int = Field(index=True, sa_type=BigInteger)
    refundable_until: int = Field(sa_type=BigInteger)
    purchased_at: int = Field(sa_type=BigInteger)
    released_at: int | None = Field(default=None, sa_type=BigInteger)
    refunded_at: int | None = Field(default=None, sa_type=BigInteger)
    renewal_count: int = 0
    block: int = Field(sa_type=BigInteger)
    tx: str


class Renewal(SQLModel, table=True):
    """`expiry` is that of the license from here on."""

    block: int = Field(primary_key=True, sa_type=BigInteger)
    log_index: int = Field(primary_key=True)
    license_id: int = Field(index=True, sa_type=BigInteger)
    payer: str = Field(index=True)
    price: int = Field(sa_type=Amount)
    expiry: int = Field(sa_type=BigInteger)
    time: int = Field(sa_type=BigInteger)
    tx: str
