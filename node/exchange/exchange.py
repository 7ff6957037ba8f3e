"""Exchange: markets that share one ledger. Commands in, journal rows out; the time comes with the commands."""

import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import index
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from fusion.errors import BadInput, StorageFull
from node.exchange.core import door, growth, state
from node.exchange.core.command import COMMAND, Kind
from node.exchange.core.door import NO_ROOM, Desk
from node.exchange.core.entry import Table
from node.exchange.core.journal import JOURNAL, Reason
from node.exchange.core.state import Ledger, Market
from node.exchange.listing import Asset, Listing

Commands = npt.NDArray[Any]
"""Rows of dtype COMMAND."""
Journal = npt.NDArray[Any]
"""Rows of dtype JOURNAL."""
Ints = npt.NDArray[np.int64]

_ACCOUNTS = 256  # room at first
_ALONE = struct.Struct("<q6BH2i4q")
"""A COMMAND from `time` to `quantity`; written so, one costs a third of what as many arguments of a kernel do."""
_PLACING = np.isin(np.arange(256), (Kind.NEW, Kind.AMEND, Kind.GROUP, Kind.LEG))  # by kind
_NEW, _CANCEL, _MALFORMED = int(Kind.NEW), int(Kind.CANCEL), int(Reason.MALFORMED)
_OTHERS: Final = "was saved by another version, or with other markets or terms; begin anew"


