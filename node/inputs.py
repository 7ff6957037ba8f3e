"""Input tables for jobs and tests: the top of the book of a feed."""

from atom import open_feed
from atom.window import quotes
from fusion.content.table import Table

ROWS = 5_000


def quotes_table(feed: str, *, rows: int = ROWS) -> Table:
    """The first `rows` changes of the best bid and ask of `feed`: ts (ns), bid, ask, bid_size, ask_size."""
    return quotes(open_feed(feed), rows=rows)
