"""The order book: levels and queues rebuilt from events. Pure; no I/O, no clock."""

from atom.book.book import TOP, Book, Change, Level, Order, Replay, changes, replay

__all__ = ["TOP", "Book", "Change", "Level", "Order", "Replay", "changes", "replay"]
