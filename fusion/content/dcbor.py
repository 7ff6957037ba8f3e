"""Deterministic CBOR: one value, one spelling (RFC 8949, section 4.2.1).

Values are None, bool, int (64 bits and sign), float, str, bytes, list and dict with str keys; nothing else is written
or read.
"""

from typing import TypeAlias, cast

import cbor2

from fusion.errors import BadInput, ContentError

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | None"

MAX_DEPTH = 32


def encode(value: object) -> bytes:
    """The one encoding of `value`; tuples are written as lists. Raises BadInput on a type outside the list above."""
    _check(value, 0)
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Value:
    """Reads one value; raises ContentError unless `data` is exactly what `encode` writes for it."""
    try:
        value: object = cbor2.loads(data, max_depth=MAX_DEPTH + 2, allow_indefinite=False, allow_duplicate_keys=False)
        canonical = encode(value) == data
    except (cbor2.CBORError, BadInput, ValueError, MemoryError, OverflowError) as error:
        raise ContentError(f"{len(data)} bytes are not deterministic CBOR: {_line(error)}") from None
    if not canonical:
        raise ContentError(f"{len(data)} bytes are CBOR, but not in its deterministic form")
    return cast("Value", value)


def _check(value: object, depth: int) -> None:
    # Exact types: numpy scalars, enums and other subclasses have no agreed encoding.
    kind = type(value)
    if depth > MAX_DEPTH:
        raise BadInput(f"a value nested more than {MAX_DEPTH} deep cannot be encoded")
    if kind is int:
        if not -(1 << 64) <= cast("int", value) < 1 << 64:
            raise BadInput("an integer beyond 64 bits cannot be encoded")
    elif kind is dict:
        for key, item in cast("dict[object, object]", value).items():
            if type(key) is not str:
                raise BadInput(f"a map key of type {type(key).__name__} cannot be encoded; use str")
            _check(item, depth + 1)
    elif kind in (list, tuple):
        for item in cast("list[object]", value):
            _check(item, depth + 1)
    elif kind not in (type(None), bool, float, str, bytes):
        raise BadInput(
            f"a value of type {kind.__name__} cannot be encoded; use None, bool, int, float, str, bytes, list or dict"
        )


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
