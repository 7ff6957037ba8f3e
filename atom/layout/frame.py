"""Framing: where recorded lines begin, and when they came, a block at a time."""

from typing import NamedTuple

import numpy as np

from atom.book.engine import jit
from atom.layout.match import Bytes, Ints

_SPACE, _COLON, _DOT, _ZERO, _NINE, _NEWLINE = (ord(each) for each in " :.09\n")
_SECONDS, _FRACTION, _NANOSECONDS = 10, 18, 19  # digits, at most
_OTHER = -1


class Block(NamedTuple):
    """Recorded lines one after the other.

    Attributes:
        text: the bytes that they stand in.
        spans: of each line the beginning and the end; of a message received that of its body, else of all of it.
        ts_recv: arrival, ns; -1 for a line that is no message received.
        place: its number.
    """

    text: Bytes
    spans: Ints
    ts_recv: Ints
    place: Ints


def frame(text: Bytes, place: int) -> Block:
    """Lines of a text, whose first has the number `place`; the text ends with the last one's end."""
    breaks = np.flatnonzero(text == _NEWLINE)
    ends = breaks if len(breaks) and breaks[-1] == len(text) - 1 else np.append(breaks, len(text))
    spans = np.stack((np.append(0, ends[:-1] + 1), ends), axis=1)
    ts_recv = np.full(len(spans), _OTHER, np.int64)
    _stamps(text, spans, ts_recv)
    return Block(text, spans, ts_recv, np.arange(place, place + len(spans)))


@jit
def _stamps(text: Bytes, spans: Ints, ts_recv: Ints) -> None:
    """Reads `nanoseconds ` and `seconds.fraction:` before a body, and moves the line's beginning to the body."""
    for line in range(len(spans)):
        start, end = spans[line]
        at, value = start, 0
        while at < end and at - start < _NANOSECONDS and text[at] >= _ZERO and text[at] <= _NINE:
            if value > (2**63 - 10) // 10:
                at = end
                break
            value = value * 10 + (text[at] - _ZERO)
            at += 1
        if at == start or at >= end:
            continue
        if text[at] == _SPACE:
            ts_recv[line], spans[line, 0] = value, at + 1
            continue
        if at - start > _SECONDS:
            continue
        digits, value = 0, value * 10**9
        if text[at] == _DOT:
            at += 1
            scale = 10**8
            while at < end and digits < _FRACTION and text[at] >= _ZERO and text[at] <= _NINE:
                value += scale * (text[at] - _ZERO)
                scale //= 10
                digits += 1
                at += 1
            if digits == 0:
                continue
        if at < end and text[at] == _COLON and value >= 0:
            at += 1
            if at < end and text[at] == _SPACE:
                at += 1
            ts_recv[line], spans[line, 0] = value, at
