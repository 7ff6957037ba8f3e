"""Replays: a recorded market with a strategy in it, against hftbacktest and nautilus_trader."""

import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from atom.events import Events
from bench import hft_rule
from bench.hft_rule import Step
from bench.peer import Peer, in_turn
from bench.rows import Row, rates
from node.exchange.core.command import Kind, Queue
from node.exchange.core.state import FIRST_USER
from node.exchange.exchange import Commands, Exchange, command
from node.exchange.listing import Asset, Listing
from node.exchange.replay.latency import Latency, constant
from node.exchange.replay.tape import Model, Tape
from node.exchange.tester.book import FILL, TRADE, Book, Event
from node.exchange.tester.orders import BUY, SELL, Orders
from node.exchange.tester.run import Form, Record, Run, Terms
from node.exchange.tester.strategy import Strategy

LATENCY: Final = Latency(*(constant(1_000_000) for _ in range(3)))
_CASH, _INVENTORY = Decimal(10_000_000), Decimal(100)
_OFF: Final = 0.01, 0.1, 0.03  # shares that orders, their fills and ours may be off: seconds begin at other moments
_TURN: Final = 1000  # events between two orders of the strategy
Said = dict[str, object]
"""What the peer says of a run."""


class Quoting(Strategy):
    """Quotes at the best prices, a lot each, anew every second."""

    every = 10**9
    levels = 0

    def __init__(self) -> None:
        self.buys, self.sells = 0, 0

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        if self.buys and orders.left(self.buys):
            orders.cancel(self.buys)
        if self.sells and orders.left(self.sells):
            orders.cancel(self.sells)
        if book.bid_size and book.ask_size:
            self.buys = orders.buy(book.bid, 1)
            self.sells = orders.sell(book.ask, 1)


class Average(Strategy):
    """Keeps an average of the middle price, and turns round once a thousand events of the market."""

    def __init__(self) -> None:
        self.count, self.mean = 0, 0.0

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if event.kind > TRADE or not (book.bid_size and book.ask_size):
            return
        self.count += 1
        self.mean += 0.01 * (book.mid - self.mean)
        if self.count % _TURN == 0:
            if self.count // _TURN % 2:
                orders.market(BUY, 10)
            else:
                orders.market(SELL, 10)


