"""Chance: random numbers for kernels, from a state of 64 bits that its owner keeps.

Only additions, products, quotients and square roots of floats are used, which every machine rounds alike: the same
state gives the same draws everywhere, where a system's own logarithm may differ in the last bit.

Source of the generator: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64); of
the normal draws: Marsaglia and Bray, "A convenient method for generating normal variables", 1964.
"""

import math
from typing import Any

import numpy as np

from node.exchange.core.compiled import jit

U = np.uint64
_STEP, _FIRST, _SECOND = U(0x9E3779B97F4A7C15), U(0xBF58476D1CE4E5B9), U(0x94D049BB133111EB)
_11, _27, _30, _31 = U(11), U(27), U(30), U(31)
_UNIT = 2.0**-53
_LN2 = 0.6931471805599453
_ROOT_HALF = 0.7071067811865476


def seed_of(seed: int, number: int) -> int:
    """The first state of the generator `number` of a seed: far from those of all other numbers and seeds."""
    mask = (1 << 64) - 1
    mixed = (seed * int(_FIRST) + (number + 1) * int(_SECOND)) & mask
    mixed = ((mixed ^ (mixed >> 30)) * int(_FIRST)) & mask
    mixed = ((mixed ^ (mixed >> 27)) * int(_SECOND)) & mask
    return mixed ^ (mixed >> 31)


@jit
def uniform(owner: Any) -> float:
    """Between 0 and 1, neither of them; `owner.chance` is the state."""
    state = owner.chance + _STEP
    owner.chance = state
    state = (state ^ (state >> _30)) * _FIRST
    state = (state ^ (state >> _27)) * _SECOND
    state ^= state >> _31
    return (float(state >> _11) + 0.5) * _UNIT


@jit
def logarithm(value: float) -> float:
    """The natural logarithm of a positive number."""
    part, power = math.frexp(value)
    if part < _ROOT_HALF:
        part, power = 2.0 * part, power - 1
    ratio = (part - 1.0) / (part + 1.0)
    square = ratio * ratio
    total = 0.0
    for odd in range(21, 0, -2):
        total = total * square + 1.0 / odd
    return 2.0 * ratio * total + power * _LN2


@jit
def exponential_function(value: float) -> float:
    """The exponential function: e to the power of a number between -700 and 700."""
    power = math.floor(value / _LN2 + 0.5)
    rest = value - power * _LN2
    total = 1.0
    for order in range(14, 0, -1):
        total = 1.0 + total * rest / order
    return math.ldexp(total, int(power))


@jit
def exponential(owner: Any) -> float:
    """Exponential with mean 1."""
    return -logarithm(uniform(owner))


@jit
def normal(owner: Any) -> float:
    """Normal with mean 0 and variance 1."""
    while True:
        x = 2.0 * uniform(owner) - 1.0
        y = 2.0 * uniform(owner) - 1.0
        square = x * x + y * y
        if 0.0 < square < 1.0:
            return x * math.sqrt(-2.0 * logarithm(square) / square)


@jit
def pareto(owner: Any, exponent: float) -> float:
    """Pareto: at least 1, above x with chance x to the power of minus `exponent`."""
    return exponential_function(-logarithm(uniform(owner)) / exponent)
