"""Layouts of a venue's messages, learnt as they come."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from atom.layout import match
from atom.layout.learn import Hot, Layout, learn
from atom.layout.match import Bytes, Forms, Ints, Lines

Found = Lines
_MOST: Final = 32  # layouts; a venue of more forms is read in the ordinary way beyond
_TRIES: Final = 2_000  # messages to learn from


class Layouts:
    """Knows the forms of hot messages, and the symbols that they may be about."""

    def __init__(self) -> None:
        self._tried = 0
        self._layouts: list[Layout] = []
        self._names: dict[str, int] = {}
        self._forms: Forms | None = None
        self._room = match.room(0, 0)

    @property
    def known(self) -> Sequence[Layout]:
        """All that were learnt."""
        return self._layouts

    def of_kind(self, kind: str) -> Sequence[int]:
        """The numbers of those that are of a kind."""
        return [number for number, layout in enumerate(self._layouts) if layout.hot.kind == kind]

    @property
    def names(self) -> Sequence[str]:
        """The symbols, by their number."""
        return list(self._names)

    def learn(self, body: bytes, hot: Hot) -> None:
        """Takes the form of a message that was just read in the ordinary way, and its symbol."""
        if hot.symbol not in self._names:
            self._names[hot.symbol] = len(self._names)
            self._forms = None
        self._tried += 1
        if self._tried <= _TRIES and len(self._layouts) < _MOST:
            layout = learn(body, hot)
            if layout is not None and not any(_same(layout, other) for other in self._layouts):
                self._layouts.append(layout)
                self._forms = None

    def read(self, text: Bytes, spans: Ints) -> Lines:
        """Reads the lines `text[spans[i, 0] : spans[i, 1]]`; those of no known form have layout -1.

        What it returns stands until the next call.
        """
        count, levels = len(spans), int((spans[:, 1] - spans[:, 0]).sum()) // _SHORTEST_LEVEL + 1
        if count > len(self._room.layout) or levels > len(self._room.levels):
            self._room = match.room(max(count, len(self._room.layout)), max(levels, len(self._room.levels)))
        room = self._room
        found = room._replace(
            layout=room.layout[:count],
            symbol=room.symbol[:count],
            values=room.values[:count],
            decimals=room.decimals[:count],
            counts=room.counts[:count],
        )
        match.match(text, spans, self._arrays(), found)
        return found

    def _arrays(self) -> Forms:
        if self._forms is None:
            steps = [layout.steps for layout in self._layouts]
            texts = [layout.texts for layout in self._layouts]
            names = [name.encode() for name in self._names]
            table = np.zeros(1 << (2 * len(names)).bit_length(), np.int64)
            pool = np.frombuffer(b"".join(names), np.uint8)
            spans = _ends([len(name) for name in names])
            for symbol in range(len(names)):
                place = match.name_hash(pool, spans[symbol], spans[symbol + 1]) & (len(table) - 1)
                while table[place]:
                    place = (place + 1) & (len(table) - 1)
                table[place] = symbol + 1
            self._forms = Forms(
                np.concatenate([np.zeros((0, 3), np.int64), *steps]),
                _ends([len(each) for each in steps]),
                np.frombuffer(b"".join(texts), np.uint8),
                _ends([len(each) for each in texts])[:-1],
                pool,
                spans,
                table,
            )
        return self._forms


_SHORTEST_LEVEL: Final = 6  # bytes: `[1,1],`


def _ends(lengths: Sequence[int]) -> Ints:
    return np.concatenate(([0], np.cumsum(np.array(lengths, np.int64)))).astype(np.int64)


def _same(one: Layout, other: Layout) -> bool:
    return one.texts == other.texts and np.array_equal(one.steps, other.steps) and one.hot.kind == other.hot.kind
