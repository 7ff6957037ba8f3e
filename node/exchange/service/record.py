"""Records: what the log keeps of each thing that an exchange was asked."""

import struct
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from node.exchange.core.command import COMMAND
from node.exchange.exchange import Commands

_COUNT: Final = struct.Struct("<I")
_SOURCED: Final = struct.Struct("<Iq")


class Kind(IntEnum):
    """COMMANDS: of users. DEED: what is no command, as JSON. SOURCED: commands that a source gave. RAN: a source ran by
    itself.
    """

    COMMANDS = 1
    DEED = 2
    SOURCED = 3
    RAN = 4


class Names(NamedTuple):
    """What users call what their commands ask for.

    Attributes:
        orders: a label for each command.
        groups: the name of each group, in order.
    """

    orders: list[str]
    groups: list[str]


class Sourced(NamedTuple):
    """Commands of a source.

    Attributes:
        source: its number.
        until: what it was asked, ns UTC.
    """

    source: int
    until: int
    commands: Commands


def packed_commands(commands: Commands, names: Names) -> bytes:
    return _COUNT.pack(len(commands)) + commands.tobytes() + orjson.dumps(tuple(names))


def commands_of(content: bytes) -> tuple[Commands, Names]:
    """Commands and what their users call them."""
    (count,) = _COUNT.unpack_from(content)
    end = _COUNT.size + count * COMMAND.itemsize
    return np.frombuffer(content, COMMAND, count, _COUNT.size), Names(*orjson.loads(content[end:]))


def packed_sourced(given: Sourced) -> bytes:
    return _SOURCED.pack(given.source, given.until) + given.commands.tobytes()


def sourced_of(content: bytes) -> Sourced:
    source, until = _SOURCED.unpack_from(content)
    return Sourced(source, until, np.frombuffer(content, COMMAND, offset=_SOURCED.size))


def packed_run(source: int, until: int) -> bytes:
    return _SOURCED.pack(source, until)


def run_of(content: bytes) -> tuple[int, int]:
    """A source's number, and up to when it ran, ns UTC."""
    source, until = _SOURCED.unpack(content)
    return source, until


def packed_deed(deed: dict[str, Any]) -> bytes:
    return orjson.dumps(deed)


def deed_of(content: bytes) -> dict[str, Any]:
    deed: dict[str, Any] = orjson.loads(content)
    return deed