class Exchange:
    """Markets and accounts.

    Args:
        listings: its markets.
        spare: rows that its journal has beyond what one command may need. Commands stop less often for want of room
            where they are more; what is answered is the same.

    Attributes:
        assets: all that the markets name; a command names one by its place.
        paid: places of those that an account can have: what only perpetuals are of, nobody owns.
        listings: the markets; a command names one by its place.
        markets: their arrays, in the same order.
        ledger: what every account has, a row for each that is open; 0 is the house, 1 the world, users come after.
        accounts: how many there are.
    """

    def __init__(self, listings: Sequence[Listing], spare: int = 1 << 16) -> None:
        self.listings = list(listings)
        self.assets: list[Asset] = list(
            dict.fromkeys(asset for each in self.listings for asset in (each.base, each.quote))
        )
        traded = {each for of in self.listings for each in ((of.quote,) if of.initial else (of.base, of.quote))}
        self.paid = [place for place, each in enumerate(self.assets) if each in traded]
        check_assets(self.assets)
        self._markets = [
            state.market(each.rules(index, self.assets), accounts=_ACCOUNTS) for index, each in enumerate(self.listings)
        ]
        self.accounts = state.FIRST_USER
        self._room = state.ledger(_ACCOUNTS, len(self.assets))
        self._ledger = self._room
        self._market_tables = [Table(door.open_market, each) for each in self._markets]
        self._ledger_table = Table(door.open_ledger, self._ledger)
        self._desk = Desk(
            markets=np.array([each.address for each in self._market_tables]),
            ledger=np.array([self._ledger_table.address]),
            command=np.zeros(1, COMMAND),
            journal=np.zeros(min(spare, 1 << 10), JOURNAL),
            rows=np.zeros(1, np.int64),
        )
        self._table = Table(door.open_desk, self._desk)
        self._address = self._table.address
        self._journal = self._desk.journal.view(np.uint8).data
        self._command = self._desk.command.view(np.uint8).data
        self._spare = spare
        self._show()

    @property
    def markets(self) -> Sequence[Market]:
        return tuple(self._markets)

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    @property
    def table(self) -> int:
        """Address of the table of its Desk, for kernels that work on it (see `core.door`); it stays."""
        return self._address

    def put_market(self, number: int, market: Market) -> None:
        """Gives a market other arrays: those of a snapshot, or longer ones. Room for the accounts is seen to."""
        market = growth.widened(market, len(self._room.balances))
        self._markets[number] = market
        self._market_tables[number].hold(market)

    def put_ledger(self, ledger: Ledger) -> None:
        """Gives the ledger the arrays of a snapshot, with a row for each account that is open."""
        self._room, self.accounts = ledger, len(ledger.balances)
        for place, market in enumerate(self._markets):
            self.put_market(place, market)
        self._show()

    def open_account(self, maker_ppm: int = 1000, taker_ppm: int = 1000) -> int:
        """A new account's number. Fees in ppm; a maker's may be below zero, never by more than the taker's."""
        check_fees(maker_ppm, taker_ppm)
        if self.accounts == len(self._room.balances):
            more = state.ledger(2 * self.accounts, len(self.assets))
            for mine, new in zip(self._room, more, strict=True):
                new[: self.accounts] = mine
            self._room = more
            for place, market in enumerate(self._markets):
                self.put_market(place, market)
        number, self.accounts = self.accounts, self.accounts + 1
        self._show()
        self.ledger.fees[number] = maker_ppm, taker_ppm
        return number

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of all it remembers, by name."""
        kept: dict[str, npt.NDArray[Any]] = {f"ledger-{name}": each for name, each in self.ledger._asdict().items()}
        for number, market in enumerate(self.markets):
            kept |= {f"market-{number}-{name}": each for name, each in market._asdict().items()}
        return {name: each.copy() for name, each in kept.items()}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Becomes what it was at `save`, which a like exchange did; BadInput where that was of another make."""
        markets = []
        for number, mine in enumerate(self._markets):
            market = Market(**_loaded(saved, f"market-{number}-", mine))
            rules = self.listings[number].rules(number, self.assets)
            wrong = growth.misshapen(market, rules)
            if wrong:
                raise BadInput(f"market-{number}-{wrong} {_OTHERS}")
            markets.append(market)
        ledger = Ledger(**_loaded(saved, "ledger-", self.ledger))
        accounts = len(ledger.balances)
        if [each.shape for each in ledger] != [(accounts, len(self.assets), 2), (accounts, 2)]:
            raise BadInput(f"ledger-balances {_OTHERS}")
        for number, market in enumerate(markets):
            self.put_market(number, market)
        self.put_ledger(ledger)

    def _show(self) -> None:
        """Gives the core the rows of the accounts there are: it takes no command for another."""
        self._ledger = Ledger(*(each[: self.accounts] for each in self._room))
        self._ledger_table.hold(self._ledger)

    def carry_out(self, commands: Commands) -> Journal:
        """Carries out commands in order; what was answered. One costs a microsecond, a thousand 80 ns each."""
        if commands.dtype != COMMAND or not commands.flags.carray:
            commands = np.array(commands, COMMAND)  # kernels are made for arrays in one piece that may be written
        start, told = 0, bytearray()
        while True:
            start, rows = door.carry_out(self._address, commands, start)
            if start < 0:
                raise BadInput(f"there is no market {commands['market'][-1 - start]}; there are {len(self.markets)}")
            told += self._journal[: rows * JOURNAL.itemsize]  # bytes: numpy copies rows field by field
            if start == len(commands):
                return np.frombuffer(told, JOURNAL)
            self._make_room(int(commands["market"][start]))

    def order(
        self, market: int, account: int, side: int, price: int, quantity: int, *,
        kind: int = 0, tif: int = 0, flags: int = 0, selftrade: int = 0, ref: int = 0, time: int = 0,
    ) -> int:  # fmt: skip
        """An order, alone: half a microsecond. What it led to is in `answer` until the next.

        Args:
            side, kind, tif, flags, selftrade: of Side, Type, Tif, Flag, Selftrade.
            price: ticks; of a market order it does not matter.
            quantity: lots.
            time: ns; where it is earlier than the market's, that is taken.

        Returns:
            its id; where it was refused minus the `Reason`.
        """
        try:
            _ALONE.pack_into(
                self._command, 0, time, _NEW, side, kind, tif, selftrade, flags, market, account, 0, 0, ref, price,
                quantity,
            )  # fmt: skip
        except struct.error:
            return self._unfit(market, account, side, price, quantity, kind, tif, flags, selftrade, ref, time)
        told = door.order(self._address)
        if told > NO_ROOM:
            return told
        self._make_room(market)
        return self.order(
            market, account, side, price, quantity,
            kind=kind, tif=tif, flags=flags, selftrade=selftrade, ref=ref, time=time,
        )  # fmt: skip

    def cancel(self, market: int, account: int, order: int, *, ref: int = 0, time: int = 0) -> int:
        """Takes an order out, alone; as `order`.

        Returns:
            lots that were open of it; where it was refused minus the `Reason`.
        """
        try:
            _ALONE.pack_into(self._command, 0, time, _CANCEL, 0, 0, 0, 0, 0, market, account, 0, order, ref, 0, 0)
        except struct.error:
            return self._unfit(market, account, order, ref, time)
        told = door.cancel(self._address)
        if told > NO_ROOM:
            return told
        self._make_room(market)
        return self.cancel(market, account, order, ref=ref, time=time)

    def _unfit(self, market: int, *others: int) -> int:
        """What is said to a command whose numbers a row cannot hold."""
        market, _ = index(market), [index(each) for each in others]
        if not 0 <= market < len(self._markets):
            raise BadInput(f"there is no market {market}; there are {len(self._markets)}")
        self._desk.rows[0] = 0
        return -_MALFORMED

    @property
    def answer(self) -> Journal:
        """What was answered to the last `order` or `cancel`; a copy."""
        return np.frombuffer(bytearray(self._journal[: int(self._desk.rows[0]) * JOURNAL.itemsize]), JOURNAL)

    def see_to_room(self, commands: Commands, spared: int = 0) -> None:
        """Makes room for commands that are about to be carried out, at markets that there are.

        Args:
            spared: places for orders that those which place some must leave in a market.

        Raises:
            StorageFull: there is none; nothing was done.
        """
        places = _PLACING[commands["kind"]]
        try:
            for number in np.unique(commands["market"]).tolist():
                placing = int(np.count_nonzero(places & (commands["market"] == number)))
                self._make_room(number, placing, spared if placing else 0)
        except MemoryError as error:
            raise StorageFull("the machine has no memory for more orders; wait until some have left") from error

    def _make_room(self, number: int, commands: int = 1, spared: int = 0) -> None:
        """For orders, and for the rows of the next command at the least; also after the kernel stopped."""
        if not 0 <= number < len(self._markets):
            raise BadInput(f"there is no market {number}; there are {len(self._markets)}")
        market = self._markets[number]
        fitted = growth.fitted(market, commands, spared)
        if fitted is not market:
            self.put_market(number, fitted)
        needed = door.rows_needed(self._address, number)
        if len(self._desk.journal) < needed + self._spare // 2:
            self._desk = self._desk._replace(journal=np.zeros(needed + self._spare, JOURNAL))
            self._table.hold(self._desk)
            self._journal = self._desk.journal.view(np.uint8).data


