"""The compiled core answers as the plain engine does, byte for byte, whatever it is asked; and both keep the laws."""

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from node.exchange.core.command import Flag, Group, Kind, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Record
from node.exchange.core.state import FIRST_USER
from node.exchange.exchange import command
from tests.property.exchange_turns import Turns
from tests.property.exchange_twins import ALL, LISTINGS, Twins

USERS = range(FIRST_USER, FIRST_USER + 3)
NO_NUMBER = st.sampled_from((0, -1, 1 << 50, (1 << 63) - 1))
accounts = st.sampled_from((*USERS, *USERS, 1, 0))
markets = st.integers(0, len(ALL) - 1)
perpetuals = st.integers(len(LISTINGS) - 1, len(ALL) - 1)
prices = st.integers(97, 103) | st.integers(97, 103) | st.integers(1, 400_000) | NO_NUMBER
lots = st.integers(5, 60) | st.integers(5, 60) | NO_NUMBER
types = st.sampled_from((Type.LIMIT, Type.LIMIT, Type.LIMIT, *Type))
orders = st.fixed_dictionaries(
    {"side": st.sampled_from(Side), "type": types, "price": prices, "quantity": lots},
    optional={
        "tif": st.sampled_from(Tif),
        "selftrade": st.sampled_from(Selftrade),
        "flags": st.sampled_from(Flag),
        "display": st.integers(1, 20),
        "trigger": prices,
        "trail": st.sampled_from((1, 10_000, 40_000)),
        "expiry": st.integers(0, 60),
    },
)


class Exchange(RuleBasedStateMachine):
    """Commands of every kind; each is given to both."""

    def __init__(self) -> None:
        super().__init__()
        self.twins = Twins(listings=ALL)
        self.turns = Turns()
        self.restored = False
        self.now = 0
        self.ids = [0, 1, -1]

    def ask(self, *asked: dict[str, Any]) -> None:
        self.now += 1
        commands = np.concatenate([command(time=self.now, ref=self.now, **each) for each in asked])
        rows = self.twins.carry_out(commands)
        self.turns.take(commands, rows)
        self.ids += rows["order"][rows["kind"] == Record.ACK].tolist()

    @initialize()
    def fund(self) -> None:
        for account in USERS:
            for asset in range(len(self.twins.core.assets)):
                self.ask({"kind": Kind.DEPOSIT, "account": account, "order": asset, "quantity": 1_000_000 // account})

    @rule(market=markets, account=accounts, order=orders)
    def new(self, market: int, account: int, order: dict[str, Any]) -> None:
        self.ask({"kind": Kind.NEW, "market": market, "account": account, **order})

    @rule(
        market=markets,
        account=accounts,
        what=st.sampled_from(Group),
        legs=st.lists(orders, min_size=1, max_size=3),
        alike=st.booleans(),
    )
    def group(self, market: int, account: int, what: Group, legs: list[dict[str, Any]], alike: bool) -> None:
        first = legs[-1]
        for leg in legs if alike else ():
            leg["side"], leg["quantity"] = first["side"], first["quantity"]
        kinds: list[dict[str, Any]] = [{"kind": Kind.GROUP, "order": what}, *({"kind": Kind.LEG} for _ in legs[1:])]
        self.ask(
            *({"market": market, "account": account, **leg, **kind} for leg, kind in zip(legs, kinds, strict=True))
        )

    @rule(market=markets, account=accounts, data=st.data())
    def cancel(self, market: int, account: int, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.ids))
        self.ask({"kind": Kind.CANCEL, "market": market, "account": account, "order": order})

    @rule(
        market=markets,
        account=accounts,
        price=prices,
        quantity=lots,
        selftrade=st.sampled_from(Selftrade),
        data=st.data(),
    )
    def amend(self, data: st.DataObject, **fields: int) -> None:
        self.ask({"kind": Kind.AMEND, "order": data.draw(st.sampled_from(self.ids)), **fields})

    @rule(
        kind=st.sampled_from((Kind.DEPOSIT, Kind.WITHDRAW)), account=accounts | st.sampled_from((-1, 99)),
        order=st.integers(-1, 3), quantity=lots | st.integers(1, 1_000_000),
    )  # fmt: skip
    def transfer(self, **fields: int) -> None:
        self.ask(fields)

    @rule(
        kind=st.sampled_from((Kind.HALT, Kind.RESUME, Kind.CANCEL_ALL, Kind.MASS_CANCEL, Kind.LEG, 0, 200)),
        market=markets,
        account=accounts,
    )
    def administer(self, **fields: int) -> None:
        self.ask(fields)

    @rule(market=perpetuals, price=st.integers(60, 140) | prices)
    def mark(self, **fields: int) -> None:
        self.ask({"kind": Kind.MARK, **fields})

    @rule(market=perpetuals, side=st.sampled_from(Side), sizes=st.tuples(lots, lots))
    def trade(self, market: int, side: Side, sizes: tuple[int, int]) -> None:
        """Two users meet, so that there are positions to speak of."""
        for account, way, quantity in ((USERS[0], side, sizes[0]), (USERS[1], 1 - side, sizes[1])):
            self.new(market, account, {"side": way, "type": Type.LIMIT, "price": 100, "quantity": quantity})

    @rule(
        kind=st.sampled_from((Kind.FUNDING, Kind.INSURE, Kind.MARGIN, Kind.ISOLATE)),
        market=perpetuals,
        account=accounts,
        quantity=st.integers(-(10**9), 10**9 + 1) | st.integers(-100_000, 100_000) | st.sampled_from((0, 1)),
    )
    def settle(self, **fields: int) -> None:
        self.ask(fields)

    @rule(ahead=st.integers(0, 40) | st.sampled_from((1 << 40, 86_400_000_000_000)), market=markets)
    def wait(self, ahead: int, market: int) -> None:
        self.now += ahead
        self.ask({"kind": Kind.TIMER, "market": market})

    @precondition(lambda self: not self.restored)
    @rule()
    def restore(self) -> None:
        """What comes after a snapshot is as if there had been none."""
        self.twins.restore()
        self.restored = True

    @invariant()
    def laws(self) -> None:
        self.twins.check()


Exchange.TestCase.settings = settings(max_examples=25, stateful_step_count=40, deadline=None, derandomize=True)
TestExchange = Exchange.TestCase
