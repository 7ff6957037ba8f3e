"""Matching messages with layouts: numba kernels over bytes. Pure; no I/O.

Each line is tried with the layouts, first with the one that the line before matched. Numbers become integers with the
count of their decimals on the way; nothing else of a line is kept.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from atom.book.engine import jit
from atom.layout.learn import Op, Role

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

NUMBERS = int(Role.BIDS)
"""Roles that are one number a message; they are columns of `Lines.values`."""

NONE = -1
_TEXT, _NUMBER, _DECIMAL, _TRUTH, _LEVELS, _SKIP = (int(op) for op in list(Op)[:6])
_BIDS, _TIME = int(Role.BIDS), int(Role.TIME)
MICROSECONDS = 10**14
"""A venue's time from here on is in microseconds, below in milliseconds."""
_LATEST, _LATEST_MS = 2**63 // 1000 - 1, 2**63 // 10**6 - 1  # whose nanoseconds fit in 64 bits
_QUOTE, _BACKSLASH, _DOT, _COMMA, _OPEN, _CLOSE, _ZERO, _NINE, _LOWER = (ord(each) for each in '"\\.,[]09 ')
_BLANK = (9, 10, 13, 32)
_S, _T = ord("s"), ord("t")
_MOST_DIGITS = 18  # of an integer in 64 bits, whatever they are
_MOST_BARE = 15  # of a JSON number that float64 holds exactly
_SEED, _PRIME = 1469598103934665603, 1099511628211  # FNV-1a


class Forms(NamedTuple):
    """Layouts as arrays.

    Attributes:
        steps: of all layouts one after the other, shape (steps, 3).
        starts: where in them each layout begins, and the end; shape (layouts + 1,).
        texts: what TEXT steps compare with, of all layouts.
        offsets: where in it each layout's begin, shape (layouts,).
        names: the symbols' names one after the other.
        spans: where each begins, and the end; shape (symbols + 1,).
        table: symbol + 1 by the place of its name's hash, or 0; a power of two long.
    """

    steps: Ints
    starts: Ints
    texts: Bytes
    offsets: Ints
    names: Bytes
    spans: Ints
    table: Ints


class Lines(NamedTuple):
    """What was read of lines.

    Attributes:
        layout: which matched, or -1; shape (lines,).
        symbol: whom it is about; shape (lines,).
        values: by role, decimals as their digits; shape (lines, NUMBERS).
        decimals: how many of the digits stand after the dot; shape (lines, NUMBERS).
        counts: levels of bids and asks, shape (lines, 2).
        levels: price, its decimals, size, its decimals; of all lines one after the other.
        used: how many levels there are, shape (1,).
    """

    layout: Ints
    symbol: Ints
    values: Ints
    decimals: Ints
    counts: Ints
    levels: Ints
    used: Ints


def room(count: int, levels: int) -> Lines:
    """Room for so many lines and levels."""
    return Lines(
        np.empty(count, np.int64),
        np.empty(count, np.int64),
        np.empty((count, NUMBERS), np.int64),
        np.empty((count, NUMBERS), np.int64),
        np.empty((count, 2), np.int64),
        np.empty((levels, 4), np.int64),
        np.zeros(1, np.int64),
    )


@jit
def name_hash(text: Bytes, start: int, end: int) -> int:
    """FNV-1a."""
    value = np.uint64(_SEED)
    for at in range(start, end):
        value = (value ^ np.uint64(text[at])) * np.uint64(_PRIME)
    return int(value >> np.uint64(1))


@jit
def match(text: Bytes, spans: Ints, forms: Forms, found: Lines) -> None:
    """Reads each line, `text[spans[i, 0] : spans[i, 1]]`, that has one of the layouts."""
    layouts = len(forms.starts) - 1
    last = 0
    found.used[0] = 0
    for line in range(len(spans)):
        found.layout[line], found.symbol[line] = NONE, 0
        found.counts[line, 0] = found.counts[line, 1] = 0
        start, end = spans[line]
        while end > start and text[end - 1] in _BLANK:
            end -= 1
        for turn in range(layouts):
            layout = (last + turn) % layouts
            before = found.used[0]
            if _matches(text, start, end, layout, forms, line, found):
                found.layout[line] = last = layout
                break
            found.used[0] = before
            found.counts[line, 0] = found.counts[line, 1] = 0


@jit
def _matches(text: Bytes, at: int, end: int, layout: int, forms: Forms, line: int, found: Lines) -> bool:
    name_start, name_end, exact = 0, 0, False
    offset = forms.offsets[layout]
    for step in range(forms.starts[layout], forms.starts[layout + 1]):
        op, first, second = forms.steps[step]
        if op == _TEXT:
            if at + second > end:
                return False
            for index in range(second):
                if text[at + index] != forms.texts[offset + first + index]:
                    return False
            at += second
        elif op in (_NUMBER, _DECIMAL):
            after, value, decimals = _number(text, at, end, op == _DECIMAL and second == 1)
            if after == NONE or (op == _NUMBER and decimals > 0):
                return False
            if first == _TIME and (value > _LATEST or _LATEST_MS < value < MICROSECONDS):
                return False
            found.values[line, first] = value
            found.decimals[line, first] = decimals
            at = after
        elif op == _TRUTH:
            at, value = _truth(text, at, end)
            if at == NONE:
                return False
            found.values[line, first] = value
        elif op == _LEVELS:
            at = _levels(text, at, end, line, first - _BIDS, found)
            if at == NONE:
                return False
        elif op == _SKIP:
            at = _skip(text, at, end)
            if at == NONE:
                return False
        else:
            start = at
            while at < end and _is_name(text[at]):
                at += 1
            if second == 1:
                exact = True
            if name_end == 0 or second == 1:
                if name_end and not _alike(text, name_start, name_end, start, at):
                    return False
                name_start, name_end = start, at
            elif not _alike(text, name_start, name_end, start, at):
                return False
    if at != end:
        return False
    if name_end == 0:
        return False
    symbol = _symbol(text, name_start, name_end, forms, exact)
    found.symbol[line] = max(symbol, 0)
    return bool(symbol != NONE)


