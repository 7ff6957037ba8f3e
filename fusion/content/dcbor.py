"""Deterministic CBOR: one value, one spelling (RFC 8949, section 4.2.1).

Values are None, bool, int (64 bits and sign), float, str, bytes, list and dict with str keys; nothing else is written
or read. Reading has a parser of its own, since what arrives may be hostile and a general one acts on tags.
"""

import struct
from typing import TypeAlias, cast

import cbor2

from fusion.errors import BadInput, ContentError

Value: TypeAlias = "bool | int | float | str | bytes | list[Value] | dict[str, Value] | None"

MAX_DEPTH = 32

_SIMPLE = 7
_CONSTANTS: dict[int, Value] = {20: False, 21: True, 22: None}
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}


def encode(value: object) -> bytes:
    """The one encoding of `value`; tuples are written as lists. Raises BadInput on a type outside the list above."""
    _check(value, 0)
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Value:
    """Reads one value; raises ContentError unless `data` is exactly what `encode` writes for it."""
    value, end = _item(data, 0, 0)
    if end != len(data):
        raise ContentError(f"CBOR: {len(data) - end} bytes follow the value")
    if encode(value) != data:
        raise ContentError(f"CBOR: {len(data)} bytes are not in the deterministic form")
    return value


def _check(value: object, depth: int) -> None:
    # Exact types: numpy scalars, enums and other subclasses have no agreed encoding.
    kind = type(value)
    if depth > MAX_DEPTH:
        raise BadInput(f"a value nested more than {MAX_DEPTH} deep cannot be encoded")
    if kind is int:
        if not -(1 << 64) <= cast("int", value) < 1 << 64:
            raise BadInput("an integer beyond 64 bits cannot be encoded")
    elif kind is str:
        if not _is_utf8(cast("str", value)):
            raise BadInput(f"text {value!r:.80} cannot be written as UTF-8")
    elif kind is dict:
        for key, item in cast("dict[object, object]", value).items():
            if type(key) is not str:
                raise BadInput(f"a map key of type {type(key).__name__} cannot be encoded; use str")
            _check(key, depth)
            _check(item, depth + 1)
    elif kind in (list, tuple):
        for item in cast("list[object]", value):
            _check(item, depth + 1)
    elif kind not in (type(None), bool, float, bytes):
        raise BadInput(
            f"a value of type {kind.__name__} cannot be encoded; use None, bool, int, float, str, bytes, list or dict"
        )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _item(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    """The value at `at` and the offset behind it."""
    if depth > MAX_DEPTH:
        raise ContentError(f"CBOR: nested more than {MAX_DEPTH} deep")
    major, info = _slice(data, at, 1)[0] >> 5, data[at] & 31
    at += 1
    if major == _SIMPLE:
        return _simple(data, at, info)
    number, at = _argument(data, at, info)
    match major:
        case 0 | 1:
            return (-1 - number if major else number), at
        case 2:
            return _slice(data, at, number), at + number
        case 3:
            return _text(data, at, number), at + number
        case 4:
            items: list[Value] = []
            for _ in range(number):
                item, at = _item(data, at, depth + 1)
                items.append(item)
            return items, at
        case 5:
            return _map(data, at, number, depth)
    raise ContentError("CBOR: tags are not used here")


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[Value, int]:
    entries: dict[str, Value] = {}
    for _ in range(count):
        key, at = _item(data, at, depth + 1)
        if not isinstance(key, str) or key in entries:
            raise ContentError(f"CBOR: map key {key!r:.80} is no text or comes twice")
        entries[key], at = _item(data, at, depth + 1)
    return entries, at


def _simple(data: bytes, at: int, info: int) -> tuple[Value, int]:
    if info in _CONSTANTS:
        return _CONSTANTS[info], at
    if info in _FLOATS:
        size = 1 << info - 24
        (number,) = struct.unpack(_FLOATS[info], _slice(data, at, size))
        return float(number), at + size
    raise ContentError(f"CBOR: simple value {info} is not used here")


def _argument(data: bytes, at: int, info: int) -> tuple[int, int]:
    if info < 24:
        return info, at
    if info > 27:
        raise ContentError("CBOR: indefinite lengths are not used here")
    size = 1 << info - 24
    return int.from_bytes(_slice(data, at, size), "big"), at + size


def _text(data: bytes, at: int, size: int) -> str:
    try:
        return _slice(data, at, size).decode()
    except UnicodeDecodeError:
        raise ContentError(f"CBOR: the text at byte {at} is not UTF-8") from None


def _slice(data: bytes, at: int, size: int) -> bytes:
    if size > len(data) - at:
        raise ContentError(f"CBOR: cut short, {size} bytes are needed at byte {at} of {len(data)}")
    return data[at : at + size]
