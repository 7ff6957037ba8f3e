"""Turns: that the better price trades first, and at one price who came first, told from the journal alone."""

from dataclasses import dataclass

from node.exchange.core.command import Side, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.exchange import Commands, Journal
from node.exchange.fold import Row


@dataclass(slots=True)
class Place:
    """Where an order stands.

    Attributes:
        since: number of the row with which it came to its price.
    """

    side: int
    price: int
    left: int
    since: int

    def before(self, price: int, since: int) -> bool:
        """Whether its turn comes before one that has stood at a price since then."""
        better = self.price > price if self.side == Side.BUY else self.price < price
        return better or (self.price == price and self.since < since)


class Turns:
    """The places of limit orders that stand alone and hide nothing; of others the journal tells no more than prices."""

    def __init__(self) -> None:
        self.places: dict[tuple[int, int], Place] = {}
        self.rows = 0

    def take(self, commands: Commands, rows: Journal) -> None:
        """Goes on with what was answered to commands.

        Raises:
            AssertionError: an order was passed over whose turn it was.
        """
        hiding = set(commands["ref"][commands["display"] > 0].tolist())
        for row in map(Row._make, rows.tolist()):
            self.rows += 1
            name = row.market, row.order
            if row.kind == Record.ACK and row.type == Type.LIMIT and not row.group and row.ref not in hiding:
                self.places[name] = Place(row.side, row.price, row.quantity, self.rows)
            elif row.kind in {Record.FILL, Record.PREVENTED}:
                self._look(row)
                self._shrink(name, row.quantity)
                self._shrink((row.market, row.other), row.quantity)
            elif row.kind in {Record.CANCEL, Record.EXPIRE}:
                self.places.pop(name, None)
            elif row.kind == Record.AMEND and name in self.places:
                kept = row.reason == Reason.KEPT
                since = self.places[name].since if kept else self.rows
                self.places[name] = Place(row.side, row.price, row.quantity, since)

    def _look(self, row: Row) -> None:
        met = self.places.get((row.market, row.other))
        since = met.since if met else 0
        for (market, order), each in self.places.items():
            passed = market == row.market and each.side != row.side and each.before(row.price, since)
            assert not passed, f"order {order} at {each.price} was passed over by {row}"

    def _shrink(self, name: tuple[int, int], quantity: int) -> None:
        place = self.places.get(name)
        if place is not None:
            place.left -= quantity
            if not place.left:
                del self.places[name]
