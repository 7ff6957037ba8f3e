"""Settings, read once at the edge from `FUSION_*` variables and passed in."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _cache() -> Path:
    return Path.home() / ".cache" / "fusion"


class Settings(BaseSettings):
    """Every setting of Fusion; `FUSION_HOME=/srv/fusion` sets `home`, and so on."""

    model_config = SettingsConfigDict(env_prefix="FUSION_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: Path.home() / ".fusion", description="Everything Fusion keeps.")
    cache: Path = Field(default_factory=_cache, description="What can be made again: compiled sandbox images.")
    network: str = Field(
        default="local",
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$",
        description="Which deployment is used; see `fusion deploy`.",
    )
    rpc: str = Field(default="http://127.0.0.1:8545", description="JSON-RPC endpoint of the chain.")
    max_fee: Decimal = Field(
        default=Decimal(500),
        gt=0,
        le=1_000_000,
        decimal_places=9,
        description="The most that a transaction offers for its gas, in gwei; while gas costs more, it waits.",
    )
    signer: str = Field(
        default="",
        description="External signer, a URL of JSON-RPC; `--as 0x...` signs there with that address.",
    )
    password_file: Path | None = Field(
        default=None, description="File of mode 0600 with the password of keystores that have none beside them."
    )
    challenge_window: int = Field(
        default=2,
        ge=1,
        le=86_400,
        description="Seconds in which a proposed job of the local network may be challenged.",
    )
    api_host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    api_port: int = Field(default=8000, ge=1, le=65535, description="Port the API listens on.")
    gateways: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Trustless gateways, as a JSON list."
    )
    database: str = Field(default="", description="SQLAlchemy URL of the index; empty means a SQLite file in `home`.")
    feed: str = Field(default="simulated", description="Market data of the demo: `simulated` or `<venue>:<file>`.")
    stream: str = Field(default="", description="Stream of a recorder that the API passes on, as ws://HOST:PORT/PATH.")
    exchange_host: str = Field(default="127.0.0.1", description="Address the virtual exchange listens on.")
    exchange_port: int = Field(default=8090, ge=1, le=65535, description="Port the virtual exchange listens on.")
    exchange_sync: bool = Field(
        default=False,
        description="Whether an order is answered only when the disk has it; without, it outlives a crash of the "
        "exchange and not a power cut.",
    )
    exchange_snapshot: int = Field(
        default=200_000, ge=1000, description="Rows of the exchange's journal after which there is a new snapshot."
    )
    exchange_keep: int = Field(
        default=4096, ge=64, description="MiB that the exchange's log, journal and snapshots may have; the oldest go."
    )
    exchange_weight: int = Field(
        default=6000, ge=1, description="Weight of requests that an address may ask of the exchange in a minute."
    )
    exchange_orders: int = Field(
        default=100, ge=1, description="New orders that an account may give in ten seconds; in a day 2,000 times that."
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="WARNING", description="Least level logged."
    )

    @field_validator("gateways", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """The list that a variable's text holds; read here, so that what is wrong with it is told in our words."""
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except ValueError:
            found = None
        if isinstance(found, list | tuple) and all(isinstance(each, str) for each in found):
            return tuple(found)
        raise ValueError('give a JSON list, such as ["https://example.org/ipfs"]')

    @property
    def deployment(self) -> Path:
        """The record of the network in use: chain id, contract addresses, first block."""
        return self.deployment_of(self.network)

    def deployment_of(self, network: str) -> Path:
        """The record of a network by its name."""
        return self.home / "deployment.json" if network == "local" else self.home / "deployments" / f"{network}.json"

    @property
    def keys(self) -> Path:
        """Encrypted keystores, and password files of mode 0600 for local accounts."""
        return self.home / "keys"

    @property
    def max_fee_wei(self) -> int:
        """`max_fee` in wei a gas."""
        return int(self.max_fee * 10**9)

    @property
    def content(self) -> Path:
        """The block store of this user."""
        return self.home / "content"

    def exchange(self, port: int) -> Path:
        """The home of the virtual exchange of a port."""
        return self.home / "exchange" / str(port)

    @property
    def index(self) -> str:
        """The SQLAlchemy URL of the index."""
        return self.database or f"sqlite:///{self.home / 'index.sqlite'}"

    @property
    def images(self) -> Path:
        """Compiled sandbox images, by hash."""
        return self.cache / "images"

    @property
    def api_url(self) -> str:
        """Where the API answers."""
        return f"http://{self.api_host}:{self.api_port}"
