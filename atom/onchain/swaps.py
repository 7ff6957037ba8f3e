"""Swaps: the logs of one pool, as a source of its past."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np

from atom.events import Events, empty
from atom.instrument import Instrument
from atom.onchain import words
from atom.onchain.ask import ask_pool
from atom.onchain.decode import by_pool, decode, strange, tables_of, with_sizes
from atom.onchain.forms import FAMILIES
from atom.onchain.logs import Logs
from atom.onchain.pools import Pool, instrument
from atom.onchain.sheet import BadCellError
from atom.onchain.source import patient
from atom.recording import Recording
from fusion.chain.logs import SPAN, LogReader, Piece
from fusion.chain.rpc import Rpc
from fusion.errors import BadInput, FusionError


class Swaps:
    """The logs of one pool.

    Args:
        rpc: the node.
        venue: one of `FAMILIES`.
        address: of the pool.
        span: blocks whose logs are asked for at once.

    Raises:
        BadInput: the venue is unknown, or there is no pool at the address.
        ChainUnavailable: the endpoint does not answer.
    """

    def __init__(self, rpc: Rpc, venue: str, address: str, *, span: int = SPAN) -> None:
        if venue not in FAMILIES:
            raise BadInput(f"unknown venue {venue[:40]!r} of pools; known are {', '.join(FAMILIES)}")
        self._url = rpc.url
        self._reader = LogReader(rpc, span)
        self.pool: Pool = patient(lambda: ask_pool(rpc, address))
        self.instrument: Instrument = instrument(venue, self.pool.address, self.pool)

    @property
    def notes(self) -> str:
        """A name for what is noted of it."""
        return f"{self.instrument.venue}@{quote(self.instrument.symbol, safe='')}"

    def pieces(self, first: int, last: int) -> Iterator[Piece]:
        """Logs of blocks `first` to `last`; raises as `LogReader.pieces`."""
        return self._reader.pieces(first, last, {"address": self.pool.address})

    def recording(self, facts: Sequence[Mapping[str, Any]]) -> Recording:
        """Logs as events; FusionError where one is none."""
        try:
            logs = Logs.parsed(facts)
        except BadCellError as error:
            raise FusionError(f"{self._url} gave a log that is none: {error}") from error
        if any(address != self.pool.address for address in set(words.text(logs.address))):
            raise FusionError(f"{self._url} gave logs of other contracts than {self.pool.address}")
        decoded = decode(logs)
        tables = {kind: rows for kind, table in tables_of([decoded]).items() for _, rows in by_pool(table)}
        with_sizes(tables, self.pool.decimals)
        misfits = np.flatnonzero(decoded.misfit).tolist()
        status = tuple(strange(logs, row, f"block {logs.block[row]}, log {logs.log_index[row]}") for row in misfits)
        events = Events(self.instrument, empty("book"), empty("trade"), empty("quote"), status, tables)
        swaps = len(tables.get("dex_swap", ()))
        return Recording(events, messages=len(logs), unexplained=len(misfits), trades=swaps, gaps=0)
