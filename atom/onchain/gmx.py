"""GMX v1: the state of its pool by minute, as recorded from the vault, into rows of `pool_state`.

Scales are the vault's: prices, sizes and guaranteed sums in USD x 10**30, pool and reserved amounts in the token's base
units, USDG and GLP in 10**-18. Decimals and which tokens are stable are the vault's settings, which no minute repeats.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from atom.capture import read_whole
from atom.events import Events, Flag, Rows, empty
from atom.instrument import Floats, Instrument, power
from atom.onchain import words
from atom.onchain.sheet import BadCellError, Sheet, matching, nanoseconds
from atom.reader import CaptureRead
from atom.recording import Recording
from fusion.errors import CaptureError

GMX: Final = "gmx_v1"
USD: Final = 10**30  # the vault's unit of money

_PRICE: Final = re.compile(r"(.+)_price")
_WHOLE: Final = r"^[0-9]{1,76}(\.0)?$"  # below 2**255
_SMALL: Final = r"^[0-9]{1,18}(\.0)?$"  # below 2**63
_FLOAT: Final = r"^[0-9]{1,20}(\.[0-9]{1,30})?$"
_OF_TOKEN: Final = ("price", "pool", "reserved", "guaranteed", "usdg", "short_size", "short_average")
_NAMES: Final = {"short_size": "size", "short_average": "average"}
_NEVER_SHORT: Final = ("guaranteed", "short_size", "short_average")  # of a stable token the source has none
_OF_POOL: Final = {"supply": "glp", "aum": "aum", "usdg_supply": "usdg", "reward": "interval"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A token of the vault."""

    decimals: int
    stable: bool = False


_BOTH: Final = {
    "mim": Listed(18, stable=True),
    "usdc": Listed(6, stable=True),
    "usdc.e": Listed(6, stable=True),
    "weth": Listed(18),
    "wbtc": Listed(8),
}
CHAINS: Final[Mapping[int, Mapping[str, Listed]]] = {
    43114: {**_BOTH, "btc.b": Listed(8), "wavax": Listed(18)},
    42161: {
        **_BOTH,
        "link": Listed(18),
        "uni": Listed(18),
        "usdt": Listed(6, stable=True),
        "dai": Listed(18, stable=True),
        "frax": Listed(18, stable=True),
    },
}
"""Tokens of the vaults by chain id: of Avalanche and of Arbitrum."""


def pool_share(chain: int) -> Instrument:
    """GLP of a chain; its lot is one base unit."""
    return Instrument(GMX, f"GLP@{chain}", "GLP", power(0), power(18))


def read_gmx(_venue: str, files: Sequence[Path], _pools: Sequence[Path] = ()) -> CaptureRead:
    """Reads the pool's minutes from CSV files.

    The columns are a time, then of each token `TOKEN_price`, `_pool`, `_reserved`, `_guaranteed`, `_usdg`, `_size` and
    `_average` (of the global short), `_weight`, and of the pool `glp` (supply), `aum`, `usdg`, `interval` (reward a
    second) and `glp_price`.

    Raises:
        CaptureError: a file is missing, cut short, malformed, or of another vault.
    """
    if not files:
        raise CaptureError("no capture was named; give at least one file of the pool's minutes")
    read = [_read(path) for path in files]
    chains = {chain for chain, _ in read}
    if len(chains) > 1:
        raise CaptureError(f"{', '.join(map(str, files))} are of pools on several chains; import each alone")
    rows = np.concatenate([rows for _, rows in read])
    rows = rows[np.argsort(rows["ts_event"], kind="stable")]
    events = Events(pool_share(chains.pop()), empty("book"), empty("trade"), empty("quote"), more={"pool_state": rows})
    messages = int(np.count_nonzero(rows["flags"] & Flag.LAST))
    return CaptureRead((Recording(events, messages=messages, unexplained=0, trades=0, gaps=0),), 0, 0)


def _read(path: Path) -> tuple[int, Rows]:
    sheet = Sheet(path, read_whole(path))
    if not len(sheet):
        raise CaptureError(f"{path}: the capture holds no minute")
    tokens = [match[1] for name in sheet.names if (match := _PRICE.fullmatch(name)) and match[1] != "glp"]
    fits = [chain for chain, listed in CHAINS.items() if tokens and listed.keys() >= set(tokens)]
    if len(fits) != 1:
        raise CaptureError(f"{path}:1: the tokens {', '.join(tokens) or '(none)'} are of no GMX v1 vault that is known")
    listed = CHAINS[fits[0]]
    rows = np.zeros((len(sheet), len(tokens)), empty("pool_state").dtype)
    try:
        rows["ts_event"] = nanoseconds(sheet.column(sheet.names[0]))[:, None]
        rows["ts_recv"] = rows["ts_event"]
        rows["flags"] = np.uint16(Flag.NO_ARRIVAL | Flag.NO_SEQUENCE)
        rows["flags"][:, -1] |= np.uint16(Flag.LAST)
        for name, source in _OF_POOL.items():
            rows[name] = _words(sheet, source)[:, None]
        rows["told_price"] = _floats(sheet, "glp_price")[:, None]
        for index, token in enumerate(tokens):
            row = rows[:, index]
            row["token"], row["decimals"], row["stable"] = token.encode(), listed[token].decimals, listed[token].stable
            row["weight"] = words.to_int64(_words(sheet, f"{token}_weight", _SMALL))[0]
            for name in _OF_TOKEN:
                source = f"{token}_{_NAMES.get(name, name)}"
                if source in sheet.names or not (listed[token].stable and name in _NEVER_SHORT):
                    row[name] = _words(sheet, source)
    except KeyError as error:
        raise CaptureError(f"{path}:1: the columns lack {error}") from error
    except BadCellError as error:
        raise CaptureError(f"{path}:{error.row + 2}: {error}") from error
    return fits[0], rows.reshape(-1)


def _words(sheet: Sheet, name: str, pattern: str = _WHOLE) -> Rows:
    texts = matching(sheet.column(name), pattern, f"{name} is {{}}, no whole number that fits")
    return words.from_ints(int(text.removesuffix(".0")) for text in texts.to_pylist())


def _floats(sheet: Sheet, name: str) -> Floats:
    texts = matching(sheet.column(name), _FLOAT, f"{name} is {{}}, no number")
    return np.array([float(text) for text in texts.to_pylist()])
