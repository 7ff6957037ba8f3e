from enum import IntEnum

import numpy as np
import pytest

from fusion.content import dcbor
from fusion.errors import BadInput, ContentError


class Kind(IntEnum):
    RESULT = 1


@pytest.mark.parametrize(
    ("value", "encoded"),
    [  # RFC 8949, appendix A
        (0, "00"),
        (24, "1818"),
        (1_000_000, "1a000f4240"),
        (18446744073709551615, "1bffffffffffffffff"),
        (-18446744073709551616, "3bffffffffffffffff"),
        (-1, "20"),
        (0.0, "f90000"),
        (-0.0, "f98000"),
        (1.1, "fb3ff199999999999a"),
        (100000.0, "fa47c35000"),
        (float("inf"), "f97c00"),
        (False, "f4"),
        (None, "f6"),
        (b"\x01\x02\x03\x04", "4401020304"),
        ("ü", "62c3bc"),
        ([1, [2, 3], [4, 5]], "8301820203820405"),
        ({"a": [2], "bb": 1}, "a26161810262626201"),
    ],
)
def test_writes_the_one_form(value: object, encoded: str) -> None:
    assert dcbor.encode(value).hex() == encoded
    assert repr(dcbor.decode(bytes.fromhex(encoded))) == repr(value)


def test_order_of_keys_is_no_matter() -> None:
    assert dcbor.encode({"bb": 1, "a": (2,)}) == dcbor.encode({"a": [2], "bb": 1})


def test_every_nan_is_one_nan() -> None:
    assert dcbor.encode(float("nan")).hex() == dcbor.encode(-float("nan")).hex() == "f97e00"


@pytest.mark.parametrize(
    "value",
    [1 << 64, -(1 << 64) - 1, {1: 2}, {b"k": 1}, {"a"}, object(), np.float64(1), np.arange(2), Kind.RESULT, "\ud800"],
)
def test_refuses_what_has_no_agreed_form(value: object) -> None:
    with pytest.raises(BadInput):
        dcbor.encode(value)
    with pytest.raises(BadInput):
        dcbor.encode([value])


def test_refuses_to_nest_without_end() -> None:
    loop: list[object] = []
    loop.append(loop)

    with pytest.raises(BadInput, match="deep"):
        dcbor.encode(loop)


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "1800",  # 0 in two bytes
        "fb3ff0000000000000",  # 1.0 in eight bytes
        "f97e01",  # another NaN
        "a2616201616101",  # keys out of order
        "a2616101616101",  # a key twice
        "a10101",  # a key that is no text
        "9f01ff",  # indefinite length
        "5f4101ff",
        "0000",  # something behind the value
        "c001",  # tags
        "d81c80",  # shared values
        "d8236161",  # a regular expression
        "c249010000000000000000",  # a big number
        "f7",  # undefined
        "f0",
        "f800",
        "1c",  # reserved
        "61ff",  # not UTF-8
        "8201",  # cut short
        "9bffffffffffffffff",  # lengths that lie
        "bbffffffffffffffff",
        "5bffffffffffffffff00",
        "7a7fffffff",
        "81" * 40 + "00",  # too deep
        "81" * 100_000 + "00",
    ],
)
def test_reads_nothing_else(encoded: str) -> None:
    with pytest.raises(ContentError, match=r"^CBOR: "):
        dcbor.decode(bytes.fromhex(encoded))
