"""Numeric cases of the fingerprint, run in the guest: where processors, compilers and libraries like to differ.

Each takes the same three columns and gives one column of as many rows; what is shorter is repeated to fit. The name of
a case is that of its function.
"""

import decimal
import hashlib
import math
import random
import statistics
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pandas as pd

from fusion.sdk import Floats, Ints, module

SIDE = 60


def _fit(values: npt.ArrayLike, rows: int) -> Floats:
    """The numbers of any array as float64, repeated or cut to that many rows."""
    return np.resize(np.asarray(values, np.float64).ravel(), rows)


def _square(x: Floats) -> Floats:
    return x[: SIDE * SIDE].reshape(SIDE, SIDE)


# Sums and products: order and width of vector code


@module
def pairwise_sum(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.array([x.sum(), y.sum(), x[1:].sum(), x[::3].sum()]), len(x))


@module
def single_sum(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.array([x.astype(np.float32).sum(), y.astype(np.float32).mean()]), len(x))


@module
def running_sum(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.cumsum(x)


@module
def running_product(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.cumprod(1 + x / 1000), len(x))


@module
def mean_and_deviation(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.array([x.mean(), x.std(), y.std(ddof=1)]), len(x))


@module
def variance_by_column(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(_square(x).var(axis=0), len(x))


@module
def dot(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.array([np.dot(x, y), np.vdot(x, x)]), len(x))


@module
def matrix_product(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(_square(x) @ _square(y), len(x))


@module
def matrix_vector(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(_square(x) @ y[:SIDE], len(x))


@module
def einsum(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.einsum("ij,kj->ik", _square(x), _square(y)), len(x))


@module
def convolution(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.convolve(x, y[:33], "same")


# Elementary functions


@module
def exponential(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.exp(x) + np.expm1(x / 7)


@module
def logarithm(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.log(y) + np.log1p(y) + np.log2(y) + np.log10(y)


@module
def sine_and_cosine(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.sin(100 * x) + np.cos(1e6 * x)


@module
def tangent(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.tan(3 * x) + np.arctan2(x, y)


@module
def hyperbolic(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.tanh(x) + np.sinh(x) / np.cosh(y)


@module
def power(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.power(y, 1.7) + y**-0.3


@module
def roots(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.sqrt(y) + np.cbrt(x) + np.hypot(x, y)


@module
def single_functions(x: Floats, y: Floats, k: Ints) -> Floats:
    narrow = x.astype(np.float32)
    return (np.exp(narrow) + np.sin(narrow) + np.log(y.astype(np.float32))).astype(np.float64)


@module
def half_precision(x: Floats, y: Floats, k: Ints) -> Floats:
    return (x.astype(np.float16) * y.astype(np.float16)).astype(np.float64)


@module
def division(x: Floats, y: Floats, k: Ints) -> Floats:
    return x / y + np.remainder(x, 0.013) + np.fmod(x, y)


@module
def rounding(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.round(x, 3) + np.rint(9 * x) + np.floor(7 * x) + np.trunc(5 * x)


@module
def subnormal(x: Floats, y: Floats, k: Ints) -> Floats:
    return x * 5e-309 / 3


@module
def complex_numbers(x: Floats, y: Floats, k: Ints) -> Floats:
    value = np.exp(1j * x) / (x + 1j * y)
    return _fit(value.real + value.imag, len(x))


# What is not a number


@module
def not_a_number(x: Floats, y: Floats, k: Ints) -> Floats:
    with np.errstate(all="ignore"):
        return _fit(np.sqrt(x) + np.array([0.0]) / np.array([0.0]) - np.inf * (x * 0), len(x))


@module
def infinities(x: Floats, y: Floats, k: Ints) -> Floats:
    with np.errstate(all="ignore"):
        return np.where(k % 2 == 0, x / 0.0, -np.exp(1e3 * y))


@module
def extremes_with_gaps(x: Floats, y: Floats, k: Ints) -> Floats:
    gapped = np.where(k % 5 == 0, np.nan, x)
    return _fit(np.array([np.nanmax(gapped), np.nanmin(gapped), np.nansum(gapped), np.nanmedian(gapped)]), len(x))


# Linear algebra


@module
def inverse(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.linalg.inv(_square(x) + 9 * np.eye(SIDE)), len(x))


@module
def singular_values(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.linalg.svd(_square(x))[1], len(x))


@module
def eigenvectors(x: Floats, y: Floats, k: Ints) -> Floats:
    square = _square(x)
    return _fit(np.concatenate([part.ravel() for part in np.linalg.eigh(square + square.T)]), len(x))


@module
def orthogonal_factors(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.concatenate([part.ravel() for part in np.linalg.qr(_square(x))]), len(x))


@module
def cholesky(x: Floats, y: Floats, k: Ints) -> Floats:
    square = _square(x)
    return _fit(np.linalg.cholesky(square @ square.T + np.eye(SIDE)), len(x))


@module
def least_squares(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.linalg.lstsq(_square(x)[:, :9], y[:SIDE], rcond=None)[0], len(x))


@module
def determinant(x: Floats, y: Floats, k: Ints) -> Floats:
    sign, size = np.linalg.slogdet(_square(x))
    return _fit(np.array([sign, size, np.linalg.cond(_square(y))]), len(x))


# Signals, order and counting


@module
def fourier(x: Floats, y: Floats, k: Ints) -> Floats:
    there = np.fft.rfft(x)
    return np.abs(np.fft.irfft(there * there.conj(), len(x))) + np.resize(there.imag, len(x))


@module
def correlation(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.corrcoef(_square(x)[:20]), len(x))


@module
def quantiles(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.percentile(x, [1, 5, 25, 50, 75, 95, 99]), len(x))


@module
def order(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.argsort(np.round(x, 2), kind="stable") + np.sort(y), len(x))


@module
def histogram(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.concatenate(np.histogram(x, bins=17)), len(x))


@module
def interpolation(x: Floats, y: Floats, k: Ints) -> Floats:
    return np.interp(x, np.sort(y), np.cumsum(y)) + np.searchsorted(np.sort(y), x)


@module
def polynomial(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(np.polyval(np.polyfit(y[:200], x[:200], 4), y), len(x))


@module
def integers(x: Floats, y: Floats, k: Ints) -> Floats:
    with np.errstate(over="ignore"):
        mixed = k * np.int64(6364136223846793005) + np.int64(1442695040888963407)
    return (mixed >> 11) // 3 + (mixed % 1009) + 0.0


# Random numbers


@module
def random_numbers(x: Floats, y: Floats, k: Ints) -> Floats:
    source = np.random.default_rng(7)
    return source.normal(size=len(x)) + source.standard_gamma(2.5, len(x)) + source.permutation(len(x))


@module
def seeded_by_the_job(x: Floats, y: Floats, k: Ints) -> Floats:
    plain = [random.random(), random.gauss(0, 1)]  # noqa: S311 - that it follows the job's seed is the case
    return _fit(np.array([*plain, np.random.random(), np.random.default_rng().random()]), len(x))


# pandas


@module
def rolling_mean(x: Floats, y: Floats, k: Ints) -> Floats:
    return pd.Series(x).rolling(50).mean().to_numpy()


@module
def rolling_deviation(x: Floats, y: Floats, k: Ints) -> Floats:
    return pd.Series(x).rolling(50, min_periods=2).std().to_numpy()


@module
def rolling_correlation(x: Floats, y: Floats, k: Ints) -> Floats:
    return pd.Series(x).rolling(30).corr(pd.Series(y)).to_numpy()


@module
def rolling_median(x: Floats, y: Floats, k: Ints) -> Floats:
    return pd.Series(x).rolling(21).median().to_numpy()


@module
def weighted_mean(x: Floats, y: Floats, k: Ints) -> Floats:
    return pd.Series(x).ewm(span=20).mean().to_numpy()


@module
def grouped(x: Floats, y: Floats, k: Ints) -> Floats:
    return pd.Series(x).groupby(k % 7).transform("sum").to_numpy()


@module
def ranked(x: Floats, y: Floats, k: Ints) -> Floats:
    return _fit(pd.Series(np.round(x, 1)).rank(pct=True).to_numpy(), len(x))


# The interpreter itself


@module
def python_floats(x: Floats, y: Floats, k: Ints) -> Floats:
    values = x[:300].tolist()
    found = [math.fsum(values), statistics.stdev(values), math.gamma(4.3), math.erf(0.7), math.lgamma(0.3)]
    return _fit(np.array([*found, *(float(f"{value:.7g}") for value in values)]), len(x))


@module
def exact_numbers(x: Floats, y: Floats, k: Ints) -> Floats:
    decimal.getcontext().prec = 40
    total = sum((decimal.Decimal(int(value)) / 7 for value in k[:200]), decimal.Decimal(2).sqrt())
    ratio = sum((Fraction(int(value), 997) for value in k[:200]), Fraction(1, 3))
    return _fit(np.array([float(total), float(ratio), float(pow(3, 10_000, 10**15 + 37))]), len(x))


@module
def hashes(x: Floats, y: Floats, k: Ints) -> Floats:
    digest = hashlib.sha256(x.tobytes()).digest()
    names = sorted({f"name-{value}" for value in k[:50].tolist()}, key=hash)
    return _fit(np.array([*digest, *(float(name[5:]) for name in names), hash("fusion") % 10**9, hash(2.5)]), len(x))
