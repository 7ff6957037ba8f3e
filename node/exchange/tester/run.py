"""Run: one strategy on one market, from the first command to the last; what was written down of it."""

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from fusion.errors import BadInput
from node.exchange.core import door, growth
from node.exchange.core.command import COMMAND, Kind
from node.exchange.core.entry import Table
from node.exchange.core.journal import joined
from node.exchange.exchange import Commands, Exchange, command
from node.exchange.listing import Asset, Listing
from node.exchange.replay.latency import Latency, none
from node.exchange.replay.reel import Reel
from node.exchange.source import Source
from node.exchange.tester import exact, floor, inbox, loop, native
from node.exchange.tester.book import SIGNALS, Book, Event
from node.exchange.tester.marks import Marks
from node.exchange.tester.memory import NEVER, Floats, Ints, Rows, desk, longer, open_desk, unrolled
from node.exchange.tester.orders import OUT, ROOM, Orders
from node.exchange.tester.steps import Progress, Steps
from node.exchange.tester.strategy import MODULE, Strategy, check, told
from node.exchange.tester.typed import settle

_BEFORE = 1 << 10
"""Room for commands of a source, unless it gives more at a time."""
_MOST = 1 << 61
"""Base units: what an account begins with may still grow, and be lent by the world."""
_ENDS = {
    loop.OVER: inbox.OVER,
    loop.TOO_MANY: inbox.WHY[inbox.TOO_MANY],
    loop.FORBIDDEN: inbox.WHY[inbox.FORBIDDEN],
}


class Form(StrEnum):
    """How a strategy runs."""

    COMPILED = "compiled"
    PYTHON = "python"


@dataclass(frozen=True)
class Terms:
    """What a strategy meets.

    Attributes:
        cash: quote currency that the account is worth at the start.
        inventory: base currency it may sell from, lent to it; None: as much as `cash` buys at the first mid price. In a
            perpetual there is none.
        maker_ppm, takes_ppm: fees.
        latency: of orders, answers and news.
    """

    cash: Decimal = Decimal(100_000)
    inventory: Decimal | None = None
    maker_ppm: int = 1000
    taker_ppm: int = 1000
    latency: Latency | None = None


@dataclass(frozen=True)
class Signals:
    """Columns of modules.

    Attributes:
        names: of the columns.
        rows: ascending: after how many commands of the data each row is known; the strategy sees it with the first news
            sent from then on.
        values: (rows, columns).
    """

    names: tuple[str, ...]
    rows: Ints
    values: Floats


NO_SIGNALS = Signals((), np.zeros(0, np.int64), np.zeros((0, 1)))


@dataclass(frozen=True)
class Record:
    """What was written down.

    Attributes:
        listing: of the market.
        cash: quote currency at the start.
        answers: of dtype ANSWER, by the time of the exchange.
        arrived: of dtype ARRIVED: the strategy's commands.
        marks: the market's best prices without the strategy's own orders.
        begin, end: ns, of the first and last command.
        commands, events: how many were carried out, and told to the strategy.
    """

    listing: Listing
    cash: Decimal
    answers: Rows
    arrived: Rows
    marks: Marks
    begin: int
    end: int
    commands: int
    events: int


