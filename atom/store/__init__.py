"""The store: events on disk, as an append-only log while they arrive and as Parquet for good."""

from atom.store.log import Log
from atom.store.store import Store

__all__ = ["Log", "Store"]
