#!/usr/bin/env python
"""The virtual exchange on one core: matching, replay, strategies, order entry and agents, against the best known peers.

.venv/bin/python bench/exchange.py            # a table, as Markdown
.venv/bin/python bench/exchange.py --json     # for programs
.venv/bin/python bench/exchange.py --quick    # fewer repetitions

The peers are installed into `.venv-bench` and `.venv-bench-agents` at the first run; the reference in C is built with
`cc`. A recorded capture is replayed by price where there is one (the folder that FUSION_TEST_DATA names, or
../shared/data), and a made-up one of the same form otherwise; the market by order is simulated.
"""

import argparse
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file: the rooms lie beside `bench`

import numpy as np

from atom.events import Events
from atom.reader import read_capture
from atom.venues.simulated import simulate
from bench import atom, fanout, hft_events, order_flow
from bench.peer import Peer, in_turn
from bench.rows import Row, seconds, told
from node.exchange.agents.opening import Opening, populate
from node.exchange.core.command import Kind, Queue, Selftrade, Type
from node.exchange.core.journal import Record
from node.exchange.exchange import Commands, Exchange
from node.exchange.listing import Asset, Listing
from node.exchange.replay.latency import Latency, constant
from node.exchange.replay.tape import Model, Tape
from node.exchange.tester.book import Book, Event
from node.exchange.tester.made import LISTING, PRICE
from node.exchange.tester.orders import BUY, SELL, Orders
from node.exchange.tester.run import Form, Run, Terms
from node.exchange.tester.strategy import Strategy

BATCH: Final = 1000
"""Commands that are given at once."""
MINUTE: Final = 60 * 10**9
LATENCY: Final = Latency(*(constant(1_000_000) for _ in range(3)))
_AGENTS_SPAN: Final = 3600 * 10**9
_PAMS_STEPS: Final = 1000
_TURN: Final = 1000  # events between two orders of the strategy


def matching(folder: Path, count: int, times: int) -> Row:
    """Commands of a thousand accounts, by the thousand, against C; the journals must be equal."""
    commands = order_flow.flow(count)
    np.save(folder / "flow.npy", commands)
    np.save(folder / "deposits.npy", order_flow.deposits())
    arguments = [str(each) for each in (order_flow.ACCOUNTS, *order_flow.FEES, BATCH)]
    peer = Peer("engine", folder / "flow.npy", folder / "deposits.npy", *arguments)
    batches = [commands[at : at + BATCH] for at in range(0, len(commands), BATCH)]
    journal, exchange = hashlib.sha256(), order_flow.funded()
    for batch in batches:
        journal.update(exchange.carry_out(batch).tobytes())
    if journal.hexdigest() != peer.facts["hash"]:
        raise SystemExit("the reference in C wrote another journal")

    def all_of_them() -> float:
        carry_out = order_flow.funded().carry_out
        began = time.perf_counter()
        for batch in batches:
            carry_out(batch)
        return time.perf_counter() - began

    ours, theirs = in_turn(all_of_them, peer, times)
    return Row("matching", len(commands) / ours, "commands/s", "C -O3", len(commands) / theirs)


def order_entry(folder: Path, count: int, times: int) -> Row:
    """Orders and cancels, one call of Python each."""
    commands = order_flow.flow(count, mode=int(Selftrade.NONE))
    what = np.where(commands["kind"] == Kind.CANCEL, 2, commands["type"] == Type.MARKET)
    number = np.where(what == 2, commands["order"], np.arange(len(commands)))
    names = _numbers(commands)
    theirs = [
        names.get(one, one) if kind == 2 else one for kind, one in zip(what.tolist(), number.tolist(), strict=True)
    ]
    columns = (what, commands["side"] == 0, commands["price"], commands["quantity"], np.array(theirs))
    np.save(folder / "lone.npy", np.stack([each.astype(np.int64) for each in columns], axis=1))
    fields = "side", "price", "quantity", "order", "account"
    rows = list(zip(what.tolist(), *(commands[name].tolist() for name in fields), strict=True))

    def one_by_one(exchange: Exchange) -> None:
        order, cancel, market = exchange.order, exchange.cancel, int(Type.MARKET)
        for kind, side, price, quantity, known, account in rows:
            if kind == 0:
                order(0, account, side, price, quantity)
            elif kind == 1:
                order(0, account, side, price, quantity, kind=market)
            else:
                cancel(0, account, known)

    peer, exchange = Peer("lone_orders", folder / "lone.npy"), order_flow.funded()
    one_by_one(exchange)
    if int(exchange.markets[0].state["live"][0]) != peer.facts["orders"]:
        raise SystemExit(f"limit-order-book ends with another book: {peer.facts['orders']} orders")
    mine, other = in_turn(lambda: _timed(order_flow.funded(), one_by_one), peer, times)
    return Row("order entry", len(rows) / mine, "orders/s", "limit-order-book", len(rows) / other)