class Run:
    """One strategy at one market.

    Args:
        exchange: the market, as it is before the first of `commands`; the run changes it.
        strategy: gets the events.
        form: compiled or Python.
        room: rows of the shortest queue at first, a power of 2; what comes of a run does not depend on it.
        folder: on whose disk the best prices are kept; None: where the system has room for what passes.
    """

    def __init__(
        self, exchange: Exchange, strategy: Strategy, terms: Terms, form: Form, signals: Signals = NO_SIGNALS, *,
        room: int = 1 << 12, folder: Path | None = None,
    ) -> None:  # fmt: skip
        check(strategy)
        if signals.values.shape[1] > SIGNALS:
            raise BadInput(f"{signals.values.shape[1]} columns of modules are more than the {SIGNALS} one may see")
        self.exchange, self.strategy, self.terms, self._form = exchange, strategy, terms, form
        self._desk = desk(terms.latency or none(), signals.rows, signals.values, room)
        self._file = Path(inspect.getfile(type(strategy)))
        self._account = exchange.open_account(terms.maker_ppm, terms.taker_ppm)
        self._kept: dict[str, list[Rows]] = {"log": [], "arrived": []}
        self._marks = Marks(folder)
        self._prepare()
        self._table = Table(open_desk, self._desk)
        self._compiled = self._formed()

    def _formed(self) -> Any:
        """The strategy as what is driven in compiled form; None where Python is."""
        kind = type(self.strategy)
        if kind.__module__.startswith(MODULE):
            exact.harden(vars(sys.modules[kind.__module__]))
        if self._form is Form.COMPILED:
            return native.compiled(self.strategy, self._file, self._desk)
        settle(self.strategy)
        return None

    def _prepare(self) -> None:
        listing, rules = self.exchange.listings[0], self.exchange.markets[0].rules[0]
        control, book = self._desk.control, self._desk.book
        control["exchange"], control["account"] = self.exchange.table, self._account
        control["selftrade"], control["levels"] = int(self.strategy.selftrade), self.strategy.levels
        control["scale"] = 10**listing.quote.decimals
        control["cash"] = _units(listing.quote, self.terms.cash)
        wakes = type(self.strategy).on_event is not Strategy.on_event
        control["wake"] = self.strategy.events if wakes else 0
        control["every"] = self.strategy.every if type(self.strategy).on_timer is not Strategy.on_timer else 0
        book["tick"], book["lot"], book["levels"] = float(listing.tick), float(listing.lot), self.strategy.levels
        book["equity"] = float(self.terms.cash)
        self._rules = rules

    @property
    def account(self) -> int:
        """The strategy's."""
        return self._account

    @property
    def book(self) -> Book:
        """What the strategy has been told."""
        return Book.sharing(self._desk.book)

    def fund(self, time: int, price: int) -> None:
        """Gives the account its cash, and the inventory that it may sell from; `price` is the first mid, ticks."""
        listing = self.exchange.listings[0]
        cash = _units(listing.quote, self.terms.cash)
        if listing.initial:
            inventory = 0  # one has no base asset, and may sell
        elif self.terms.inventory is None:
            inventory = cash // max(1, price * int(self._rules["unit"])) * int(self._rules["lot"])
        else:
            inventory = _units(listing.base, self.terms.inventory)
        assets = (listing.quote, int(self._rules["quote"]), cash), (listing.base, int(self._rules["base"]), inventory)
        for of, asset, amount in assets:
            _units(of, of.amount(amount))
            if amount:
                self.exchange.carry_out(
                    command(time=time, kind=Kind.DEPOSIT, account=self._account, order=asset, quantity=amount)
                )
        control, book = self._desk.control, self._desk.book
        for name, amount in (("quote", cash), ("base", inventory)):
            control[name], control[f"has_{name}"], book[name] = amount, amount, amount

    def go(
        self, commands: Reel | Commands, report: Progress = lambda share: None, *,
        source: Source | None = None, span: tuple[int, int] | None = None,
    ) -> Record:  # fmt: skip
        """Runs all of the commands, which are in the order of their times.

        Args:
            source: gives more, and sees what everybody does. At equal times it comes after the commands.
            span: the first and the last time, ns; None: those of the commands.

        Raises:
            BadInput: the strategy raises, does not compile or asks for too much; the message says where.
            StorageFull: there is no room for the best prices.
        """
        reel = commands if isinstance(commands, Reel) else Reel(commands)
        if span is None and not len(reel):
            raise BadInput("there is nothing to run a strategy on: the data has no commands")
        begin, end = span or (reel.begin, reel.end)
        self._begin(begin, end)
        self._desk.control["passed"] = reel.first
        self._desk.control["keep"] = source is not None
        told = Steps(report, begin, end)
        for part, following in _ahead(reel.parts()):
            self._lay(part, _BEFORE if source is not None else 0)
            if source is not None:
                self._among(source, part["time"], min(following, end + 1), told)
            self._feed(len(part), following)
            if source is not None:
                self._tell(source)
            told(int(part["time"][-1]) if len(part) else end)
        return self._record(begin, end)

    def _among(self, source: Source, times: Ints, before: int, report: Steps) -> None:
        """Lets a source act among the commands at hand, each time after all that is due; up to a time, ns."""
        done = 0
        while (due := source.next_time()) is not None and due < before:
            done += int(np.searchsorted(times[done:], due, "right"))
            self._feed(done, due)
            self._tell(source)
            self._insert(source.take(self.exchange, due))
            self._feed(done, due)
            self._tell(source)
            report(due)

    def _tell(self, source: Source) -> None:
        """Lets a source know what was answered to everybody since it was told."""
        control = self._desk.control
        if rows := int(control["rows"][0]):
            source.told(self._desk.journal[:rows].copy())
            control["rows"] = 0

    def _begin(self, begin: int, end: int) -> None:
        control = self._desk.control
        control["end"], control["timer"] = end, NEVER
        if control["every"][0]:
            every = int(control["every"][0])
            control["timer"] = begin - begin % every + every

    def _lay(self, commands: Commands, before: int) -> None:
        """Puts commands where the loop takes them from, with room for so many of a source's before them."""
        if before or not commands.flags.carray:
            room = np.zeros(before + len(commands), COMMAND)
            raw = room[before:].view(np.uint8)
            raw[:] = np.ascontiguousarray(commands).view(np.uint8)  # numpy copies rows field by field
            commands = room
        self._start = before
        self._hold(commands, before)

    def _insert(self, commands: Commands) -> None:
        """Puts a source's commands before those that come next."""
        following = int(self._desk.control["next"][0])
        if len(commands) > following:
            more = np.zeros(len(commands) + len(self._desk.commands), COMMAND)
            more[len(commands) :] = self._desk.commands
            self._start += len(commands)
            following += len(commands)
            self._hold(more, following)
        self._desk.commands[following - len(commands) : following] = commands
        self._desk.control["next"] = following - len(commands)

    def _hold(self, commands: Commands, following: int) -> None:
        self._desk = self._desk._replace(commands=commands)
        self._table.hold(self._desk)
        self._desk.control["next"] = following

    def _feed(self, count: int, following: int) -> None:
        """Goes on with the first `count` commands at hand; no other comes before the time `following`."""
        control = self._desk.control
        control["count"], control["until"] = self._start + count, following
        self._until_needed()

    def _record(self, begin: int, end: int) -> Record:
        control = self._desk.control
        self._marks.add(self._desk.marks[: int(control["marks"][0])])
        control["marks"] = 0
        log, arrived = (
            joined([*parts, getattr(self._desk, name)[: int(control[name][0])]], getattr(self._desk, name).dtype)
            for name, parts in self._kept.items()
        )
        return Record(
            self.exchange.listings[0], self.terms.cash, log, arrived, self._marks,
            begin, end, int(control["commands"][0]), int(control["events"][0]),
        )  # fmt: skip

    def _until_needed(self) -> None:
        """Goes on until all commands at hand are carried out."""
        while True:
            why = self._drive()
            if why in (loop.COMMANDS, loop.ENDED):
                return
            if why in _ENDS:
                raise BadInput(_ENDS[why])
            if why == loop.ENDLESS:
                moment = np.datetime64(int(self._desk.control["now"][0]), "ns")
                raise BadInput(
                    f"the strategy sent more than {loop.CHAIN} orders up to {moment} while nothing came from the "
                    "market: it answers its own answers; look at event.kind and event.ref before it sends"
                )
            self._make_space()

    def _drive(self) -> int:
        if self._compiled is not None:
            try:
                return native.drive(self._compiled, self._desk, self._table.address)
            except (Exception, SystemExit) as error:
                raise BadInput(self._told(error)) from error
        step, address = loop.step, self._table.address
        book, event = Book.sharing(self._desk.book), Event.sharing(self._desk.event)
        orders = Orders.sharing(self._desk.orders)
        on_event, on_timer = self.strategy.on_event, self.strategy.on_timer
        wake, timer = loop.WAKE, loop.TIMER
        try:
            while True:
                why = step(address)
                if why == wake:
                    on_event(book, event, orders)
                elif why == timer:
                    on_timer(book, book.time, orders)
                else:
                    return why
        except (Exception, SystemExit) as error:
            raise BadInput(self._told(error)) from error

    def _told(self, error: BaseException) -> str:
        return told(error, self._file)

    def _make_space(self) -> None:
        """After the loop stopped for it: everything that is nearly full is emptied, or becomes twice as large."""
        control, was = self._desk.control, self._desk
        for name in self._kept:
            self._kept[name].append(joined([getattr(was, name)[: int(control[name][0])]], getattr(was, name).dtype))
            control[name] = 0
        if (marks := int(control["marks"][0])) > 1:  # the last may yet become another of the same time
            self._marks.add(was.marks[: marks - 1])
            was.marks[0], control["marks"] = was.marks[marks - 1], 1
        market = self.exchange.markets[0]
        if (fitted := growth.fitted(market)) is not market:
            market = fitted
            self.exchange.put_market(0, market)
        room, rows = 2 * door.rows_needed(self.exchange.table, 0), int(control["rows"][0])
        own = room + 8 * ROOM
        more = {
            "refs": longer(was.refs, len(market.nodes), len(was.refs)),
            "journal": longer(was.journal, rows + room, rows),
            "log": longer(was.log, own, 0),
        }
        for queue, names, least in (
            ("feed", ("feed", "levels"), 2 * floor.TRADES),
            ("answers", ("answers",), own),
            ("sent", ("sent", "queued"), 2 * OUT),
        ):
            head, tail = int(control[f"{queue}_head"][0]), int(control[f"{queue}_tail"][0])
            if len(getattr(was, queue)) - (tail - head) < least:
                for name in names:
                    more[name] = unrolled(getattr(was, name), head, tail)
                control[f"{queue}_head"], control[f"{queue}_tail"] = 0, tail - head
        self._desk = was._replace(**more)
        self._table.hold(self._desk)


def _units(asset: Asset, amount: Decimal) -> int:
    """Base units that an account begins with; BadInput for more than can be reckoned with."""
    units = asset.units(amount)
    if not 0 <= units < _MOST:
        raise BadInput(
            f"an account cannot begin with {amount:,.0f} {asset.name}: 64 bits of its {asset.decimals} decimals hold "
            f"{asset.amount(_MOST):,.0f}; give less --cash (--capacity gives up to 50 times as much)"
        )
    return units


def _ahead(parts: Iterator[Commands]) -> Iterator[tuple[Commands, int]]:
    """Each part with the time of the one after it; at least one, which may be empty."""
    part = next(parts, np.zeros(0, COMMAND))
    for after in parts:
        yield part, int(after["time"][0])
        part = after
    yield part, NEVER
