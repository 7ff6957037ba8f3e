"""Ticks: one table of all that happened to a v3 pool, a row a log, as demeter-fetch and other tools exchange it.

Price, tick and liquidity beside each log are those after the last swap, and the liquidity of a mint or burn in range is
put on top in its own row. So it is told by those files, and so it is told here: it does not add up from row to row
until the next swap, and a position that begins at the current tick counts as out of range. Who needs the pool's true
liquidity between swaps adds up `dex_liquidity` itself.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

import numpy as np

from atom.events import Events, Flag, Pooled, Rows, empty
from atom.onchain import words
from atom.onchain.decode import place_of

_LOGGED: Final = {Pooled.MINT: "MINT", Pooled.BURN: "BURN", Pooled.COLLECT: "COLLECT"}


class Tick(NamedTuple):
    """A row. Amounts are integers in base units; None is unknown.

    Attributes:
        block_number, block_timestamp: the block, and its time, UTC.
        tx_type: SWAP, MINT, BURN or COLLECT.
        transaction_hash, pool_tx_index, pool_log_index: where in the block.
        sender, receipt: who acted (of a burn and a collection the owner), and who received.
        amount0, amount1: of a swap with their signs.
        total_liquidity, total_liquidity_delta: in range, and how this log changes it; see above.
        sqrtPriceX96, current_tick: after the last swap.
        tick_lower, tick_upper, liquidity: of the position, and how much was put in or taken out.
    """

    block_number: int
    block_timestamp: str
    tx_type: str
    transaction_hash: str
    pool_tx_index: int
    pool_log_index: int
    sender: str
    receipt: str | None
    amount0: int
    amount1: int
    total_liquidity: int | None
    total_liquidity_delta: int
    sqrtPriceX96: int | None  # noqa: N815  # the name that others gave it
    current_tick: int | None
    tick_lower: int | None
    tick_upper: int | None
    liquidity: int | None


def ticks(events: Events) -> Iterator[Tick]:
    """The table of one v3 pool, in the order of the chain."""
    swaps = events.more.get("dex_swap", empty("dex_swap"))
    liquidity = events.more.get("dex_liquidity", empty("dex_liquidity"))
    swaps = swaps[swaps["flags"] & Flag.NO_TICKS == 0]
    liquidity = liquidity[(liquidity["flags"] & Flag.NO_TICKS == 0) & np.isin(liquidity["action"], list(_LOGGED))]
    places = np.concatenate([place_of(swaps), place_of(liquidity)])
    told = [*_swaps(swaps), *_positions(liquidity)]
    last: Tick | None = None
    for index in np.argsort(places, kind="stable"):
        row = told[index]
        if row.tx_type == "SWAP":
            last = row
            yield row
        else:
            yield _beside(row, last)


def _beside(row: Tick, last: Tick | None) -> Tick:
    """A row of a position with the price and the liquidity after the last swap."""
    if last is None or last.total_liquidity is None or last.current_tick is None:
        return row
    change = {"MINT": 1, "BURN": -1}.get(row.tx_type, 0) * (row.liquidity or 0)
    if not (row.tick_lower or 0) < last.current_tick < (row.tick_upper or 0):
        change = 0
    return row._replace(
        total_liquidity=last.total_liquidity + change,
        total_liquidity_delta=change,
        sqrtPriceX96=last.sqrtPriceX96,
        current_tick=last.current_tick,
    )


class _Place(NamedTuple):
    """Where a log is."""

    block: int
    time: str
    tx_hash: str
    tx_index: int
    log_index: int

    def tick(
        self, what: str, parties: tuple[str, str | None], amounts: tuple[int, int], of: tuple[int | None, ...]
    ) -> Tick:
        """A row; `of` are total_liquidity, sqrtPriceX96, current_tick, tick_lower, tick_upper and liquidity."""
        total, root, tick, lower, upper, liquidity = of
        return Tick(
            self.block,
            self.time,
            what,
            self.tx_hash,
            self.tx_index,
            self.log_index,
            *parties,
            *amounts,
            total,
            0,
            root,
            tick,
            lower,
            upper,
            liquidity,
        )


def _places(rows: Rows) -> Iterator[_Place]:
    seconds = (rows["ts_event"] // 10**9).tolist()
    times = [datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S") for second in seconds]
    numbers = (rows[name].tolist() for name in ("tx_index", "log_index"))
    yield from map(_Place, rows["block"].tolist(), times, words.text(rows["tx_hash"]), *numbers)


def _swaps(rows: Rows) -> Iterator[Tick]:
    parties = zip(*(words.text(rows[name]) for name in ("sender", "recipient")), strict=True)
    amounts = zip(*(words.to_ints(rows[name]) for name in ("amount0", "amount1")), strict=True)
    totals, roots = (words.to_ints(rows[name]) for name in ("liquidity", "sqrt_price"))
    columns = zip(_places(rows), parties, amounts, totals, roots, rows["tick"].tolist(), strict=True)
    for place, of, amount, total, root, tick in columns:
        yield place.tick("SWAP", of, amount, (total, root, tick, None, None, None))


def _positions(rows: Rows) -> Iterator[Tick]:
    parties = zip(*(words.text(rows[name]) for name in ("sender", "owner", "recipient")), strict=True)
    amounts = zip(*(words.to_ints(rows[name]) for name in ("amount0", "amount1")), strict=True)
    ranges = zip(*(rows[name].tolist() for name in ("tick_lower", "tick_upper")), strict=True)
    actions, liquidity = rows["action"].tolist(), words.to_ints(rows["liquidity"])
    columns = zip(_places(rows), actions, parties, amounts, ranges, liquidity, strict=True)
    for place, action, (sender, owner, recipient), amount, within, size in columns:
        collected = action == Pooled.COLLECT
        of = (sender if action == Pooled.MINT else owner, recipient if collected else None)
        yield place.tick(_LOGGED[action], of, amount, (None, None, None, *within, None if collected else size))
