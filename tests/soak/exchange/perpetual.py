"""Perpetual: crashes and empty purses in perpetual markets: `python -m tests.soak.exchange.perpetual`.

The long fuzz asks for everything; here all is set up so that positions are liquidated all the time, insurance funds run
dry and positions are closed against others at either price. Where the seed is even a record is told in two of the
markets. Both engines answer alike and every law holds after every batch, of which most are one command; a row bound is
held for each of these.
"""

import argparse
from collections import Counter
from decimal import Decimal

import numpy as np

from node.exchange.core import door
from node.exchange.core.command import COMMAND, Flag, Group, Kind, Tif, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import FIRST_USER, FREE
from node.exchange.exchange import Commands, Journal
from node.exchange.listing import Asset, Listing
from tests.property.exchange_twins import Twins
from tests.soak.exchange import record
from tests.soak.exchange.fairness import Before, Fairness

D = Decimal
USDT, USDC = Asset("USDT", 4), Asset("USDC", 2)
LISTINGS = (
    Listing(
        "BTC-USDT", Asset("BTC", 4), USDT, D("1.4"), D("0.0005"), D("0.0005"), D(50), D("0.1"),
        initial=D("0.05"), maintenance=D("0.025"), liquidation=D("0.01"),
    ),
    Listing(
        "ETH-USDT", Asset("ETH", 4), USDT, D("0.1"), D("0.01"), D("0.01"), D(50), D("0.1"), D("0.5"),
        breaker=D("0.2"), window=50, pause=50, initial=D("0.1"), maintenance=D("0.05"),
    ),
    Listing(
        "BIT-USDC", Asset("BIT", 0), USDC, D("0.01"), D(1), D(1), D(1 << 40), D(0),
        initial=D("0.013"), maintenance=D("0.0129"), liquidation=D("0.002"),
    ),
)  # fmt: skip
"""The first two share purses; the third trades lots by the thousand million."""
BIG = 2
FEES = ((1000, 1000), (-100, 700), (0, 0), (999_999, 999_999), (150, 400), (200, 500))
_SIZES = (60, 1 << 33)
_PURSE = (1 << 15, 1 << 37)
"""A position or two."""
_KINDS = (
    *(Kind.NEW,) * 34, *(Kind.CANCEL,) * 3, *(Kind.AMEND,) * 3, *(Kind.DEPOSIT,) * 2, Kind.CANCEL_ALL,
    *(Kind.MARK,) * 5, Kind.FUNDING, Kind.TIMER, Kind.RESUME, Kind.MARGIN, Kind.MARGIN, Kind.ISOLATE,
)  # fmt: skip
_OF_ALL = (Kind.MARK, Kind.FUNDING)
"""Commands that touch all positions of a market."""


