"""Words: the 256-bit integers of the chain in numpy, without losing a bit.

A word is a field `V32`: 32 bytes, big-endian, two's complement, as the chain itself writes it. Decoding is then a copy,
equality compares bytes, a file keeps it as one column of fixed size, and no amount is too large for it. (float64 keeps
53 bits, int64 overflows at 9.2 tokens of 18 decimals, and decimal256 of Arrow ends at 76 digits where 2**255 has 77.)
Unsigned words of 2**255 and more would read as negative; no form of `atom.onchain.forms` admits them.
"""

import binascii
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from atom.events import Rows
from atom.instrument import Floats, Ints

Bytes = npt.NDArray[np.uint8]

BYTES = 32
_LIMBS = 4
_LIMB = np.dtype(">u8")
_EXACT = 2**53  # integers below are exact in float64
_EXACT_POWER = 22  # and so are powers of ten up to this one


def unhex(text: bytes, width: int) -> Bytes:
    """Hexadecimal digits of numbers of `width` bytes each, side by side, as (n, width); ValueError for other text."""
    return np.frombuffer(binascii.unhexlify(text), np.uint8).reshape(-1, width)


def packed(values: Bytes) -> Rows:
    """(n, w) bytes as (n,) fields `Vw`."""
    rows = np.ascontiguousarray(values)
    return rows.view(f"V{rows.shape[1]}")[:, 0]


def unpacked(field: Rows) -> Bytes:
    """(n,) fields `Vw` as (n, w) bytes."""
    width = field.dtype.itemsize
    return np.frombuffer(np.ascontiguousarray(field).tobytes(), np.uint8).reshape(-1, width)


def from_ints(values: Iterable[int]) -> Rows:
    """Integers from -2**255 to 2**255 - 1 as words; OverflowError for others."""
    whole = b"".join(value.to_bytes(BYTES, "big", signed=True) for value in values)
    return packed(np.frombuffer(whole, np.uint8).reshape(-1, BYTES))


def to_ints(words: Rows) -> list[int]:
    """Words as Python's integers."""
    whole = np.ascontiguousarray(words).tobytes()
    return [int.from_bytes(whole[at : at + BYTES], "big", signed=True) for at in range(0, len(whole), BYTES)]


def to_int64(words: Rows) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Words as int64, and which of them fit."""
    limbs = _limbs(words)
    low = limbs[:, -1].astype(np.int64)
    sign = np.where(low < 0, np.uint64(2**64 - 1), np.uint64(0))
    return low, np.asarray((limbs[:, :-1] == sign[:, None]).all(axis=1), np.bool_)


def to_floats(words: Rows, decimals: int) -> Floats:
    """`word / 10**decimals`, each the float64 nearest to it."""
    low, fits = to_int64(words)
    exact = fits & (np.abs(low) < _EXACT) & (low != np.iinfo(np.int64).min)
    if decimals > _EXACT_POWER:
        exact[:] = False
    divisor = 10**decimals
    floats = low.astype(np.float64) / np.float64(divisor)
    rest = np.flatnonzero(~exact)
    floats[rest] = [value / divisor for value in to_ints(words[rest])]
    return floats


def subtract(first: Rows, second: Rows) -> Rows:
    """`first - second`, of words that are not negative."""
    left, right = _limbs(first), _limbs(second)
    result = np.empty_like(left)
    borrow = np.zeros(len(left), np.bool_)
    for limb in reversed(range(_LIMBS)):
        result[:, limb] = left[:, limb] - right[:, limb] - borrow
        borrow = (left[:, limb] < right[:, limb]) | ((left[:, limb] == right[:, limb]) & borrow)
    return packed(result.astype(_LIMB).view(np.uint8).reshape(-1, BYTES))


def negative(words: Rows) -> npt.NDArray[np.bool_]:
    """Which words are below zero."""
    return np.asarray(unpacked(words)[:, 0] >= 0x80, np.bool_)


def text(field: Rows) -> list[str]:
    """Hashes or addresses as 0x and digits."""
    width = field.dtype.itemsize * 2
    whole = np.ascontiguousarray(field).tobytes().hex()
    return ["0x" + whole[at : at + width] for at in range(0, len(whole), width)]


def shown(name: str, field: Rows) -> list[str]:
    """A field of bytes as a person reads it: words as decimal digits, hashes and addresses as 0x, names as they are."""
    if field.dtype.kind == "S":
        return [value.decode("ascii", "replace") for value in field.tolist()]
    if field.dtype.itemsize == BYTES and name != "tx_hash":
        return [str(value) for value in to_ints(field)]
    return text(field)


def _limbs(words: Rows) -> npt.NDArray[np.uint64]:
    return unpacked(words).view(_LIMB).astype(np.uint64)
