"""Backfill: the past of a pool from a node into the store, resumed where it ended."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from atom.onchain import source
from atom.onchain.source import Source, patient
from atom.onchain.spans import Span, Spans
from atom.store import Store, disk
from fusion.chain.logs import Piece
from fusion.chain.rpc import Rpc
from fusion.errors import BadInput, ChainUnavailable, FusionError

DEPTH: Final = 64  # blocks under the head that are not read yet; two epochs of Ethereum
_FACTS, _PIECES = 20_000, 100  # after which what came is kept
_HEADERS = 200  # blocks asked for in one round trip

Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Filled:
    """What a backfill did.

    Attributes:
        venue, symbol: of the pool.
        first, last: blocks that were asked for, as far as they are deep enough.
        blocks: of them those that were not kept before.
        logs, unexplained: of the pool in these, and those of a known topic and no known shape.
        swaps: rows made of them.
    """

    venue: str
    symbol: str
    first: int
    last: int
    blocks: int = 0
    logs: int = 0
    unexplained: int = 0
    swaps: int = 0

    def as_dict(self) -> dict[str, str | int]:
        """As JSON has it."""
        return asdict(self)


class Backfill:
    """The past of one pool.

    Only blocks `depth` under the head are read, so that a reorganisation of fewer leaves what is kept true. One that is
    deeper is seen at the next run by the hash of the last block, and refused.

    Args:
        rpc: the node.
        store: where the events go.
        of: what is read.
        depth: blocks under the head that are not read.
    """

    def __init__(self, rpc: Rpc, store: Store, of: Source, *, depth: int = DEPTH) -> None:
        self._rpc = rpc
        self._store = store
        self._of = of
        self._depth = depth
        self._symbol = of.instrument.symbol
        self._path = store.folder / "onchain" / f"{of.notes}.json"

    def run(self, first: int, last: int | None = None, report: Report = lambda stage, done: None) -> Filled:
        """Fills in what is missing of blocks `first` to `last`, or as far as they are deep enough.

        Raises:
            FusionError: another process fills this pool, the disk refuses, or the chain was reorganised deeper than
                what was taken as sure.
            ChainUnavailable: the endpoint does not answer, for longer than is worth waiting; what was kept is.
        """
        lock = disk.hold(Path(f"{self._path}.lock"), f"another process fills {self._symbol}; wait until it has ended")
        try:
            return self._run(first, last, report)
        finally:
            os.close(lock)

    def _run(self, first: int, last: int | None, report: Report) -> Filled:
        head = int(patient(lambda: self._rpc.call("eth_blockNumber")), 16)
        deep = head - self._depth
        end = deep if last is None else min(last, deep)
        if first > end:
            raise BadInput(
                f"block {first} is not {self._depth} blocks under the head {head}; wait, or give less --depth"
            )
        spans = Spans.read(self._path)
        self._same_chain(spans)
        filled = Filled(self._of.instrument.venue, self._symbol, first, end)
        if spans.begun is not None:
            spans, filled = self._keep(spans, filled, *spans.begun, self._logs(*spans.begun))
        gaps = spans.missing(first, end)
        todo, done = sum(b - a + 1 for a, b in gaps), 0
        for start, stop in gaps:
            for held in _batches(self._pieces(start, stop)):
                logs = [log for piece in held for log in piece.logs]
                spans, filled = self._keep(spans, filled, held[0].first, held[-1].last, logs)
                done += held[-1].last - held[0].first + 1
                report(f"block {held[-1].last}", done / todo)
        return filled

    def _same_chain(self, spans: Spans) -> None:
        for span in spans.kept:
            now = self._header(span.last)
            if now is None or now["hash"] != span.hash:
                raise FusionError(
                    f"block {span.last} is another than when {self._symbol} was filled: a reorganisation "
                    "was deeper than what was taken as sure, or the chain is another; remove the pool's events and "
                    f"{self._path}, and fill it again with more --depth"
                )

    def _pieces(self, first: int, last: int) -> Iterator[Piece]:
        """Logs of the pool, asked for again where the endpoint did not answer."""
        pauses = iter(source.PAUSES)
        while first <= last:
            try:
                for piece in self._of.pieces(first, last):
                    yield piece
                    first, pauses = piece.last + 1, iter(source.PAUSES)
                if first <= last:
                    raise ChainUnavailable(f"{self._rpc.url} has no block {last} any more; try again")
            except ChainUnavailable:
                pause = next(pauses, None)
                if pause is None:
                    raise
                time.sleep(pause)

    def _logs(self, first: int, last: int) -> list[Mapping[str, Any]]:
        return [log for piece in self._pieces(first, last) for log in piece.logs]

    def _keep(
        self, spans: Spans, filled: Filled, first: int, last: int, logs: Sequence[Mapping[str, Any]]
    ) -> tuple[Spans, Filled]:
        """Writes the events of whole blocks, and notes that they are kept."""
        try:
            end, timed = self._timed(logs, last)
        except (KeyError, TypeError, ValueError) as error:
            raise FusionError(f"{self._rpc.url} gave a log that names no block: {error}") from error
        if not all(first <= int(log["blockNumber"], 16) <= last for log in logs):
            raise FusionError(
                f"{self._rpc.url} gave logs of other blocks than {first} to {last}, which it was asked for"
            )
        recording = self._of.recording(timed)
        spans = spans.begin(first, last)
        spans.write(self._path)
        for folder in {path.parent for path in self._store.write(recording)}:
            disk.sync(folder)
        spans = spans.keep(Span(first, last, end))
        spans.write(self._path)
        return spans, Filled(
            filled.venue,
            filled.symbol,
            filled.first,
            filled.last,
            filled.blocks + last - first + 1,
            filled.logs + recording.messages,
            filled.unexplained + recording.unexplained,
            filled.swaps + recording.trades,
        )

    def _timed(self, logs: Sequence[Mapping[str, Any]], last: int) -> tuple[str, list[Mapping[str, Any]]]:
        """The hash of the last block, and the logs with the times of their blocks, of which they must be."""
        numbers = sorted({int(log["blockNumber"], 16) for log in logs} | {last})
        headers: dict[int, Mapping[str, Any]] = {}
        for start in range(0, len(numbers), _HEADERS):
            asked = numbers[start : start + _HEADERS]
            calls = [("eth_getBlockByNumber", (hex(number), False)) for number in asked]
            found = patient(lambda: self._rpc.batch(calls))  # noqa: B023  # called at once
            headers |= {number: header for number, header in zip(asked, found, strict=True) if header}
        timed: list[Mapping[str, Any]] = []
        for log in logs:
            header = headers.get(int(log["blockNumber"], 16))
            if header is None or header["hash"] != log["blockHash"]:
                raise ChainUnavailable(f"block {int(log['blockNumber'], 16)} was replaced while it was read; try again")
            timed.append({**log, "blockTimestamp": header["timestamp"]})
        if last not in headers:
            raise ChainUnavailable(f"{self._rpc.url} has no block {last} any more; try again")
        return str(headers[last]["hash"]), timed

    def _header(self, number: int) -> Mapping[str, Any] | None:
        call = ("eth_getBlockByNumber", (hex(number), False))
        header: Mapping[str, Any] | None = patient(lambda: self._rpc.batch([call])[0])
        return header


def _batches(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    """Pieces in batches that are kept at once: a file each few blocks would be many files."""
    held: list[Piece] = []
    for piece in pieces:
        held.append(piece)
        if len(held) >= _PIECES or sum(len(each.logs) for each in held) >= _FACTS:
            yield held
            held = []
    if held:
        yield held