def _loaded(saved: Mapping[str, npt.NDArray[Any]], before: str, like: NamedTuple) -> dict[str, npt.NDArray[Any]]:
    """Copies of what was saved of some arrays; BadInput where those were others."""
    found = {}
    for name, mine in like._asdict().items():
        each = saved.get(before + name)
        if each is None or each.dtype != mine.dtype or each.ndim != mine.ndim:
            raise BadInput(f"{before}{name} {_OTHERS}")
        found[name] = each.copy()
    return found


def check_assets(assets: Sequence[Asset]) -> None:
    """BadInput where two of them have one name."""
    for name, many in Counter(each.name for each in assets).items():
        if many > 1:
            told = " and ".join(str(each.decimals) for each in assets if each.name == name)
            raise BadInput(f"markets trade {name} with {told} decimals; give one number")


def check_fees(maker_ppm: int, taker_ppm: int) -> None:
    """BadInput where no account can have these fees."""
    if not (0 <= taker_ppm < 1_000_000 and -taker_ppm <= maker_ppm < 1_000_000):
        raise BadInput(f"fees of {maker_ppm} and {taker_ppm} ppm: a rebate is paid from the taker's fee")


def command(**fields: int) -> Commands:
    """One command; what is not named is 0."""
    row = np.zeros(1, COMMAND)
    for name, value in fields.items():
        row[name] = value
    return row
