"""The compiled core answers as the plain engine does, byte for byte, whatever it is asked; and both keep the laws."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.exchange.core.command import Flag, Kind, Selftrade, Side, Tif, Type
from node.exchange.core.journal import Record
from node.exchange.core.state import FIRST_USER
from node.exchange.exchange import command
from tests.property.exchange_twins import LISTINGS, Twins

USERS = range(FIRST_USER, FIRST_USER + 4)
accounts = st.sampled_from((*USERS, 0, 1))
markets = st.integers(0, len(LISTINGS) - 1)
near = st.integers(95, 105)
prices = near | near | st.integers(1, 400_000) | st.sampled_from((0, -1, 1 << 40, (1 << 63) - 1))
quantities = st.integers(1, 60) | st.sampled_from((0, -5, 50_001, 1 << 50, (1 << 63) - 1))


class Exchange(RuleBasedStateMachine):
    """Commands of every kind; each is given to both."""

    def __init__(self) -> None:
        super().__init__()
        self.twins = Twins()
        self.now = 0
        self.ids = [0, 1, -1]

    def ask(self, **fields: int) -> None:
        self.now += 1
        for row in self.twins.carry_out(command(time=self.now, ref=self.now, **fields)):
            if row["kind"] == Record.ACK:
                self.ids.append(int(row["order"]))

    @initialize()
    def fund(self) -> None:
        for account in USERS:
            for asset in range(len(self.twins.core.assets)):
                self.ask(kind=Kind.DEPOSIT, account=account, order=asset, quantity=1_000_000 // account)

    @rule(
        market=markets, account=accounts, side=st.sampled_from(Side),
        type=st.sampled_from((Type.LIMIT, Type.LIMIT, Type.MARKET)),
        tif=st.sampled_from((Tif.GTC, Tif.GTC, Tif.IOC)),
        selftrade=st.sampled_from((Selftrade.NONE, Selftrade.EXPIRE_TAKER)),
        flags=st.sampled_from((0, 0, Flag.POST_ONLY)), price=prices, quantity=quantities,
    )  # fmt: skip
    def new(self, **fields: int) -> None:
        if fields["type"] == Type.MARKET:
            fields["flags"] = 0
        self.ask(kind=Kind.NEW, **fields)

    @rule(market=markets, account=accounts, data=st.data())
    def cancel(self, market: int, account: int, data: st.DataObject) -> None:
        self.ask(kind=Kind.CANCEL, market=market, account=account, order=data.draw(st.sampled_from(self.ids)))

    @rule(
        kind=st.sampled_from((Kind.DEPOSIT, Kind.WITHDRAW)),
        account=accounts | st.sampled_from((-1, 99)),
        order=st.integers(-1, 3),
        quantity=quantities,
    )
    def transfer(self, **fields: int) -> None:
        self.ask(**fields)

    @rule(kind=st.sampled_from((Kind.HALT, Kind.RESUME, Kind.RESUME, Kind.TIMER, 0, 200)), market=markets)
    def administer(self, **fields: int) -> None:
        self.ask(**fields)

    @invariant()
    def laws(self) -> None:
        self.twins.check()


Exchange.TestCase.settings = settings(max_examples=30, stateful_step_count=40, deadline=None, derandomize=True)
TestExchange = Exchange.TestCase
