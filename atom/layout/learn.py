"""Learning a layout: what stays the same in messages of one form, and where what changes stands.

A venue writes the messages of a kind in one form: the same keys in the same order. The first of them is read in the
ordinary way; its text, with holes for the values that the venue says matter or may change, is the layout of the next.
A message that differs anywhere else has another layout, or is read in the ordinary way.
"""

import json
from collections.abc import Container, Iterator, Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Role(IntEnum):
    """What stands in a hole; the columns of numbers of `atom.layout.match.Found`."""

    TIME = 0  # integer, the venue's time
    SEQUENCE = 1  # integer; of a trade its id, of a delta its last update
    PREVIOUS = 2  # integer; of a delta the update before it
    FIRST = 3  # integer; of a delta its first update
    SELLS = 4  # boolean: whether the aggressor sells
    PRICE = 5  # decimal
    SIZE = 6
    BID = 7
    BID_SIZE = 8
    ASK = 9
    ASK_SIZE = 10
    BIDS = 11  # levels
    ASKS = 12
    ANY = 13  # a value that does not matter
    SYMBOL = 14


class Hot(NamedTuple):
    """A message whose like is worth reading fast.

    Attributes:
        kind: "quote", "trade" or "delta".
        symbol: the venue's name of what it is about.
        roles: path of a value, such as `data.p`, to its role.
        flags: of each event made of it.
    """

    kind: str
    symbol: str
    roles: Mapping[str, Role]
    flags: int = 0


class Op(IntEnum):
    """A step of matching."""

    TEXT = 0  # offset, length
    NUMBER = 1  # role: an integer
    DECIMAL = 2  # role, and whether it is quoted
    TRUTH = 3  # role
    LEVELS = 4  # role
    SKIP = 5
    NAME = 6  # whether its case counts


class Layout(NamedTuple):
    """The form of a message.

    Attributes:
        steps: (op, first, second), shape (steps, 3).
        texts: what TEXT steps compare with.
        hot: of the message that it was learnt from.
    """

    steps: npt.NDArray[np.int64]
    texts: bytes
    hot: Hot

    @property
    def asks_first(self) -> bool:
        """Whether its asks stand before its bids."""
        roles = [first for op, first, _ in self.steps.tolist() if op == Op.LEVELS]
        return roles[:1] == [Role.ASKS]


_OPS = {
    Role.TIME: Op.NUMBER,
    Role.SEQUENCE: Op.NUMBER,
    Role.PREVIOUS: Op.NUMBER,
    Role.FIRST: Op.NUMBER,
    Role.SELLS: Op.TRUTH,
    Role.BIDS: Op.LEVELS,
    Role.ASKS: Op.LEVELS,
    Role.ANY: Op.SKIP,
    Role.SYMBOL: Op.NAME,
}
_LONGEST = 1 << 16  # bytes of a message that is worth it; to walk through one takes time by size and depth
_SHORTEST_NAME = 4  # a shorter one may stand in a text by chance


class _Hole(NamedTuple):
    start: int
    end: int
    op: Op
    first: int
    second: int


def learn(body: bytes, hot: Hot) -> Layout | None:
    """The layout of a message, or None where it has none that can be matched."""
    if len(body) > _LONGEST:
        return None
    try:
        text = body.decode("ascii").strip()
        values = list(_values(text, hot.roles))
    except (UnicodeDecodeError, RecursionError):
        return None
    paths = {path for path, _, _ in values}
    if not hot.roles.keys() <= paths or len(paths) < len(values):  # of a key that comes twice only the last counts
        return None
    holes = sorted(_holes(text, values, hot))
    steps, texts, at = [], b"", 0
    for hole in (*holes, None):
        upto = len(text) if hole is None else hole.start
        if upto > at:
            steps.append((Op.TEXT, len(texts), upto - at))
            texts += text[at:upto].encode()
        if hole is not None:
            steps.append((hole.op, hole.first, hole.second))
            at = hole.end
    return Layout(np.array(steps, np.int64).reshape(-1, 3), texts, hot)


def _holes(text: str, values: Sequence[tuple[str, int, int]], hot: Hot) -> Iterator[_Hole]:
    for path, start, end in values:
        quoted = text[start] == '"'
        role = hot.roles.get(path)
        if role in (Role.BIDS, Role.ASKS, Role.ANY, Role.SELLS):
            yield _Hole(start, end, _OPS[role], int(role), 0)
        elif role is not None:
            op = _OPS.get(role, Op.DECIMAL)
            case = role is Role.SYMBOL
            yield _Hole(start + quoted, end - quoted, op, int(role), int(quoted if op is Op.DECIMAL else case))
        elif quoted and len(hot.symbol) >= _SHORTEST_NAME:
            value = text[start + 1 : end - 1]
            if value.partition("@")[0].upper() == hot.symbol.upper():
                yield _Hole(start + 1, start + 1 + len(hot.symbol), Op.NAME, int(Role.SYMBOL), 0)


def _values(text: str, whole: Container[str]) -> Iterator[tuple[str, int, int]]:
    """Path, start and end of every value that is no object; lists whole, and then each of the values of other ones."""
    decoder = json.JSONDecoder()

    def walk(path: str, at: int) -> Iterator[tuple[str, int, int]]:
        end = decoder.raw_decode(text, at)[1]
        if text[at] == "{":
            at = _past(text, at + 1)
            while text[at] != "}":
                key, after = decoder.raw_decode(text, at)
                start = _past(text, _past(text, after) + 1)
                yield from walk(f"{path}.{key}" if path else key, start)
                at = _past(text, decoder.raw_decode(text, start)[1])
                at = _past(text, at + 1) if text[at] == "," else at
            return
        yield path, at, end
        if text[at] == "[" and path not in whole:
            at, index = _past(text, at + 1), 0
            while text[at] != "]":
                yield from walk(f"{path}.{index}" if path else str(index), at)
                at = _past(text, decoder.raw_decode(text, at)[1])
                at = _past(text, at + 1) if text[at] == "," else at
                index += 1

    return walk("", 0)


def _past(text: str, at: int) -> int:
    """The first place from `at` on that is no white space."""
    while text[at] in " \t\r\n":
        at += 1
    return at
