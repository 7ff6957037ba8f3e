"""Pools: which tokens a pool trades, without which its amounts have no unit."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import orjson

from atom.capture import read_whole
from atom.instrument import Instrument, power
from fusion.errors import CaptureError

MAINNET: Final = 1  # Ethereum's chain id
UNNAMED: Final = "pool"  # the symbol where a file of one pool's logs does not tell whose they are

_ADDRESS: Final = re.compile("0x[0-9a-f]{40}")
_SYMBOL: Final = re.compile(r"[A-Za-z0-9.+_]{1,24}")
_MOST_DECIMALS: Final = 77  # 10**78 is beyond 256 bits


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its address, the symbol that it gives itself (anyone may give any), and its decimals."""

    address: str
    symbol: str
    decimals: int


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of two tokens.

    Attributes:
        address: 0x and 40 digits, lower case.
        chain: chain id.
        token0, token1: in the pool's order.
    """

    address: str
    chain: int
    token0: Token
    token1: Token

    @property
    def symbol(self) -> str:
        """Fusion's name: the tokens, and the address, since only that is unique: `USDC-WETH@0x88e6...5640`."""
        where = self.address if self.chain == MAINNET else f"{self.chain}:{self.address}"
        return f"{self.token0.symbol}-{self.token1.symbol}@{where}"

    @property
    def decimals(self) -> tuple[int, int]:
        """Of both tokens."""
        return self.token0.decimals, self.token1.decimals

    def as_dict(self) -> dict[str, Any]:
        """As `read_pools` reads it."""
        return asdict(self)


def instrument(venue: str, address: str, pool: Pool | None) -> Instrument:
    """A pool as an instrument: its tick and lot are one base unit of token 1 and of token 0."""
    if pool is None:
        return Instrument(venue, address, address, Decimal(1), Decimal(1))
    return Instrument(venue, pool.symbol, address, power(pool.token1.decimals), power(pool.token0.decimals))


def read_pools(files: Sequence[Path]) -> dict[str, Pool]:
    """Pools by address from JSON files, each a pool or a list of them, as `fusion atom chain pool --json` prints.

    Raises:
        CaptureError: a file is missing or tells of no pool.
    """
    found: dict[str, Pool] = {}
    for path in files:
        try:
            told = orjson.loads(read_whole(path))
            for each in told if isinstance(told, list) else [told]:
                pool = pool_of(each)
                found[pool.address] = pool
        except (KeyError, TypeError, ValueError) as error:
            what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise CaptureError(f"{path}: no pool as `fusion atom chain pool --json` prints it: {what}") from error
    return found


def pool_of(told: Mapping[str, Any]) -> Pool:
    """A pool from JSON; KeyError, TypeError or ValueError where it is none."""
    chain = told["chain"]
    if type(chain) is not int or not 0 < chain < 2**63:
        raise ValueError(f"{chain!r:.40} is no chain id")
    return Pool(lower(told["address"]), chain, token(**told["token0"]), token(**told["token1"]))


def token(address: object, symbol: object, decimals: object) -> Token:
    """A token; TypeError or ValueError where a part cannot be. A symbol that no path may hold becomes the address."""
    place = lower(address)
    if type(decimals) is not int or not 0 <= decimals <= _MOST_DECIMALS:
        raise ValueError(f"{decimals!r:.40} is no number of decimals")
    named = isinstance(symbol, str) and _SYMBOL.fullmatch(symbol)
    return Token(place, str(symbol) if named else place[:10], decimals)


def lower(text: object) -> str:
    """An address in lower case; TypeError or ValueError where it is none."""
    if not isinstance(text, str):
        raise TypeError(f"{text!r:.60} is no address")
    small = text.lower()
    if not _ADDRESS.fullmatch(small):
        raise ValueError(f"{text!r:.60} is no address; want 0x and 40 hexadecimal digits")
    return small
