"""Perpetual: hostile commands for perpetual markets through both engines: `python -m tests.soak.exchange.perpetual`.

Prices crash, so that insurance funds empty and positions are closed against others; purses are small; some markets have
lots so many and prices so high that products do not fit in 64 bits. After each batch both engines have told the same
rows and hold the same balances, positions and insurance, and no law is broken.
"""

import argparse
from collections import Counter
from decimal import Decimal

import numpy as np

from node.exchange.core import door
from node.exchange.core.command import COMMAND, Flag, Kind, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import FIRST_USER, LOCKED
from node.exchange.exchange import Commands, Exchange
from node.exchange.listing import Asset, Listing
from node.exchange.oracle.engine import Engine

USDT = Asset("USDT", 4)
D = Decimal
LISTINGS = (
    Listing(
        "BTC-PERP", Asset("BTCP", 4), USDT, D("1.4"), D("0.0005"), D("0.0005"), D(50), D("0.1"),
        initial=D("0.05"), maintenance=D("0.025"), liquidation=D("0.01"),
    ),
    Listing(
        "ETH-PERP", Asset("ETHP", 0), USDT, D("0.0001"), D(1), D(1), D(1 << 40), D(0), D("0.5"),
        breaker=D("0.2"), window=50, pause=50, initial=D("0.013"), maintenance=D("0.0129"), liquidation=D("0.002"),
    ),
)  # fmt: skip
"""The second trades lots by the thousand million, and pauses now and then."""
FEES = ((1000, 1000), (-100, 700), (0, 0), (999_999, 999_999), (150, 400))
_SIZES = (60, 1 << 33)
_ORDERS, _OTHERS = (Kind.NEW,) * 28, (
    *(Kind.CANCEL,) * 4, *(Kind.AMEND,) * 4, Kind.DEPOSIT, Kind.DEPOSIT, Kind.WITHDRAW, Kind.CANCEL_ALL,
    Kind.MARK, Kind.MARK, Kind.MARK, Kind.FUNDING, Kind.INSURE, Kind.TIMER, Kind.RESUME, Kind.REPLAY_ADD, 40,
)  # fmt: skip