def _numbers(commands: Commands) -> dict[int, int]:
    """Which command gave the order of an id."""
    rows = order_flow.funded().carry_out(commands)
    acks = rows[rows["kind"] == Record.ACK]
    return dict(zip(acks["order"].tolist(), acks["ref"].tolist(), strict=True))


def _timed(subject: Any, work: Callable[[Any], object]) -> float:
    return seconds(partial(work, subject))


class Idle(Strategy):
    """Looks at the book once a minute."""

    every = MINUTE
    levels = 0

    def __init__(self) -> None:
        self.seen = 0

    def on_timer(self, book: Book, time: int, orders: Orders) -> None:
        self.seen = book.bid


class Average(Strategy):
    """Keeps an average of the middle price, and turns round once a thousand events."""

    def __init__(self) -> None:
        self.count, self.mean = 0, 0.0

    def on_event(self, book: Book, event: Event, orders: Orders) -> None:
        self.count += 1
        if book.bid_size and book.ask_size:
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


def _run(events: Events, commands: Commands, strategy: Strategy, form: Form) -> tuple[float, int]:
    """Seconds that a backtest takes, and the events that its strategy was told of."""
    exchange = Exchange([_listing(events)])
    run = Run(exchange, strategy, Terms(latency=LATENCY), form)
    run.fund(int(commands["time"][0]), int(events.book["price"][0]))
    began = time.perf_counter()
    told_of = run.go(commands).events
    return time.perf_counter() - began, told_of


def replay(name: str, events: Events, rows: Any, folder: Path, times: int) -> Row:
    """A recorded market with latency and queues, looked at once a minute."""
    data = folder / f"{name}.npz"
    np.savez(data, data=rows)
    peer = Peer("hft_replay", name, data, str(events.instrument.tick), str(events.instrument.lot))
    commands = _commands(events, None if name == "l3" else Model(Queue.POWER, 3))
    ours, theirs = in_turn(lambda: _run(events, commands, Idle(), Form.COMPILED)[0], peer, times)
    count = len(events.book) + (len(events.trade) if name == "l2" else 0)
    return Row(f"{name.upper()} replay", count / ours, "events/s", f"hftbacktest {name.upper()}", count / theirs)


def strategy(events: Events, folder: Path, times: int) -> Row:
    """A strategy in Python that is woken on every event."""
    commands, quotes = _commands(events), Quotes()
    _run(events, commands, quotes, Form.PYTHON)
    np.save(folder / "quotes.npy", np.array(quotes.rows))
    peer = Peer("lone_events", folder / "quotes.npy")
    count = _run(events, commands, Average(), Form.PYTHON)[1]
    ours, theirs = in_turn(lambda: _run(events, commands, Average(), Form.PYTHON)[0], peer, times)
    return Row("strategy", count / ours, "events/s", "nautilus_trader", int(str(peer.facts["events"])) / theirs)


def agents(times: int) -> Row:
    """A hundred agents in one market; orders and trades."""
    peer = Peer("pams_agents", str(_PAMS_STEPS), lock="requirements-bench-agents.lock")
    counted = 0

    def an_hour() -> float:
        nonlocal counted
        exchange = Exchange([LISTING])
        population, _ = populate(exchange, Opening(price=PRICE, size=1000))
        began, counted = time.perf_counter(), 0
        for block in population.run(exchange, _AGENTS_SPAN):
            kinds = block.journal["kind"]
            counted += int(np.count_nonzero(kinds == Record.ACK) + np.count_nonzero(kinds == Record.FILL))
        return time.perf_counter() - began

    ours, theirs = in_turn(an_hour, peer, times)
    return Row("agents", counted / ours, "events/s", "PAMS", int(str(peer.facts["events"])) / theirs)


def measured(folder: Path, *, quick: bool) -> list[Row]:
    """All rows but the fan-out."""
    times, orders = (3, 100_000) if quick else (7, 400_000)
    rows = [matching(folder, 300_000 if quick else 1_000_000, times), order_entry(folder, orders, times)]
    by_order = simulate(0, orders)
    rows.append(replay("l3", by_order, hft_events.orders(by_order, hft_events.BOTH), folder, times))
    path, _ = atom.capture(folder)
    by_price = read_capture("binance_futures", [path]).recordings[0].events
    rows.append(replay("l2", by_price, hft_events.levels(by_price), folder, times))
    rows.append(strategy(simulate(1, orders // 4), folder, times))
    rows.append(agents(times))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    options = parser.parse_args()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # one core, for the peers too
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(Path(folder), quick=options.quick)
    os.sched_setaffinity(0, cores)  # the fan-out's clients are another machine's work
    rows += fanout.measured(1 if options.quick else 5, 10)[:1]
    print(told("the virtual exchange on one core, its fan-out on all", rows, as_json=options.json))


if __name__ == "__main__":
    main()
