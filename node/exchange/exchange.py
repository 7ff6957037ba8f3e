"""Exchange: markets that share one ledger. Commands in, journal rows out; the time comes with the commands."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fusion.errors import BadInput
from node.exchange.core import match, state
from node.exchange.core.command import COMMAND
from node.exchange.core.journal import JOURNAL
from node.exchange.listing import Asset, Listing

Commands = npt.NDArray[Any]
"""Rows of dtype COMMAND."""
Journal = npt.NDArray[Any]
"""Rows of dtype JOURNAL."""
Ints = npt.NDArray[np.int64]

_ACCOUNTS = 256  # room at first


class Exchange:
    """Markets and accounts.

    Attributes:
        assets: all that accounts hold; a command names one by its place.
        listings: the markets; a command names one by its place.
        markets: their arrays, in the same order.
        ledger: what every account has, a row for each that is open; 0 is the house, 1 the world, users come after.
        accounts: how many there are.
    """

    def __init__(self, listings: Sequence[Listing]) -> None:
        self.listings = list(listings)
        self.assets: list[Asset] = list(
            dict.fromkeys(asset for each in self.listings for asset in (each.base, each.quote))
        )
        self.markets = [state.market(each.rules(index, self.assets)) for index, each in enumerate(self.listings)]
        self.accounts = state.FIRST_USER
        self._room = state.ledger(_ACCOUNTS, len(self.assets))
        self.ledger = self._opened()
        self._rows = np.zeros(1 << 10, JOURNAL)

    def open_account(self, maker_ppm: int = 1000, taker_ppm: int = 1000) -> int:
        """A new account's number. Fees in ppm; a maker's may be below zero, never by more than the taker's."""
        check_fees(maker_ppm, taker_ppm)
        if self.accounts == len(self._room.balances):
            more = state.ledger(2 * self.accounts, len(self.assets))
            for mine, new in zip(self._room, more, strict=True):
                new[: self.accounts] = mine
            self._room = more
        number, self.accounts = self.accounts, self.accounts + 1
        self.ledger = self._opened()
        self.ledger.fees[number] = maker_ppm, taker_ppm
        return number

    def _opened(self) -> state.Ledger:
        """The rows of the accounts there are: the core takes no command for another."""
        return state.Ledger(*(each[: self.accounts] for each in self._room))

    def carry_out(self, commands: Commands) -> Journal:
        """Carries out commands in order; what was answered."""
        known = commands["market"] < len(self.markets)
        if not known.all():
            raise BadInput(f"there is no market {commands['market'][~known][0]}; there are {len(self.markets)}")
        cuts = np.flatnonzero(np.diff(commands["market"])) + 1
        answers = [self._of_one(each) for each in np.split(commands, cuts) if len(each)]
        return joined(answers)

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """Copies of all it remembers, by name."""
        kept: dict[str, npt.NDArray[Any]] = {f"ledger-{name}": each for name, each in self.ledger._asdict().items()}
        for number, market in enumerate(self.markets):
            kept |= {f"market-{number}-{name}": each for name, each in market._asdict().items()}
        return {name: each.copy() for name, each in kept.items()}

    def load(self, saved: Mapping[str, npt.NDArray[Any]]) -> None:
        """Becomes what it was at `save`, which a like exchange did; BadInput where that was of another make."""
        for name, mine in self.save().items():
            if name not in saved or saved[name].dtype != mine.dtype or saved[name].ndim != mine.ndim:
                raise BadInput(f"{name} was saved by another version or with other markets; begin anew")
        self.markets = [
            type(market)(*(saved[f"market-{number}-{name}"].copy() for name in market._fields))
            for number, market in enumerate(self.markets)
        ]
        ledger = [saved[f"ledger-{name}"] for name in state.Ledger._fields]
        self.accounts = len(ledger[0])
        self._room = state.ledger(max(_ACCOUNTS, 2 * self.accounts), len(self.assets))
        for room, each in zip(self._room, ledger, strict=True):
            room[: self.accounts] = each
        self.ledger = self._opened()

    def _of_one(self, commands: Commands) -> Journal:
        number, start, parts = int(commands["market"][0]), 0, []
        while True:
            start, rows = (
                int(each) for each in match.run(self.markets[number], self.ledger, commands, start, self._rows)
            )
            parts.append(self._rows[:rows].copy())
            if start == len(commands):
                return joined(parts)
            self._make_room(number)

    def _make_room(self, number: int) -> None:
        """After the kernel stopped: for orders, and for the rows of the next command at the least."""
        market = self.markets[number]
        if market.state["live"][0] + match.NODES_EACH >= len(market.nodes):
            self.markets[number] = market = state.grown(market)
        needed = match.room_needed(market)
        if len(self._rows) < 2 * needed:
            self._rows = np.zeros(4 * needed, JOURNAL)


def check_fees(maker_ppm: int, taker_ppm: int) -> None:
    """BadInput where no account can have these fees."""
    if not (0 <= taker_ppm < 1_000_000 and -taker_ppm <= maker_ppm < 1_000_000):
        raise BadInput(f"fees of {maker_ppm} and {taker_ppm} ppm: a rebate is paid from the taker's fee")


def joined(parts: Sequence[Journal]) -> Journal:
    """Rows one after another. `np.concatenate` alone would give each of the overlapping columns its own place."""
    if len(parts) == 1:
        return parts[0]
    raw = [each.view(f"V{JOURNAL.itemsize}") for each in (np.zeros(0, JOURNAL), *parts)]
    return np.concatenate(raw).view(JOURNAL)


def command(**fields: int) -> Commands:
    """One command; what is not named is 0."""
    row = np.zeros(1, COMMAND)
    for name, value in fields.items():
        row[name] = value
    return row