@jit
def _number(text: Bytes, at: int, end: int, quoted: bool) -> tuple[int, int, int]:
    """Where a number ends, its digits and how many of them stand after the dot; -1 for what is none."""
    start, value, dot = at, 0, NONE
    while at < end:
        byte = text[at]
        if byte >= _ZERO and byte <= _NINE:
            value = value * 10 + (byte - _ZERO)
        elif byte == _DOT and dot == NONE and at > start:
            dot = at
        else:
            break
        at += 1
    digits = at - start - (0 if dot == NONE else 1)
    if digits == 0 or digits > (_MOST_DIGITS if quoted or dot == NONE else _MOST_BARE) or dot == at - 1:
        return NONE, 0, 0
    if not quoted and text[start] == _ZERO and at > start + 1 and dot != start + 1:
        return NONE, 0, 0
    return at, value, 0 if dot == NONE else at - dot - 1


@jit
def _truth(text: Bytes, at: int, end: int) -> tuple[int, int]:
    """Where `true` or `false` ends, and 1 or 0."""
    if at + 4 > end:
        return NONE, 0
    if text[at] == _T and text[at + 1] == 114 and text[at + 2] == 117 and text[at + 3] == 101:
        return at + 4, 1
    if at + 5 <= end and text[at] == 102 and text[at + 1] == 97 and text[at + 2] == 108 and text[at + 3] == _S:
        return (at + 5, 0) if text[at + 4] == 101 else (NONE, 0)
    return NONE, 0


@jit
def _levels(text: Bytes, at: int, end: int, line: int, side: int, found: Lines) -> int:
    """Reads `[["price","size"],...]`, with anything scalar after the size; where it ends, or -1."""
    if at + 1 >= end or text[at] != _OPEN:
        return NONE
    at += 1
    if text[at] == _CLOSE:
        return at + 1
    while True:
        if at + 1 >= end or text[at] != _OPEN:
            return NONE
        at += 1
        slot = found.used[0]
        if slot == len(found.levels):
            return NONE
        for which in range(2):
            if at >= end or text[at] != _QUOTE:
                return NONE
            at, value, decimals = _number(text, at + 1, end, True)
            if at == NONE or at >= end or text[at] != _QUOTE:
                return NONE
            found.levels[slot, 2 * which], found.levels[slot, 2 * which + 1] = value, decimals
            at += 1
            if which == 0:
                if at >= end or text[at] != _COMMA:
                    return NONE
                at += 1
        while at < end and text[at] == _COMMA:
            at = _skip(text, at + 1, end)
            if at == NONE:
                return NONE
        if at + 1 >= end or text[at] != _CLOSE:
            return NONE
        found.used[0] += 1
        found.counts[line, side] += 1
        at += 1
        if text[at] == _CLOSE:
            return at + 1
        if text[at] != _COMMA:
            return NONE
        at += 1


@jit
def _skip(text: Bytes, at: int, end: int) -> int:
    """Where a text without escapes, an integer or a plain decimal ends, or `true`, `false` or `null`; else -1."""
    if at >= end:
        return NONE
    if text[at] == _QUOTE:
        at += 1
        while at < end and text[at] != _QUOTE:
            if text[at] == _BACKSLASH or text[at] < 32 or text[at] > 126:
                return NONE
            at += 1
        return at + 1 if at < end else NONE
    if text[at] >= _ZERO and text[at] <= _NINE:
        return _number(text, at, end, False)[0]
    if at + 4 <= end and text[at] == 110 and text[at + 1] == 117 and text[at + 2] == 108 and text[at + 3] == 108:
        return at + 4
    return _truth(text, at, end)[0]


@jit
def _is_name(byte: int) -> bool:
    low = byte | 32
    return bool((low >= 97 and low <= 122) or (byte >= _ZERO and byte <= _NINE) or byte in (45, 47, 58, 95))


@jit
def _alike(text: Bytes, first: int, first_end: int, second: int, second_end: int) -> bool:
    """Whether two names are the same but for case."""
    if first_end - first != second_end - second:
        return False
    for index in range(first_end - first):
        one, other = text[first + index], text[second + index]
        if one != other and ((one | 32) != (other | 32) or (one | 32) < 97 or (one | 32) > 122):
            return False
    return True


@jit
def _symbol(text: Bytes, start: int, end: int, forms: Forms, exact: bool) -> int:
    if not exact:
        return NONE
    mask = len(forms.table) - 1
    place = name_hash(text, start, end) & mask
    while forms.table[place] != 0:
        symbol = forms.table[place] - 1
        first, last = forms.spans[symbol], forms.spans[symbol + 1]
        same = last - first == end - start
        index = 0
        while same and index < end - start:
            same = forms.names[first + index] == text[start + index]
            index += 1
        if same:
            return int(symbol)
        place = (place + 1) & mask
    return NONE
