"""A market in which a lot and a tick are one unit, where orders have names and rows are told in words."""

from decimal import Decimal

import numpy as np

from node.exchange.core import door
from node.exchange.core.command import COMMAND, Group, Kind, Side, Type
from node.exchange.core.journal import Reason, Record, Status
from node.exchange.core.state import FIRST_USER, LOCKED
from node.exchange.exchange import Exchange, Journal, command
from node.exchange.listing import Asset, Listing
from node.exchange.oracle.engine import Engine

ANN, BOB, EVE = FIRST_USER, FIRST_USER + 1, FIRST_USER + 2
RICH = 1_000_000


class Floor:
    """One market, three rich accounts without fees, and time that passes by 1 ns a command.

    Every command is checked: nothing is made or lost, nobody owes, no more rows come than there was room for, and the
    plain engine says the same.
    """

    def __init__(self, fees: tuple[int, int] = (0, 0), **terms: object) -> None:
        one = Decimal(1)
        given = {"tick": one, "lot": one, "least": one, "most": Decimal(RICH), "notional": one} | terms
        self.exchange = Exchange([Listing("B-Q", Asset("B", 0), Asset("Q", 0), **given)])  # type: ignore[arg-type]  # as given
        rules = [each.rules(0, self.exchange.assets) for each in self.exchange.listings]
        self.plain = Engine(rules, len(self.exchange.assets))
        self.now = 0
        self.names: dict[int, str] = {}
        self.ids: dict[str, int] = {}
        for account in (ANN, BOB, EVE):
            assert self.exchange.open_account(*fees) == self.plain.open_account(*fees) == account
            for asset in (0, 1):
                self.ask(kind=Kind.DEPOSIT, account=account, order=asset, quantity=RICH)

    def ask(self, *names: str, **fields: int) -> list[str]:
        """What is answered to a command."""
        return self.send(self.row(**fields), names)

    def row(self, **fields: int) -> Journal:
        self.now = max(min(self.now, 1 << 62) + 1, fields.pop("time", 0))
        return command(time=self.now, **fields)

    def send(self, rows: Journal, names: tuple[str, ...]) -> list[str]:
        room = door.rows_needed(self.exchange.table, 0)
        told = self.exchange.carry_out(rows)
        assert len(told) <= room, f"{len(told)} rows, but room was made for {room}"
        assert self.plain.carry_out(rows.tobytes()) == told.tobytes()
        given = iter(names)
        for each in told:
            if each["kind"] == Record.ACK:
                self.names[int(each["order"])] = name = next(given, "?")
                self.ids[name] = int(each["order"])
        self.weigh()
        return [self.words(each) for each in told]

    def weigh(self) -> None:
        """Nothing is made or lost, on paper too, and nobody owes."""
        balances, market = self.exchange.ledger.balances, self.exchange.markets[0]
        positions = market.positions
        total = balances.sum(axis=(0, 2))
        assert total[0] == 0
        assert total[1] + positions["margin"].sum() - positions["cost"].sum() + market.state["insurance"][0] == 0
        assert positions["size"].sum() == 0
        assert (positions["margin"] >= 0).all()
        assert (balances[FIRST_USER:] >= 0).all()

    def words(self, row: np.void) -> str:
        kind, order = Record(row["kind"]), self.names.get(int(row["order"]), "?")
        lots, price = int(row["quantity"]), int(row["price"])
        why = f" {Reason(row['reason']).name}" if row["reason"] else ""
        if kind in (Record.FILL, Record.PREVENTED):
            return f"{kind.name} {order} takes {lots} of {self.names[int(row['other'])]} at {price}"
        if kind is Record.STATUS:
            return f"STATUS {Status(lots).name}{why}"
        if kind is Record.REJECT:
            return f"REJECT{why}"
        if kind is Record.ACK:
            return f"ACK {order}"
        if kind is Record.ADL:
            return f"ADL {lots} of {row['account']} against {row['other_account']} at {price}"
        if kind is Record.LIQUIDATION:
            return f"LIQUIDATION {lots} of {row['account']} at {price} fee {row['other_fee']}"
        if kind is Record.MARK:
            return f"MARK {price} interest {lots}"
        if kind in (Record.FUNDING, Record.INSURANCE, Record.MARGIN, Record.ISOLATED):
            return f"{kind.name} {row['account']} {lots}"
        if kind in (Record.TRIGGER, Record.AMEND):
            return f"{kind.name} {order} {lots} at {price}{why}"
        if kind is Record.BALANCE:
            return f"BALANCE {lots}"
        return f"{kind.name} {order} {lots}{why}"

    def order(self, name: str, account: int, side: Side, quantity: int, price: int = 0, **fields: int) -> list[str]:
        fields.setdefault("type", Type.LIMIT if price else Type.MARKET)
        return self.ask(
            name, kind=Kind.NEW, account=account, side=side, quantity=quantity, price=price, **fields
        )  # fmt: skip

    def buy(self, name: str, account: int, quantity: int, price: int = 0, **fields: int) -> list[str]:
        return self.order(name, account, Side.BUY, quantity, price, **fields)

    def sell(self, name: str, account: int, quantity: int, price: int = 0, **fields: int) -> list[str]:
        return self.order(name, account, Side.SELL, quantity, price, **fields)

    def group(self, kind: Group, account: int, **orders: dict[str, int]) -> list[str]:
        """A group of orders by their names."""
        rows = np.zeros(len(orders), COMMAND)
        for index, fields in enumerate(orders.values()):
            what = {"kind": Kind.LEG} if index else {"kind": Kind.GROUP, "order": int(kind)}
            kind_of = {"type": Type.LIMIT if fields.get("price") else Type.MARKET}
            rows[index] = self.row(**({"account": account} | what | kind_of | fields))[0]
        return self.send(rows, tuple(orders))

    def cancel(self, name: str, account: int) -> list[str]:
        return self.ask(kind=Kind.CANCEL, account=account, order=self.ids[name])

    def amend(self, name: str, account: int, quantity: int, price: int, **fields: int) -> list[str]:
        return self.ask(
            kind=Kind.AMEND, account=account, order=self.ids[name], quantity=quantity, price=price, **fields
        )  # fmt: skip

    def trade(self, price: int) -> None:
        """Makes this the last price: EVE and BOB trade one lot, past what rests on neither side."""
        self.sell("_ask", EVE, 1, price)
        self.buy("_bid", BOB, 1, price)

    def held(self, account: int) -> tuple[int, int]:
        """Base and quote that an account's orders hold."""
        base, quote = self.exchange.ledger.balances[account, :, LOCKED].tolist()
        return base, quote

    def state(self, name: str) -> int:
        return int(self.exchange.markets[0].state[name][0])

    def empty(self) -> None:
        """Nothing is open, and nothing is remembered of it."""
        assert [self.state(each) for each in ("live", "rare", "parts", "head", "highs", "lows")] == [0] * 6
        assert not self.exchange.ledger.balances[..., LOCKED].any()
        assert not self.exchange.markets[0].heap_count.any()