class Pit:
    """Both engines, and what a seed asks of them.

    Attributes:
        records, reasons: how often each was told.
    """

    def __init__(self, seed: int) -> None:
        self.dice = np.random.Generator(np.random.PCG64(seed))
        self.core = Exchange(LISTINGS)
        rules = [each.rules(number, self.core.assets) for number, each in enumerate(LISTINGS)]
        self.plain = Engine(rules, len(self.core.assets))
        self.quote = self.core.assets.index(USDT)
        self.centre = np.full(len(LISTINGS), 1000)
        self.taken = np.zeros((1, 3), np.int64)
        self.time = 0
        self.records: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        for fees in FEES:
            self.core.open_account(*fees)
            self.plain.open_account(*fees)

    def run(self, commands: int) -> None:
        """Asks so many, in batches."""
        asked = 0
        while asked < commands:
            batch = self.batch(int(self.dice.choice((1, 3, 20, 100))))
            self.ask(batch)
            asked += len(batch)
            if self.dice.random() < 0.01:
                self.restore()

    def restore(self) -> None:
        """Puts another core in place of this one, with nothing but the arrays that it saved."""
        saved, self.core = self.core.save(), Exchange(LISTINGS)
        self.core.load(saved)

    def batch(self, count: int) -> Commands:
        dice, rows = self.dice, np.zeros(count, COMMAND)
        self.centre = np.clip(self.centre + dice.integers(-60, 61, 2), 50, 3000)
        if dice.random() < 0.02:
            self.centre = np.clip(self.centre * dice.choice((0.4, 0.7, 1.5, 2.5)), 50, 3000).astype(np.int64)
        rows["kind"] = dice.choice((*_ORDERS, *_OTHERS), count)
        rows["market"] = number = dice.integers(len(LISTINGS), size=count)
        rows["account"] = dice.choice((0, 1, *range(FIRST_USER, FIRST_USER + len(FEES)), 99), count)
        big = number == 1
        rows["side"], centre = dice.integers(2, size=count), self.centre[number]
        rows["price"] = centre + dice.integers(-20, 21, count)
        rows["quantity"] = dice.integers(1, np.where(big & (dice.random(count) < 0.7), _SIZES[1], _SIZES[0]), count)
        rows["type"] = dice.choice((*(Type.LIMIT,) * 6, *Type), count)
        rows["tif"] = dice.choice((0, 0, 0, 0, 0, 1, 2), count)
        flags = dice.choice((0, 0, 0, Flag.REDUCE_ONLY, Flag.REDUCE_ONLY, Flag.POST_ONLY), count)
        rows["flags"] = np.where((rows["type"] == Type.MARKET) & (flags == Flag.POST_ONLY), 0, flags)
        rows["selftrade"] = dice.integers(0, 5, count)
        rows["display"] = np.where(dice.random(count) < 0.1, dice.integers(1, 20, count), 0)
        rows["trigger"] = np.where(rows["type"] > Type.MARKET, centre + dice.integers(-30, 31, count), 0)
        known = dice.choice(self.taken, count)
        rows["order"] = known[:, 0]
        names = np.isin(rows["kind"], (Kind.CANCEL, Kind.AMEND)) & (dice.random(count) < 0.95)
        rows["account"] = np.where(names, known[:, 1], rows["account"])
        rows["market"] = number = np.where(names, known[:, 2], number)
        self._fit(rows, big)
        rows["time"] = self.time = self.time + int(dice.integers(0, 20))
        return rows

    def _fit(self, rows: Commands, big: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> None:
        """Gives commands that are not orders amounts that they mostly have."""
        dice, kind, count = self.dice, rows["kind"], len(rows)
        moves = (kind == Kind.DEPOSIT) | (kind == Kind.WITHDRAW)
        rows["order"][moves] = self.quote
        amount = dice.integers(1, np.where(big, 1 << 40, 1 << 20), count)
        rows["quantity"] = np.where(moves | (kind == Kind.INSURE), amount, rows["quantity"])
        rows["quantity"][kind == Kind.INSURE] //= 50
        rates = dice.integers(-(10**7), 10**7, count) * dice.choice((1, 1, 1, 90, 101), count)
        rows["quantity"] = np.where(kind == Kind.FUNDING, rates, rows["quantity"])
        crash = np.where(dice.random(count) < 0.05, dice.integers(-900, 900, count), dice.integers(-30, 31, count))
        rows["price"] = np.where(kind == Kind.MARK, self.centre[rows["market"]] + crash, rows["price"])

    def ask(self, batch: Commands) -> None:
        """Gives a batch to both; AssertionError where they differ or break a law."""
        room = door.rows_needed(self.core.table, int(batch["market"][0]))
        rows = self.core.carry_out(batch)
        assert len(batch) > 1 or len(rows) <= room, f"{len(rows)} rows, but room was made for {room}"
        expected = np.frombuffer(self.plain.carry_out(batch.tobytes()), rows.dtype)
        for mine, theirs in zip(rows, expected, strict=False):
            assert mine.tobytes() == theirs.tobytes(), f"core {mine}, plain {theirs}"
        assert len(rows) == len(expected), f"core {len(rows)} rows, plain {len(expected)}"
        self.records.update(Record(int(each)).name for each in rows["kind"])
        self.reasons.update(Reason(int(each)).name for each in rows["reason"])
        acks = rows[rows["kind"] == Record.ACK]
        taken = np.stack([acks["order"], acks["account"], acks["market"]], axis=1, dtype=np.int64)
        self.taken = np.concatenate([self.taken, taken])[-60:]
        self.weigh()

    def weigh(self) -> None:
        """The laws, in Python's own integers."""
        balances, accounts = self.core.ledger.balances, len(self.core.ledger.balances)
        theirs = [[list(each) for each in zip(one.free, one.locked, strict=True)] for one in self.plain.ledger.accounts]
        assert balances.tolist() == theirs
        total = sum(map(sum, balances[:, self.quote].tolist()))
        held = [0] * accounts
        for market, plain in zip(self.core.markets, self.plain.markets, strict=True):
            mine = [tuple(each)[:3] for each in market.positions[:accounts].tolist()]
            them = [plain.positions[each] for each in range(accounts)]
            assert mine == [(each.size, each.cost, each.margin) for each in them]
            assert market.state["insurance"][0] == plain.insurance >= 0
            assert market.state["mark"][0] == plain.mark
            assert sum(each[0] for each in mine) == 0, "sizes add up to 0"
            assert all(each[2] >= 0 for each in mine), "no margin is below 0"
            assert all(any(each) is bool(each[0]) for each in mine), "who has no lots has neither cost nor margin"
            total += sum(each[2] - each[1] for each in mine) + plain.insurance
            for order in plain.orders.values():
                held[order.account] += order.held
        assert total == 0, "money is neither made nor lost"
        assert held == balances[:, self.quote, LOCKED].tolist(), "locked is what open orders hold"
        assert (balances[FIRST_USER:] >= 0).all(), "no user owes"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.exchange.perpetual", description=__doc__)
    parser.add_argument("--commands", type=int, default=1_000_000, help="of each seed")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    wanted = parser.parse_args()
    for seed in range(wanted.first, wanted.first + wanted.seeds):
        pit = Pit(seed)
        pit.run(wanted.commands)
        print(f"seed {seed}: {dict(pit.records)} {dict(pit.reasons)}", flush=True)


if __name__ == "__main__":
    main()
