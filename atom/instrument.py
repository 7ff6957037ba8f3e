"""Instrument: what a venue trades, and the scale of its integers."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import gcd

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_EXACT = 2**53  # integers up to here are exact in float64
_EXACT_POWER = 22  # and so are powers of ten up to this one


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a venue trades.

    Attributes:
        venue: venue id, such as `binance`.
        symbol: Fusion's name: `BTC-USDT`, `BTC-USDT-PERP`.
        venue_symbol: the venue's own name.
        tick: price of one tick, in quote currency.
        lot: size of one lot, in base currency (contracts where the venue trades those).
    """

    venue: str
    symbol: str
    venue_symbol: str
    tick: Decimal
    lot: Decimal

    def finer_than(self, other: "Instrument") -> tuple[int, int] | None:
        """How many times finer its tick and its lot are; None where the other's are no multiples of them."""
        prices, sizes = Fraction(other.tick) / Fraction(self.tick), Fraction(other.lot) / Fraction(self.lot)
        if prices.denominator != 1 or sizes.denominator != 1:
            return None
        return prices.numerator, sizes.numerator

    def price_text(self, ticks: int) -> str:
        """A price as decimal text with the tick's decimals, such as `61685.90`."""
        return format(ticks * self.tick, "f")

    def prices(self, ticks: Ints) -> Floats:
        """Prices in quote currency, each the float64 nearest to the decimal."""
        return to_float(ticks, self.tick)

    def sizes(self, lots: Ints) -> Floats:
        """Sizes in base currency, each the float64 nearest to the decimal."""
        return to_float(lots, self.lot)


def power(decimals: int) -> Decimal:
    """10 to the minus `decimals`, written with exactly that many decimals."""
    return Decimal((0, (1,), -decimals))


def ratio(step: Decimal) -> tuple[int, int]:
    """`step` as (n, d): n / 10**d, with the decimals it is written with."""
    _, digits, exponent = step.as_tuple()
    if not isinstance(exponent, int):
        raise TypeError(f"a step is a finite number, not {step}")
    number = int("".join(map(str, digits)))
    return (number * 10**exponent, 0) if exponent > 0 else (number, -exponent)


def common_step(first: Decimal, second: Decimal) -> Decimal:
    """The coarsest step of which both are multiples."""
    (a, b), (c, d) = ratio(first), ratio(second)
    decimals = max(b, d)
    return gcd(a * 10 ** (decimals - b), c * 10 ** (decimals - d)) * power(decimals)


@lru_cache(maxsize=1024)
def _factor(old: Decimal, new: Decimal) -> Fraction:
    return Fraction(old) / Fraction(new)


def rescale(values: Ints, old: Decimal, new: Decimal) -> Ints:
    """Integers in steps of `old` as integers in steps of `new`, which divides it."""
    if old == new:
        return values
    factor = _factor(old, new)
    if factor.denominator != 1:
        raise ValueError(f"{old} is no multiple of {new}")
    top = int(np.abs(values).max(initial=0))
    if top * factor.numerator >= 2**63:
        raise OverflowError(f"{top} steps of {old} do not fit 64 bits in steps of {new}")
    return values * np.int64(factor.numerator)


def to_float(values: Ints, step: Decimal) -> Floats:
    """`values * step`, rounded once.

    Both operands of the division are exact below 2**53 and 10**22, so IEEE 754 rounds correctly; beyond, Python's
    division of integers does.
    """
    number, decimals = ratio(step)
    top = int(np.abs(values).max(initial=0))
    if top * number < _EXACT and decimals <= _EXACT_POWER:
        return (values * np.int64(number)).astype(np.float64) / np.float64(10**decimals)
    return np.array([int(value) * number / 10**decimals for value in values], dtype=np.float64)
