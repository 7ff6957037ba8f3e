"""By price: a recorded market that tells the size of every level."""

from node.exchange.core.command import Told as Flag
from node.exchange.oracle.command import Command
from node.exchange.oracle.market import Market
from node.exchange.oracle.record import Told
from node.exchange.oracle.recorded import cross, join, lots, make, rebuild, shrink, told_size


def set_level(market: Market, command: Command, prices: list[int]) -> None:
    """A level has another size; trades that it does not show yet are taken off what it had."""
    record, size, level = market.record, told_size(market, command), (command.side, command.price)
    told = record.levels.pop(level, None)
    if told is None and not size:
        return
    before = 0 if told is None else lots(market, told.size) - told.pending
    stood = 0 if told is not None else record.stood_levels.pop(level, 0)
    if size:
        record.levels[level] = Told(size)
    growth = lots(market, size) - before
    if growth < 0:
        shrink(market, *level, -growth)
    elif command.flags & Flag.SNAPSHOT:
        first = min(stood, growth)
        for part, known in ((first, True), (growth - first, False)):
            if part:
                rebuild(market, make(market, *level, part), known=known)
    elif growth:
        growth = cross(market, *level, growth, prices)
        if growth:
            join(market, *level, growth)
