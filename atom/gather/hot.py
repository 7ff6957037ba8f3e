"""Hot messages into columns, many at once."""

from collections.abc import Callable, Iterator

import numpy as np

from atom.gather.columns import Columns
from atom.gather.stamp import Delta, Stamps
from atom.instrument import Ints
from atom.layout import Found, Layout, Layouts, Role
from atom.layout.frame import Block
from atom.layout.match import MICROSECONDS

_KINDS = ("quote", "trade", "delta")


def take(layouts: Layouts, block: Block, found: Found, lines: Ints, columns_of: Callable[[str], Columns]) -> None:
    """Gives lines that were read by their layout to the columns of their symbols, of each kind in their order.

    Args:
        layouts: that read them.
        block, found: all lines, and what was read of them.
        lines: which of them; each has a layout.
        columns_of: the columns of a symbol, by the venue's name.
    """
    starts = np.cumsum(found.counts.sum(axis=1)) - found.counts.sum(axis=1)
    for layout, symbol, some in _runs(layouts, found, lines):
        _give(layout, columns_of(layouts.names[symbol]), block, found, (some, starts[some]))


def _runs(layouts: Layouts, found: Found, lines: Ints) -> Iterator[tuple[Layout, int, Ints]]:
    """Lines of one symbol and kind that follow one another and have one layout."""
    kinds = np.array([_KINDS.index(layout.hot.kind) for layout in layouts.known])
    layout, symbol = found.layout[lines], found.symbol[lines]
    group = symbol * len(_KINDS) + kinds[layout]
    order = np.argsort(group.astype(np.min_scalar_type(int(group.max()))), kind="stable")  # short ones by their digits
    new = (np.diff(group[order], prepend=-1) != 0) | (np.diff(layout[order], prepend=-1) != 0)
    starts = np.flatnonzero(new)
    for first, end in zip(starts, [*starts[1:], len(order)], strict=True):
        some = order[first:end]
        yield layouts.known[layout[some[0]]], int(symbol[some[0]]), lines[some]


def _give(layout: Layout, columns: Columns, block: Block, found: Found, lines: tuple[Ints, Ints]) -> None:
    hot, (some, starts) = layout.hot, lines
    stamps = _stamps(layout, block, found, some)
    columns.messages += len(some)
    sequence = found.values[some, Role.SEQUENCE]

    def of(role: Role) -> Ints:
        return np.stack((found.values[some, role], found.decimals[some, role]), axis=1)

    if hot.kind == "quote":
        columns.quotes_read(stamps, sequence, (of(Role.BID), of(Role.BID_SIZE)), (of(Role.ASK), of(Role.ASK_SIZE)))
    elif hot.kind == "trade":
        columns.trades += len(some)
        of_each = of(Role.PRICE), of(Role.SIZE)
        columns.trades_read(stamps, sequence, found.values[some, Role.SELLS], of_each, hot.flags)
    else:
        chained = Role.PREVIOUS in hot.roles.values()
        previous = found.values[some, Role.PREVIOUS] if chained else found.values[some, Role.FIRST] - 1
        levels = _levels(found, some, starts, layout)
        _deltas(columns, stamps, (previous, sequence), found.counts[some], levels)


def _deltas(columns: Columns, stamps: Stamps, updates: tuple[Ints, Ints], counts: Ints, levels: Ints) -> None:
    """Changes of the book: as many at once as follow one another, and one by one where the sync has to judge."""
    previous, last = updates
    ends = np.cumsum(counts.sum(axis=1))
    breaks = np.append(np.flatnonzero((previous[1:] != last[:-1]) | (last[1:] <= last[:-1])) + 1, len(last))
    at = 0
    while at < len(last):
        first = int(ends[at] - counts[at].sum())
        if columns.follows(int(previous[at]), int(last[at])):
            upto = int(breaks[np.searchsorted(breaks, at, "right")])
            some = slice(at, upto)
            columns.deltas_read(stamps.part(at, upto), last[some], counts[some], levels[first : int(ends[upto - 1])])
        else:
            upto, middle = at + 1, first + int(counts[at, 0])
            bids, asks = levels[first:middle], levels[middle : int(ends[at])]
            columns.delta(Delta(stamps.at(at), int(previous[at]), int(last[at]), bids, asks))
        at = upto


def _levels(found: Found, some: Ints, starts: Ints, layout: Layout) -> Ints:
    """Levels of lines, of each its bids before its asks."""
    bids, asks = found.counts[some].T
    own = bids + asks
    within = np.arange(int(own.sum())) - np.repeat(np.cumsum(own) - own, own)
    place = np.repeat(starts, own) + within
    if layout.asks_first:
        is_bid = within < np.repeat(bids, own)
        place = np.where(is_bid, place + np.repeat(asks, own), place - np.repeat(bids, own))
    return np.asarray(found.levels[place])


def _stamps(layout: Layout, block: Block, found: Found, lines: Ints) -> Stamps:
    event = None
    if Role.TIME in layout.hot.roles.values():
        told = found.values[lines, Role.TIME]
        event = told * np.where(told >= MICROSECONDS, 1_000, 1_000_000)
    return Stamps(event, block.ts_recv[lines], block.place[lines])
