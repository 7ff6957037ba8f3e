"""Scalars and enums. Enum members are the words of the contracts."""

from enum import Enum
from typing import NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from fusion.chain.contract import checksum
from fusion.errors import BadInput

BigInt = NewType("BigInt", int)
Address = NewType("Address", str)
Bytes = NewType("Bytes", str)
Seconds = NewType("Seconds", int)
_LATEST = 2**63 - 1  # which a database can still compare


def address(value: object) -> str:
    try:
        return str(checksum(str(value)))
    except ValueError:
        raise BadInput(f"{str(value)[:80]!r} is no address; one is 0x and 40 hexadecimal digits") from None


def _bytes(value: object) -> str:
    text = str(value).lower()
    try:
        bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise BadInput(f"{text[:80]!r} is not bytes; write 0x and an even number of hexadecimal digits") from None
    return "0x" + text.removeprefix("0x")


def _integer(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise BadInput(f"{str(value)[:80]!r} is no whole number") from None


def _seconds(value: object) -> int:
    seconds = _integer(value)
    if not 0 <= seconds <= _LATEST:
        raise BadInput(f"{str(value)[:80]!r} is no time; one is the seconds since 1970, a whole number")
    return seconds


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description="A whole number as decimal text: an amount in base units of its token.",
        serialize=str,
        parse_value=_integer,
    ),
    Address: strawberry.scalar(
        name="Address", description="An account, checksummed.", serialize=str, parse_value=address
    ),
    Bytes: strawberry.scalar(
        name="Bytes", description="Bytes as 0x and hexadecimal digits.", serialize=str, parse_value=_bytes
    ),
    Seconds: strawberry.scalar(
        name="Seconds",
        description="A time or a span of the chain's clock, in seconds.",
        serialize=int,
        parse_value=_seconds,
    ),
}


@strawberry.enum(description="Of a list: by id, which is the order of the chain.")
class Order(Enum):
    OLDEST = "oldest"
    NEWEST = "newest"