class Quotes(Strategy):
    """Writes down the best prices after each event."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, int, int]] = []

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        if book.bid_size and book.ask_size:
            self.rows.append((book.time, book.bid, book.ask, book.bid_size))


def _listing(events: Events) -> Listing:
    tick, lot = events.instrument.tick, events.instrument.lot
    return Listing("BTC-USDT", Asset("BTC"), Asset("USDT"), tick, lot, lot, Decimal(10**6), Decimal(0))


def _commands(events: Events, model: Model | None = None) -> Commands:
    blocks = [block.copy() for block in Tape(_listing(events), 0, [events], model=model).blocks()]
    commands: Commands = np.concatenate(blocks)
    commands["time"][0] = commands["time"][1]
    return commands


class _Ran(NamedTuple):
    """A backtest that was run.

    Attributes:
        seconds: that it took.
        record: what was written down of it.
        top: best bid and ask that it ended with, of the recorded orders alone.
    """

    seconds: float
    record: Record
    top: list[float]


def _run(events: Events, commands: Commands, strategy: Strategy, form: Form) -> _Ran:
    exchange = Exchange([_listing(events)])
    run = Run(exchange, strategy, Terms(_CASH, _INVENTORY, latency=LATENCY), form)
    run.fund(int(commands["time"][0]), int(events.book["price"][0]))
    began = time.perf_counter()
    record = run.go(commands)
    seconds = time.perf_counter() - began
    exchange.carry_out(command(kind=Kind.CANCEL_ALL, account=FIRST_USER))
    market, tick = exchange.markets[0], float(events.instrument.tick)
    return _Ran(seconds, record, [abs(int(market.base[side] + market.top[side])) * tick for side in (0, 1)])


def replay(name: str, events: Events, rows: Any, folder: Path, times: int) -> Row:
    """A recorded market, and one who quotes in it with latency and a place in the queue.

    An event is a row of the recorded book, or a trade where the book is by price. Ours keeps one book, with the user's
    orders in it, and tells the strategy the best prices; the peer keeps a second one for its trader.
    """
    data = folder / f"{name}.npz"
    np.savez(data, data=rows)
    peer = Peer("hft_replay", name, data, str(events.instrument.tick), str(events.instrument.lot))
    commands = _commands(events, None if name == "l3" else Model(Queue.POWER, 3))
    ran: list[_Ran] = []

    def ours() -> float:
        ran.append(_run(events, commands, Quoting(), Form.COMPILED))
        return ran[-1].seconds

    turns = in_turn(ours, peer, times)
    for mine, theirs in zip(ran, peer.said, strict=True):
        _agree(name, mine, theirs, (ran[0], peer.said[0]))
    steps = hft_rule.steps(rows, float(events.instrument.tick), float(events.instrument.lot))
    _compare(name, steps, commands, ran[0].record, peer.said[0])
    count = len(events.book) + (len(events.trade) if name == "l2" else 0)
    return Row.of(f"{name.upper()} replay", "events/s", f"hftbacktest {name.upper()}", rates(turns, count))


def _agree(name: str, mine: _Ran, theirs: Said, first: tuple[_Ran, Said]) -> None:
    """Ends the bench where two runs did not end with the same best prices, or one not as the first of its side."""
    top = theirs["top"]
    if not isinstance(top, list) or [round(each, 6) for each in top] != [round(each, 6) for each in mine.top]:
        raise SystemExit(f"{name}: hftbacktest ends with another book: {top} and not {mine.top}")
    if theirs != first[1] or mine.record.answers.tobytes() != first[0].record.answers.tobytes():
        raise SystemExit(f"{name}: two runs of one side end in different ways")


def _compare(name: str, steps: list[Step], commands: Commands, record: Record, theirs: Said) -> None:
    """Ends the bench where the two did not do the same work.

    They do not fill the same orders, since their rules differ. So both are compared with hftbacktest's own rules,
    applied to the orders that were given here: as it reads the record; and as it is read here, where by order a trade
    also fills who it went past, and by price a trade comes before what shows it.
    """
    new = record.arrived[record.arrived["kind"] == Kind.NEW]
    orders, filled = int(str(theirs["orders"])), int(str(theirs["fills"]))
    fills = int(np.count_nonzero(record.answers["kind"] == FILL))
    if name == "l3":
        expected = hft_rule.by_order(steps, new), hft_rule.by_order(steps, new, swept=True)
    else:
        expected = hft_rule.by_price(steps, new), hft_rule.by_price(hft_rule.steps_of(commands), new)
    said = (
        f"{name}: hftbacktest filled {filled} of {orders} orders, where {expected[0]} are expected by its rules; "
        f"here {fills} of {len(new)}, where {expected[1]} are"
    )
    print(said, file=sys.stderr)
    pairs = (len(new), orders), (expected[0], filled), (expected[1], fills)
    if any(abs(one - other) > off * max(one, other, 100) for (one, other), off in zip(pairs, _OFF, strict=True)):
        raise SystemExit(f"not the same work; {said}")


def strategy(events: Events, folder: Path, times: int) -> Row:
    """A strategy in Python that is woken on every event. Ours rebuilds the book by order and is told of its own orders
    too; the peer, which has no book here, is given the best prices that came of it, as quotes.
    """
    commands, quotes, average = _commands(events), Quotes(), Average()
    _run(events, commands, quotes, Form.PYTHON)
    np.save(folder / "quotes.npy", np.array(quotes.rows))
    peer = Peer("lone_events", folder / "quotes.npy")
    _run(events, commands, average, Form.PYTHON)
    mean = float(str(peer.facts["mean"])) / float(events.instrument.tick)
    if abs(average.mean - mean) > 1e-3 * mean:
        raise SystemExit(f"nautilus_trader's strategy ends with another average: {mean} and not {average.mean} ticks")
    if abs(average.count - len(quotes.rows)) > _OFF[0] * average.count:  # its own orders change the market
        raise SystemExit(f"nautilus_trader is given {len(quotes.rows)} events, and ours {average.count}")
    turns = in_turn(lambda: _run(events, commands, Average(), Form.PYTHON).seconds, peer, times)
    return Row.of(
        "strategy", "events/s", "nautilus_trader, quotes without a book", rates(turns, average.count, len(quotes.rows))
    )
