"""Flow: commands that mean ill, without end, from a seed.

What they are like changes from mood to mood: prices so near that all of them meet, prices that jump out of the
ladder's window and back, purses almost empty, cancels of what is long gone, clocks that leap, marks that crash.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from node.exchange.core.command import COMMAND, Flag, Group, Kind, Selftrade, Tif, Type
from node.exchange.core.journal import JOURNAL, Record
from node.exchange.core.state import FIRST_USER, TICKS
from node.exchange.exchange import Commands, Ints, Journal
from tests.soak.exchange import record

_CENTRE = 4 * TICKS
_ODD = np.array([0, -1, 1, 1 << 31, 1 << 50, (1 << 62) - 1, (1 << 63) - 1, -(1 << 63)], np.int64)
PURSE = 1 << 31
"""Base units that an account is given at first, and at most at a time later."""
TIFS = (Tif.IOC, Tif.FOK, Tif.GTD, Tif.DAY)
SELFTRADES = tuple(each for each in Selftrade if each)
TYPES = tuple(each for each in Type if each > Type.MARKET)
GRAIN = 250  # ns
OWN = (*3 * (Kind.MARK,), Kind.FUNDING, Kind.INSURE, Kind.MARGIN, Kind.ISOLATE)
"""Of perpetuals."""
NAMING = (Kind.CANCEL, Kind.AMEND)
_REMEMBERED = 4096  # orders that a cancel may name


@dataclass(frozen=True)
class Mood:
    """What commands are like for a while.

    Attributes:
        spread: ticks to either side of the centre in which most prices are.
        size: lots of most orders at most.
        cancel, transfer: shares of commands that are such.
        market, waits: shares of orders that name no price, and that wait for one.
        groups: share of commands with which a group begins.
        far: share of prices that are far from the centre.
        leap: ticks that the centre moves at most when the mood begins.
    """

    spread: int = 4
    size: int = 60
    cancel: float = 0.12
    transfer: float = 0.05
    market: float = 0.1
    waits: float = 0.1
    groups: float = 0.03
    far: float = 0.02
    leap: int = 3


MOODS = (
    Mood(),
    Mood(spread=1, market=0.3),
    Mood(spread=40, cancel=0.45),
    Mood(spread=400, size=5, cancel=0.1, leap=100),
    Mood(spread=3, leap=3 * TICKS, far=0.2),
    Mood(spread=2 * TICKS, size=8, far=0.3, market=0.02),
    Mood(size=30_000, transfer=0.2),
    Mood(size=3, transfer=0.02, cancel=0.05),
    Mood(spread=6, waits=0.5, market=0.2, leap=20),
    Mood(spread=3, groups=0.25, leap=8),
)


class Flow:
    """Commands for markets and accounts that there are, and some for others.

    Args:
        perpetuals: how many of the markets are such: the last ones.
        recorded: whether some are told what a record tells.
    """

    def __init__(
        self, seed: int, *, markets: int, perpetuals: int, users: int, assets: int, recorded: bool = False
    ) -> None:
        self.dice = np.random.Generator(np.random.PCG64(seed))
        self.markets, self.users, self.assets = markets, users, assets
        self.spot = markets - perpetuals
        self.time = 1_700_000_000_000_000_000
        self.sent = 0
        self.centre = np.full(markets, _CENTRE)
        self.last = np.zeros(markets, np.int64)
        self.known = np.zeros(_REMEMBERED, JOURNAL)
        self.told = 0
        self.recorded = recorded

    def opening(self) -> Commands:
        """Something of everything for everyone."""
        commands = np.zeros(self.users * self.assets, COMMAND)
        commands["kind"], commands["quantity"] = Kind.DEPOSIT, PURSE
        commands["account"] = FIRST_USER + np.arange(len(commands)) // self.assets
        commands["order"] = np.arange(len(commands)) % self.assets
        return np.concatenate((commands, record.opening(self.dice, self.markets))) if self.recorded else commands

    def tell(self, rows: Journal) -> None:
        """Which orders there are, to be named later, and what prices have come to."""
        fills = rows[rows["kind"] == Record.FILL]
        self.last[fills["market"]] = fills["price"]
        taken = rows[rows["kind"] == Record.ACK][-_REMEMBERED:]
        self.known[(self.told + np.arange(len(taken))) % _REMEMBERED] = taken
        self.told += len(taken)

    def take(self) -> Commands:
        """The commands of one mood: few, so that what they name is still there, or many."""
        mood, dice = MOODS[self.dice.integers(len(MOODS))], self.dice
        rows = np.zeros(int(dice.choice((20, 100, 400, 1500))), COMMAND)
        count = len(rows)
        leap = dice.integers(-mood.leap, mood.leap, self.markets, endpoint=True)
        found = (self.last > 0) & (dice.random(self.markets) < 0.3)
        self.centre = np.clip(np.where(found, self.last, self.centre) + leap, 50, 2 * _CENTRE)
        rows["time"] = self._times(count)
        rows["ref"] = np.arange(self.sent, self.sent + count)
        self.sent += count
        rows["market"] = dice.integers(self.markets, size=count)
        rows["account"] = self._mostly(
            0.97, dice.integers(FIRST_USER, FIRST_USER + self.users, count), (0, 1, 1, -1, 99)
        )
        rows["kind"] = self._kinds(count, mood)
        rows["side"] = self._mostly(0.999, dice.integers(2, size=count), (2, 255))
        rows["tif"] = self._mostly(0.75, np.zeros(count, np.int64), (*30 * TIFS, 9))
        rows["selftrade"] = self._mostly(0.5, np.zeros(count, np.int64), (*30 * SELFTRADES, 9))
        rows["price"] = self._prices(rows, mood)
        rows["quantity"] = self._mostly(0.995, dice.integers(1, mood.size, count, endpoint=True), _ODD)
        self._type(rows, mood)
        self._name(rows)
        self._fit_transfers(rows)
        self._group(rows, mood)
        self._fit_perpetuals(rows)
        if self.recorded:
            record.tell(rows, self.dice)
        return rows

    def _type(self, rows: Commands, mood: Mood) -> None:
        """What orders are, and what goes with that; and now and then what does not."""
        count, dice = len(rows), self.dice
        draw, odd = dice.random(count), dice.random(count) < 0.003
        market, waits = draw < mood.market, draw > 1 - mood.waits
        types = np.where(market, np.int64(Type.MARKET), np.where(waits, dice.choice(TYPES, count), 0))
        rows["type"] = self._mostly(0.999, types, (6, 255))
        one_more = dice.random(count)
        rows["flags"] = np.where(market & (one_more < 0.3), int(Flag.BY_QUOTE), 0)
        rows["flags"] |= np.where(odd | (~market & (one_more < 0.15)), int(Flag.POST_ONLY), 0).astype(np.uint8)
        by_quote = market & (one_more < 0.3)
        worth = rows["quantity"] * np.abs(self.centre[rows["market"]])
        rows["quantity"] = np.where(by_quote & (rows["quantity"] < 1 << 30), worth, rows["quantity"])
        parts = 1 + rows["quantity"] // dice.choice((2, 3, 7, 50, 200), count)
        rows["display"] = np.where(odd | (~market & (one_more > 0.85)), self._mostly(0.98, parts, _ODD), 0)
        rows["expiry"] = self._mostly(0.99, rows["time"] + GRAIN * dice.integers(1, 2000, count), _ODD)
        trails = waits & (one_more < 0.4)
        rows["trail"] = np.where(
            odd | trails, self._mostly(0.99, dice.choice((1, 5, 20, 100_000), count), (-1, 10**6)), 0
        )
        rows["trigger"] = np.where(odd | (waits & (one_more > 0.2)), self._prices(rows, mood), 0)

    def _group(self, rows: Commands, mood: Mood) -> None:
        """Makes groups of some rows and those behind them; some of them lack what a group needs."""
        dice = self.dice
        firsts = np.flatnonzero(dice.random(len(rows)) < mood.groups)
        for at in firsts[firsts < len(rows) - 2]:
            size = 3 if (what := int(dice.integers(1, 4))) == Group.OTOCO else 2
            legs = slice(at + 1, at + size)
            rows["kind"][at], rows["order"][at] = Kind.GROUP, what
            rows["kind"][legs] = Kind.LEG
            if dice.random() < 0.98:
                rows["account"][legs], rows["market"][legs] = rows["account"][at], rows["market"][at]
            if dice.random() < 0.95:
                self._pair(rows[at : at + size], what)

    def _pair(self, rows: Commands, what: int) -> None:
        """Makes orders such as their group takes."""
        dice, pair = self.dice, rows if what == Group.OCO else rows[1:]
        pair["side"], pair["quantity"] = pair["side"][0], pair["quantity"][0]
        rows["tif"] = dice.choice((Tif.GTC, Tif.GTC, Tif.GTC, Tif.GTD, Tif.DAY), len(rows))
        rows["flags"] = 0
        if what != Group.OTO:
            self._wait(pair[1:])
            if dice.random() < 0.3:
                self._wait(pair[:1])
            else:
                self._limit(pair[:1])
        if what != Group.OCO:
            self._limit(rows[:1])

    def _limit(self, rows: Commands) -> None:
        rows["type"] = Type.LIMIT
        rows["trigger"] = rows["trail"] = 0

    def _wait(self, rows: Commands) -> None:
        rows["type"], rows["display"] = self.dice.choice(TYPES), 0
        rows["trigger"] = rows["price"] + self.dice.integers(-4, 5)

    def _mostly(self, share: float, usual: Ints, rare: Sequence[int] | Ints) -> Ints:
        """What is usual, and now and then what is rare."""
        count = len(usual)
        return np.where(
            self.dice.random(count) < share, usual, np.asarray(rare)[self.dice.integers(len(rare), size=count)]
        )

    def _times(self, count: int) -> Ints:
        """Steps of a microsecond or so, some that are none, some back, and now and then a leap. All are whole
        grains, so that what is due is often due at one time, and at that of a command.
        """
        steps = self._mostly(0.99, self.dice.integers(0, 8, count), (-20, 10**9 // GRAIN, 60 * 10**9 // GRAIN))
        steps[0] += self.dice.choice((0, 0, 0, 0, 0, 0, 3600, 86_400)) * (10**9 // GRAIN)
        times: Ints = self.time + np.cumsum(steps) * GRAIN
        self.time = int(times[-1])
        return times

    def _kinds(self, count: int, mood: Mood) -> Ints:
        draw = self.dice.random(count)
        kinds = np.full(count, Kind.NEW, np.int64)
        kinds[draw < mood.cancel] = Kind.CANCEL
        kinds[draw < mood.cancel / 3] = Kind.AMEND
        kinds[draw > 1 - mood.transfer] = Kind.DEPOSIT
        kinds[draw > 1 - mood.transfer / 2] = Kind.WITHDRAW
        return self._mostly(
            0.995,
            kinds,
            (*40 * (Kind.TIMER, Kind.RESUME), *4 * (Kind.CANCEL_ALL,), Kind.LEG, Kind.HALT, Kind.MASS_CANCEL, 0, 255),
        )

    def _prices(self, rows: Commands, mood: Mood) -> Ints:
        count = len(rows)
        near = self.dice.integers(-mood.spread, mood.spread, count, endpoint=True)
        away = self.dice.integers(-3 * TICKS, 3 * TICKS, count)
        prices = self.centre[rows["market"]] + np.where(self.dice.random(count) < mood.far, away, near)
        return self._mostly(0.998, prices, _ODD)

    def _name(self, rows: Commands) -> None:
        """Which order is meant: most often one of the last, and its own account."""
        names = np.flatnonzero(np.isin(rows["kind"], NAMING))
        if not len(names) or not self.told:
            return
        back = np.minimum(
            self.dice.geometric(self.dice.choice((0.3, 0.03, 0.003)), len(names)), min(self.told, _REMEMBERED)
        )
        known = self.known[(self.told - back) % _REMEMBERED]
        rows["price"][names] = np.where(self.dice.random(len(names)) < 0.5, known["price"], rows["price"][names])
        rows["order"][names] = self._mostly(0.98, known["order"], _ODD)
        rows["account"][names] = self._mostly(0.98, known["account"], (FIRST_USER, 1))
        rows["market"][names] = self._mostly(0.98, known["market"], (0,))

    def _fit_perpetuals(self, rows: Commands) -> None:
        """Orders that only reduce, and what is asked of perpetuals alone; now and then of other markets too."""
        dice, count = self.dice, len(rows)
        theirs = (rows["market"] >= self.spot) ^ (dice.random(count) < 0.002)
        reduce = theirs & (dice.random(count) < 0.2)
        rows["flags"] = np.where(reduce, rows["flags"] & ~np.uint8(Flag.BY_QUOTE) | Flag.REDUCE_ONLY, rows["flags"])
        own = np.flatnonzero(theirs & (rows["kind"] == Kind.NEW) & (dice.random(count) < 0.08))
        kinds = rows["kind"][own] = dice.choice(OWN, len(own))
        centre = self.centre[rows["market"][own]]
        away = centre * dice.choice((0.0, 0.01, 0.05, 0.3), len(own)) * dice.normal(size=len(own))
        rows["price"][own] = self._mostly(0.99, (centre + away).astype(np.int64), _ODD)
        rates = dice.integers(-(10**7), 10**7, len(own)) * dice.choice((1, 1, 1, 90, 101), len(own))
        amounts = np.where(kinds == Kind.FUNDING, rates, dice.integers(1, PURSE // 50, len(own)))
        amounts = np.where((kinds == Kind.MARGIN) & (rates < 0), -amounts, amounts)
        amounts = np.where(kinds == Kind.ISOLATE, amounts & 1, amounts)
        rows["quantity"][own] = self._mostly(0.99, amounts, _ODD)

    def _fit_transfers(self, rows: Commands) -> None:
        moves = np.flatnonzero((rows["kind"] == Kind.DEPOSIT) | (rows["kind"] == Kind.WITHDRAW))
        rows["order"][moves] = self._mostly(0.98, self.dice.integers(self.assets, size=len(moves)), (-1, 99))
        rows["quantity"][moves] = self._mostly(0.995, self.dice.integers(1, PURSE, len(moves)), _ODD)
