"""A replay through the compiled core is the one that is plainly said, byte for byte, with users trading in it."""

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.exchange.core import door
from node.exchange.core.command import Group, Kind, Queue, Side, Tif, Told, Type
from node.exchange.core.journal import Record, Status
from node.exchange.core.state import FIRST_USER, RECORDED, TICKS, WORLD
from node.exchange.exchange import Journal, command
from node.exchange.oracle.market import Market
from tests.property.exchange_twins import SECOND, Twins, queue
from tests.unit.node.exchange.core.tidy import tidy

USERS = (FIRST_USER, FIRST_USER + 1)
BY_PRICE, BY_ORDER = 0, 2
markets = st.sampled_from((BY_PRICE, BY_ORDER))
sides, sizes = st.sampled_from(Side), st.integers(1, 30)
prices = st.integers(95, 105)  # times what a price is apart from the next
odd_sizes = sizes | st.sampled_from((0, -1, 1 << 50, (1 << 63) - 1))
odd_prices = prices | st.sampled_from((0, -1, 1 << 48))
numbers = st.integers(1, 12)
flags = st.sampled_from((0, Told.LAST, Told.LAST))
levels = st.dictionaries(st.tuples(sides, prices), sizes, min_size=1, max_size=8)


class Replayed(RuleBasedStateMachine):
    """Two markets, one recorded by price and one by order; what is told is told to both engines."""

    def __init__(self) -> None:
        super().__init__()
        self.twins = Twins()
        self.now = 0
        self.apart = 1
        self.ids = [0]

    def ask(self, *asked: dict[str, Any]) -> Journal:
        self.now += 1
        told = np.concatenate([command(**{"time": self.now, "account": WORLD} | each) for each in asked])
        for price in ("price", "trigger"):
            if told["kind"][0] != Kind.REPLAY_BEGIN:
                told[price] *= self.apart
        room = door.rows_needed(self.twins.core.table, int(told["market"][0]))
        rows = self.twins.carry_out(told)
        assert len(told) > 1 or len(rows) <= room
        self.ids += rows["order"][rows["kind"] == Record.ACK].tolist()
        return rows

    @initialize(
        model=st.sampled_from(Queue), power=st.integers(1, 4), more=st.integers(1, 3), less=st.integers(1, 3),
        apart=st.sampled_from((1, 1, TICKS // 3)), first=levels, second=levels,
    )  # fmt: skip
    def begin(self, model: Queue, power: int, more: int, less: int, apart: int, first: Any, second: Any) -> None:
        self.apart, self.more, self.less = apart, more, less
        for account in USERS:
            for asset in range(len(self.twins.core.assets)):
                self.ask({"kind": Kind.DEPOSIT, "account": account, "order": asset, "quantity": apart * 100_000_000})
        for market in (BY_PRICE, BY_ORDER):
            scale = {"quantity": more, "trigger": less} if more != less else {"quantity": 1, "trigger": 1}
            model_of = {"type": int(model), "display": power, "price": 7}
            self.ask({"kind": Kind.REPLAY_BEGIN, "market": market, **model_of, **scale})
        self.picture(BY_PRICE, first, 0)
        self.picture(BY_ORDER, second, 0)

    @rule(market=markets, told=levels, skip=st.integers(0, 3), torn=st.booleans())
    def picture(self, market: int, told: dict[tuple[Side, int], int], skip: int, torn: bool = False) -> None:
        kind = Kind.REPLAY_SET if market == BY_PRICE else Kind.REPLAY_ADD
        rows = [
            {"kind": kind, "market": market, "side": side, "price": price, "quantity": size, "order": number + skip,
             "flags": Told.SNAPSHOT}
            for number, ((side, price), size) in enumerate(told.items(), 1)
        ]  # fmt: skip
        if not torn:
            rows[-1]["flags"] |= Told.LAST
        self.ask({"kind": Kind.REPLAY_CLEAR, "market": market}, *rows)

    @rule(market=markets)
    def gap(self, market: int) -> None:
        self.ask({"kind": Kind.REPLAY_CLEAR, "market": market})

    @rule(side=sides, price=odd_prices, size=odd_sizes | st.just(0), flag=flags)
    def level(self, side: Side, price: int, size: int, flag: int) -> None:
        self.ask({"kind": Kind.REPLAY_SET, "side": side, "price": price, "quantity": size, "flags": flag})

    @rule(market=markets, side=sides, price=odd_prices, size=odd_sizes, number=numbers | st.just(0))
    def trade(self, market: int, side: Side, price: int, size: int, number: int) -> None:
        event = {"side": side, "price": price, "quantity": size, "flags": Told.LAST, "order": number}
        rows = self.ask({"kind": Kind.REPLAY_TRADE, "market": market, **event})
        if not (rows["kind"] == Record.STATUS).any():
            theirs = rows[(rows["kind"] == Record.FILL) & (rows["account"] == WORLD)]
            assert theirs["quantity"].sum() <= max(0, size) * self.more // self.less

    @rule(
        kind=st.sampled_from((Kind.REPLAY_ADD, Kind.REPLAY_MODIFY, Kind.REPLAY_CANCEL, Kind.REPLAY_FILL)),
        number=numbers, side=sides, price=odd_prices, size=odd_sizes, flag=flags,
    )  # fmt: skip
    def order(self, kind: Kind, number: int, side: Side, price: int, size: int, flag: int) -> None:
        event = {"side": side, "price": price, "quantity": size, "order": number, "flags": flag}
        self.ask({"kind": kind, "market": BY_ORDER, **event})

    @rule(
        market=markets, account=st.sampled_from(USERS), side=sides, price=prices, size=sizes,
        kind=st.sampled_from((Type.LIMIT, Type.LIMIT, Type.MARKET, Type.STOP_LOSS)),
        display=st.sampled_from((0, 0, 5)), tif=st.sampled_from((Tif.GTC, Tif.GTC, Tif.IOC, Tif.GTD)),
        trail=st.sampled_from((0, 20_000)),
    )  # fmt: skip
    def new(
        self, market: int, account: int, side: Side, price: int, size: int, kind: Type, display: int, tif: Tif,
        trail: int,
    ) -> None:  # fmt: skip
        terms: dict[Type, dict[str, int]] = {
            Type.LIMIT: {"price": price, "tif": tif, "display": display if tif == Tif.GTC else 0},
            Type.STOP_LOSS: {"trigger": price, "trail": trail},
        }
        order = {"account": account, "side": side, "type": kind, "quantity": size, **terms.get(kind, {})}
        self.ask({"kind": Kind.NEW, "market": market, "expiry": self.now + 20, **order})

    @rule(
        market=markets, account=st.sampled_from(USERS), side=sides, price=prices, size=sizes,
        kind=st.sampled_from(Group), trigger=prices,
    )  # fmt: skip
    def group(
        self, market: int, account: int, side: Side, price: int, size: int, kind: Group, trigger: int
    ) -> None:  # fmt: skip
        order = {"market": market, "account": account, "quantity": size}
        other = side if kind == Group.OCO else 1 - side
        stop = {"kind": Kind.LEG, "side": other, "type": Type.STOP_LOSS, "trigger": trigger}
        rows = [{"kind": Kind.GROUP, "order": kind, "side": side, "price": price}, stop]
        if kind == Group.OTOCO:
            rows.insert(1, {"kind": Kind.LEG, "side": other, "price": 200 - trigger})
        self.ask(*(order | row for row in rows))

    @rule(market=markets, halts=st.booleans())
    def status(self, market: int, halts: bool) -> None:
        self.ask({"kind": Kind.HALT if halts else Kind.RESUME, "market": market})

    @rule(market=markets)
    def later(self, market: int) -> None:
        """A pause ends, and guesses about trades."""
        self.now += SECOND
        self.ask({"kind": Kind.TIMER, "market": market})

    @rule(market=markets, data=st.data())
    def cancel(self, market: int, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.ids))
        for account in USERS:
            self.ask({"kind": Kind.CANCEL, "market": market, "account": account, "order": order})

    @invariant()
    def laws(self) -> None:
        self.twins.balances_are_equal()
        self.twins.sums_are_zero()
        assert (self.twins.core.ledger.balances[FIRST_USER:] >= 0).all()
        for market, plain in zip(self.twins.core.markets, self.twins.plain.markets, strict=True):
            for side, half in ((Side.BUY, plain.bids), (Side.SELL, plain.asks)):
                turns = [(each.id, each.price, each.left, each.hidden, each.account) for each in half.orders()]
                assert list(queue(market, side)) == turns
            recorded = sum(1 for each in plain.orders.values() if each.flags & RECORDED)
            assert market.replay["nodes"][0] == recorded
            tidy(market)
            if plain.record.valid and plain.status == Status.OPEN:
                not_crossed(plain)
        self.twins.locked_is_what_open_orders_hold(FIRST_USER)  # recorded orders hold nothing


def not_crossed(market: Market) -> None:
    """No user's order rests where it would trade; the record's among themselves may, as in a torn message."""
    bids, asks = list(market.bids.orders()), list(market.asks.orders())
    for mine, others in ((bids, asks), (asks, bids)):
        user = next((each for each in mine if not each.flags & RECORDED), None)
        if user is not None and others:
            assert (user.price < others[0].price) if user.side == Side.BUY else (user.price > others[0].price)


TestReplayed = Replayed.TestCase
TestReplayed.settings = settings(max_examples=50, stateful_step_count=40, deadline=None, derandomize=True)