class Pit:
    """Both engines, and what a seed asks of them; where that is even, beside a record.

    Attributes:
        records, reasons: how often each was told.
        ways: how often a position was closed against another at the mark, with and without help of the insurance fund,
            and at the bankruptcy price.
    """

    def __init__(self, seed: int) -> None:
        self.dice = np.random.Generator(np.random.PCG64(seed))
        self.recorded = seed % 2 == 0
        self.twins = Twins(FEES, LISTINGS)
        self.fairness = Fairness([each.rules(at, self.twins.core.assets) for at, each in enumerate(LISTINGS)])
        self.quotes = [self.twins.core.assets.index(each.quote) for each in LISTINGS]
        self.centre = np.full(len(LISTINGS), 1000)
        self.taken = np.zeros((1, 3), np.int64)
        self.time = 0
        self.records: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.ways: Counter[str] = Counter()
        if self.recorded:
            self.twins.carry_out(record.opening(self.dice, len(LISTINGS)))

    def run(self, commands: int) -> None:
        """Asks so many, in batches."""
        asked = 0
        while asked < commands:
            batch = self.batch(int(self.dice.choice((1, 1, 1, 3, 20, 100))))
            self.ask(batch)
            asked += len(batch)
            if self.dice.random() < 0.01:
                self.twins.restore()

    def batch(self, count: int) -> Commands:
        """Commands of all kinds."""
        dice, rows = self.dice, np.zeros(count, COMMAND)
        self.centre = np.clip(self.centre + dice.integers(-30, 31, len(LISTINGS)), 50, 3000)
        if dice.random() < 0.02:
            self.centre = np.clip(self.centre * dice.choice((0.4, 0.7, 1.5, 2.5)), 50, 3000).astype(np.int64)
        rows["kind"] = dice.choice(_KINDS, count)
        rows["market"] = number = dice.choice((0, 0, 1, 1, BIG), count)
        rows["account"] = dice.choice((1, *(list(range(FIRST_USER, FIRST_USER + len(FEES))) * 4)), count)
        rows["side"], centre = dice.integers(2, size=count), self.centre[number]
        rows["price"] = centre + dice.integers(-20, 21, count)
        huge = (number == BIG) & (dice.random(count) < 0.7)
        rows["quantity"] = dice.integers(1, np.where(huge, _SIZES[1], _SIZES[0]), count)
        rows["type"] = dice.choice((*(Type.LIMIT,) * 12, *Type), count)
        rows["tif"] = dice.choice((*(Tif.GTC,) * 6, Tif.IOC, Tif.GTD, Tif.DAY), count)
        rows["tif"][rows["type"] == Type.MARKET] = Tif.GTC
        rows["expiry"] = self.time + dice.integers(1, 400, count)
        plain = (rows["type"] == Type.MARKET) | (rows["tif"] == Tif.IOC)
        flags = dice.choice((0, 0, 0, Flag.REDUCE_ONLY, Flag.POST_ONLY), count)
        rows["flags"] = np.where(plain & (flags == Flag.POST_ONLY), 0, flags)
        rows["selftrade"] = dice.integers(0, 5, count)
        rows["display"] = np.where(~plain & (dice.random(count) < 0.1), 1 + rows["quantity"] // 7, 0)
        waits = rows["type"] > Type.MARKET
        rows["trail"] = np.where(waits & (dice.random(count) < 0.3), dice.choice((1, 10_000, 40_000), count), 0)
        rows["trigger"] = np.where(waits, centre + dice.integers(-30, 31, count), 0)
        self._name(rows)
        self._group(rows)
        self._fit(rows)
        if self.recorded:
            record.tell(rows, self.dice)
        rows["time"] = self.time = self.time + int(dice.integers(0, 20))
        return rows

    def _name(self, rows: Commands) -> None:
        names = np.isin(rows["kind"], (Kind.CANCEL, Kind.AMEND))
        known = self.dice.choice(self.taken, len(rows))
        rows["order"] = np.where(names, known[:, 0], 0)
        for at, name in enumerate(("account", "market"), 1):
            rows[name] = np.where(names, known[:, at], rows[name])

    def _group(self, rows: Commands) -> None:
        """Makes groups of some rows and those behind them."""
        dice = self.dice
        for at in np.flatnonzero(dice.random(max(0, len(rows) - 2)) < 0.04):
            what = int(dice.integers(1, 4))
            group = rows[at : at + (3 if what == Group.OTOCO else 2)]
            group["kind"], group["kind"][0], group["order"][0] = Kind.LEG, Kind.GROUP, what
            for name in ("account", "market", "quantity", "price"):
                group[name] = group[name][0]
            group["tif"], group["display"] = Tif.GTC, 0
            pair = group if what == Group.OCO else group[1:]
            pair["side"] = pair["side"][0]
            group["flags"] = dice.choice((0, 0, Flag.REDUCE_ONLY), len(group))
            group["type"], group["trigger"], group["trail"] = Type.LIMIT, 0, 0
            group["type"][-1] = dice.choice((Type.STOP_LOSS, Type.TAKE_PROFIT_LIMIT))
            group["trigger"][-1] = group["price"][0] + dice.integers(-40, 41)

    def _fit(self, rows: Commands) -> None:
        """Gives commands that are not orders amounts that they mostly have."""
        dice, kind, count = self.dice, rows["kind"], len(rows)
        moves, big = (kind == Kind.DEPOSIT) | (kind == Kind.INSURE), rows["market"] == BIG
        rows["order"] = np.where(kind == Kind.DEPOSIT, np.array(self.quotes)[rows["market"]], rows["order"])
        amount = dice.integers(1, np.where(big, _PURSE[1], _PURSE[0]), count)
        rows["quantity"] = np.where(moves, amount, rows["quantity"])
        rates = dice.integers(-(10**7), 10**7, count) * dice.choice((1, 1, 1, 90, 101), count)
        rows["quantity"] = np.where(kind == Kind.FUNDING, rates, rows["quantity"])
        rows["quantity"] = np.where(
            kind == Kind.MARGIN, dice.choice((-1, 1), count) * (amount // 10 + 1), rows["quantity"]
        )
        rows["quantity"] = np.where(kind == Kind.ISOLATE, dice.choice((0, 1, 1, 1, 2), count), rows["quantity"])
        crash = np.where(dice.random(count) < 0.05, dice.integers(-900, 900, count), dice.integers(-30, 31, count))
        rows["price"] = np.where(kind == Kind.MARK, self.centre[rows["market"]] + crash, rows["price"])
        helps = np.flatnonzero((kind == Kind.NEW) & (dice.random(count) < 0.004))
        rows["kind"][helps], rows["account"][helps] = Kind.INSURE, 1
        rows["quantity"][helps] = amount[helps]
        rich = np.flatnonzero((kind == Kind.DEPOSIT) & (dice.random(count) < 0.4))  # they spend what they won
        free = self.twins.core.ledger.balances[rows["account"][rich], rows["order"][rich], FREE]
        rows["kind"][rich], rows["quantity"][rich] = Kind.WITHDRAW, np.maximum(1, free * 9 // 10)

    def ask(self, batch: Commands) -> None:
        """Gives a batch to both; AssertionError where they differ or break a law."""
        alone = len(batch) == 1
        room = door.rows_needed(self.twins.core.table, int(batch["market"][0])) if alone else 0
        before = Before(self.twins.core) if alone and batch["kind"][0] in _OF_ALL else None
        rows = self.twins.carry_out(batch)
        self.fairness.take(rows)
        if before and len(rows) and rows["kind"][0] in (Record.MARK, Record.FUNDING):
            before.compare(self.twins.core, int(batch["market"][0]), rows, self.fairness)
        assert not alone or len(rows) <= room, f"{len(rows)} rows, but room was made for {room}"
        self._count(rows)
        acks = rows[rows["kind"] == Record.ACK]
        taken = np.stack([acks["order"], acks["account"], acks["market"]], axis=1, dtype=np.int64)
        self.taken = np.concatenate([self.taken, taken])[-60:]
        self.twins.check(recorded=self.recorded)

    def _count(self, rows: Journal) -> None:
        self.records.update(Record(int(each)).name for each in rows["kind"])
        self.reasons.update(Reason(int(each)).name for each in rows["reason"])
        helped, marks = False, [each.mark for each in self.twins.plain.markets]
        for row in rows:
            if row["kind"] == Record.MARK:
                marks[row["market"]] = int(row["price"])
            if row["kind"] == Record.INSURANCE:
                helped = row["quantity"] < 0
            elif row["kind"] == Record.ADL:
                at_mark = row["price"] == marks[row["market"]]
                self.ways[("helped" if helped else "mark") if at_mark else "bankrupt"] += 1
            else:
                helped = False


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.exchange.perpetual", description=__doc__)
    parser.add_argument("--commands", type=int, default=200_000, help="of each seed")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    wanted = parser.parse_args()
    for seed in range(wanted.first, wanted.first + wanted.seeds):
        pit = Pit(seed)
        pit.run(wanted.commands)
        print(f"seed {seed}: {dict(pit.records)} {dict(pit.reasons)} {dict(pit.ways)}", flush=True)


if __name__ == "__main__":
    main()
