"""Events in batches, as a recorder hands them on."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from atom.events import Events


def pieces(events: Events, cuts: int | Sequence[float]) -> Iterator[Events]:
    """Events in so many batches, or cut at these shares of each type, from 0 to 1."""
    shares = np.linspace(0, 1, cuts + 1)[1:-1] if isinstance(cuts, int) else np.sort(np.array(cuts, np.float64))
    edges = [0.0, *shares.tolist(), 1.0]
    for place in range(len(edges) - 1):
        tables = {
            kind: rows[int(edges[place] * len(rows)) : int(edges[place + 1] * len(rows))]
            for kind, rows in events.tables().items()
        }
        told = events.status if place == 0 else ()
        yield replace(events, book=tables["book"], trade=tables["trade"], quote=tables["quote"], status=told)
