"""A replay through the compiled core is the one that is plainly said, byte for byte, with users trading in it."""

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.exchange.core.command import Kind, Queue, Side, Tif, Told, Type
from node.exchange.core.journal import Record
from node.exchange.core.state import FIRST_USER, LOCKED, RECORDED, WORLD
from node.exchange.exchange import command
from tests.property.exchange_twins import Twins, queue

USERS = (FIRST_USER, FIRST_USER + 1)
BY_PRICE, BY_ORDER = 0, 2
markets = st.sampled_from((BY_PRICE, BY_ORDER))
sides, prices, sizes = st.sampled_from(Side), st.integers(95, 105), st.integers(1, 30)
odd_sizes = sizes | st.sampled_from((0, -1, 1 << 50, (1 << 63) - 1))
odd_prices = prices | st.sampled_from((0, -1, 1 << 61))
numbers = st.integers(1, 12)
flags = st.sampled_from((0, Told.LAST, Told.LAST))
levels = st.dictionaries(st.tuples(sides, prices), sizes, min_size=1, max_size=8)


class Replayed(RuleBasedStateMachine):
    """Two markets, one recorded by price and one by order; what is told is told to both engines."""

    def __init__(self) -> None:
        super().__init__()
        self.twins = Twins()
        self.now = 0
        self.ids = [0]

    def ask(self, *asked: dict[str, Any]) -> None:
        self.now += 1
        told = [command(**{"time": self.now, "account": WORLD} | each) for each in asked]
        rows = self.twins.carry_out(np.concatenate(told))
        self.ids += rows["order"][rows["kind"] == Record.ACK].tolist()

    @initialize(
        model=st.sampled_from(Queue), power=st.integers(1, 4), more=st.integers(1, 3), less=st.integers(1, 3),
        first=levels, second=levels,
    )  # fmt: skip
    def begin(self, model: Queue, power: int, more: int, less: int, first: Any, second: Any) -> None:
        for account in USERS:
            for asset in range(len(self.twins.core.assets)):
                self.ask({"kind": Kind.DEPOSIT, "account": account, "order": asset, "quantity": 100_000_000})
        for market in (BY_PRICE, BY_ORDER):
            scale = {"quantity": more, "trigger": less} if more != less else {"quantity": 1, "trigger": 1}
            model_of = {"type": int(model), "display": power, "price": 7}
            self.ask({"kind": Kind.REPLAY_BEGIN, "market": market, **model_of, **scale})
        self.picture(BY_PRICE, first, 0)
        self.picture(BY_ORDER, second, 0)

    @rule(market=markets, told=levels, skip=st.integers(0, 3))
    def picture(self, market: int, told: dict[tuple[Side, int], int], skip: int) -> None:
        kind = Kind.REPLAY_SET if market == BY_PRICE else Kind.REPLAY_ADD
        rows = [
            {"kind": kind, "market": market, "side": side, "price": price, "quantity": size, "order": number + skip,
             "flags": Told.SNAPSHOT}
            for number, ((side, price), size) in enumerate(told.items(), 1)
        ]  # fmt: skip
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
        self.ask({"kind": Kind.REPLAY_TRADE, "market": market, **event} | ({"order": 0} if market == BY_PRICE else {}))

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
        display=st.sampled_from((0, 0, 5)), tif=st.sampled_from((Tif.GTC, Tif.GTC, Tif.IOC)),
    )  # fmt: skip
    def new(
        self, market: int, account: int, side: Side, price: int, size: int, kind: Type, display: int, tif: Tif
    ) -> None:
        terms: dict[Type, dict[str, int]] = {
            Type.LIMIT: {"price": price, "tif": tif, "display": display if tif == Tif.GTC else 0},
            Type.STOP_LOSS: {"trigger": price},
        }
        order = {"account": account, "side": side, "type": kind, "quantity": size, **terms.get(kind, {})}
        self.ask({"kind": Kind.NEW, "market": market, **order})

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
        self.locked()

    def locked(self) -> None:
        """What users' open orders hold; the world's hold nothing."""
        held = np.zeros_like(self.twins.core.ledger.balances[..., LOCKED])
        for market in self.twins.plain.markets:
            for order in market.orders.values():
                if not order.flags & RECORDED:
                    held[order.account, market.gives(order.side)] += market.need(order.side, order.price, order.open)
        assert (held[FIRST_USER:] == self.twins.core.ledger.balances[FIRST_USER:, :, LOCKED]).all()


TestReplayed = Replayed.TestCase
TestReplayed.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
