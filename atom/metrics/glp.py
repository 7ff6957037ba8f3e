"""GLP: what a share of GMX v1's pool is worth, how much of the pool is lent, and how far its tokens are from target.

Everything is made from rows of `pool_state` in the vault's integers, as its contracts compute it, and turned into
float64 once at the end. NaN is null: where the contract would revert, and where there is nothing to divide by. None of
them needs warm-up.

Source: `GlpManager.getAum`, `getPrice`, `Vault.getTargetUsdgAmount` of gmx-io/gmx-contracts;
https://gmx-docs.io/docs/providing-liquidity/v1
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from atom.events import Flag, Rows, empty
from atom.instrument import Floats, Ints
from atom.onchain import words

USD: Final = 10**30  # the vault's unit of prices and of assets under management
GLP: Final = 10**18  # base units of a share

_WORDS: Final = ("price", "pool", "reserved", "guaranteed", "usdg", "short_size", "short_average")
_OF_TOKEN: Final = ("value", "utilisation", "share", "target", "gap")
_OF_POOL: Final = ("aum", "price", "utilisation")


class Token(NamedTuple):
    """A token of the vault at one moment, all integers.

    Attributes:
        decimals, stable: of the token.
        price: USD x 10**30 a whole token.
        pool, reserved: base units held, and those of them that back open positions.
        guaranteed: USD x 10**30 that longs owe the pool beyond their collateral.
        usdg: 10**-18 USDG of debt, by which the vault weighs its tokens.
        short_size, short_average: USD x 10**30 of all open shorts, and their average entry price.
        weight: its share of the target, of the sum of all weights.
    """

    decimals: int
    stable: bool
    price: int
    pool: int
    reserved: int
    guaranteed: int
    usdg: int
    short_size: int
    short_average: int
    weight: int

    @property
    def unit(self) -> int:
        """Base units of a whole token."""
        return int(10**self.decimals)

    @property
    def value(self) -> int:
        """Of all that the pool holds of it, USD x 10**30, rounded down as the contract does."""
        return self.pool * self.price // self.unit


class Moments(NamedTuple):
    """The metrics, a column each.

    Attributes:
        pool: one row a moment: ts (ns), aum (USD), price (USD a share), utilisation (of 1, by value).
        tokens: one row a token and moment: ts, and value (USD), utilisation, share, target, gap (each of 1).
        names: of the tokens, in the order of those rows.
    """

    pool: dict[str, Floats | Ints]
    tokens: dict[str, Floats | Ints]
    names: Rows


def aum(tokens: Sequence[Token]) -> int | None:
    """Assets under management, USD x 10**30: what the pool would have if all positions were closed now.

    Stable tokens count pool x price. Others count guaranteed + (pool - reserved) x price, so that what longs have won
    is theirs, and size x |average - price| / average of the open shorts, added where they lose and taken off where they
    win; each product is rounded down. Adjustments by the contract's owner (`aumAddition`, `aumDeduction`) are not in
    the rows and are taken as none. None where the contract would revert.
    """
    total = won = 0
    for token in tokens:
        if token.stable:
            total += token.value
            continue
        if token.reserved > token.pool or (token.short_size and not token.short_average):
            return None
        if token.short_size:
            moved = token.short_size * abs(token.short_average - token.price) // token.short_average
            if token.short_average > token.price:
                won += moved
            else:
                total += moved
        total += token.guaranteed + (token.pool - token.reserved) * token.price // token.unit
    return max(total - won, 0)


def exact_price(assets: int, supply: int) -> int | None:
    """USD x 10**30 a share as the contract's `getPrice` tells it: aum x 10**18 / supply, rounded down."""
    return assets * GLP // supply if supply else None


def price(assets: int, supply: int) -> float:
    """USD a share: aum / supply / 10**12, each quotient rounded to the nearest float64.

    The recorded minutes have their `glp_price` so, and come out to their last digit; rounding once would differ by one
    unit of the last place in every fourth.
    """
    return assets / supply / 10**12 if supply else np.nan


def utilisation(reserved: int, pool: int) -> float:
    """How much of the pool backs open positions: reserved / pool, of 1. Null where there is no pool."""
    return reserved / pool if pool else np.nan


def share(usdg: int, supply: int) -> float:
    """The weight that a token has now: usdg / usdg supply, of 1. Null without supply."""
    return usdg / supply if supply else np.nan


def target(weight: int, weights: int) -> float:
    """The weight that a token should have: weight / sum of weights, of 1. Null where all weights are zero."""
    return weight / weights if weights else np.nan


class GlpMetrics:
    """The metrics as rows of `pool_state` come; pieces may be cut anywhere."""

    def __init__(self) -> None:
        self._torn = empty("pool_state")

    def update(self, rows: Rows) -> Moments:
        """Takes the rows that follow those before, and tells the moments that they complete."""
        rows = np.concatenate([self._torn, rows])
        ends = np.flatnonzero(rows["flags"] & Flag.LAST) + 1
        whole = int(ends[-1]) if len(ends) else 0
        rows, self._torn = rows[:whole], rows[whole:]
        pool: list[tuple[float, ...]] = []
        each: list[tuple[float, ...]] = []
        tokens = list(_tokens(rows))
        supplies = zip(*(words.to_ints(rows[name][ends - 1]) for name in ("supply", "usdg_supply")), strict=True)
        for start, end, (supply, usdg) in zip([0, *ends][: len(ends)], ends, supplies, strict=True):
            held = tokens[start:end]
            assets = aum(held)
            lent = sum(token.reserved * token.price // token.unit for token in held)
            told = (np.nan, np.nan) if assets is None else (assets / USD, price(assets, supply))
            pool.append((*told, utilisation(lent, sum(token.value for token in held))))
            weights = sum(token.weight for token in held)
            for token in held:
                now, wanted = share(token.usdg, usdg), target(token.weight, weights)
                each.append((token.value / USD, utilisation(token.reserved, token.pool), now, wanted, now - wanted))
        return Moments(
            _columns(rows["ts_event"][ends - 1], pool, _OF_POOL),
            _columns(rows["ts_event"], each, _OF_TOKEN),
            rows["token"],
        )


def glp_metrics(rows: Rows) -> Moments:
    """The metrics of rows of `pool_state`, all at once: the same code, the same bits."""
    return GlpMetrics().update(rows)


def _tokens(rows: Rows) -> Iterator[Token]:
    fields = {name: words.to_ints(rows[name]) for name in _WORDS}
    fields |= {name: rows[name].tolist() for name in ("decimals", "stable", "weight")}
    for values in zip(*(fields[name] for name in Token._fields), strict=True):
        yield Token(*values)


def _columns(ts: Ints, values: Sequence[tuple[float, ...]], names: Sequence[str]) -> dict[str, Floats | Ints]:
    columns = np.array(values, np.float64).reshape(-1, len(names)).T
    return {"ts": np.array(ts), **dict(zip(names, columns, strict=True))}
