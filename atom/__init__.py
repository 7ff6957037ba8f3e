"""Atom: L3 market data. Venues become events, events a book, a book metrics; windows of events are published."""

from atom.feed import open_feed
from atom.market import atom

__all__ = ["atom", "open_feed"]
