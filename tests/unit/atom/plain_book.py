"""The book as one would write it first: the oracle of the kernels."""

from dataclasses import dataclass, field

from atom.book import Change
from atom.events import Action, Flag, Side

WHOLE = Flag.SNAPSHOT | Flag.LAST


@dataclass
class PlainBook:
    """Levels by price; or orders by id, in the order in which they came to their price."""

    valid: bool = False
    unknown: int = 0
    levels: dict[Side, dict[int, int]] = field(default_factory=lambda: {Side.BID: {}, Side.ASK: {}})
    held: dict[int, tuple[Side, int, int]] = field(default_factory=dict)

    def step(self, change: Change) -> None:
        flags, action, side, price, size, order_id = change
        if action == Action.CLEAR:
            self.valid, self.levels, self.held = False, {Side.BID: {}, Side.ASK: {}}, {}
        elif flags & Flag.BY_PRICE:
            size = 0 if action == Action.CANCEL else size
            if size > 0:
                self.levels[Side(side)][price] = size
            elif self.levels[Side(side)].pop(price, None) is None:
                self.unknown += 1
        else:
            self._order(action, Side(side), price, size, order_id)
        self.valid |= flags & WHOLE == WHOLE

    def _order(self, action: int, side: Side, price: int, size: int, order_id: int) -> None:
        held = self.held.get(order_id)
        if held is None and action in (Action.CANCEL, Action.FILL):
            self.unknown += 1
        elif held is not None and action == Action.FILL:
            self._keep(order_id, (held[0], held[1], held[2] - size))
        elif held is not None and action == Action.MODIFY and held[:2] == (side, price) and size <= held[2]:
            self._keep(order_id, (side, price, size))
        else:
            self.held.pop(order_id, None)
            if action != Action.CANCEL:
                self._keep(order_id, (side, price, size))

    def _keep(self, order_id: int, told: tuple[Side, int, int]) -> None:
        if told[2] > 0:
            self.held[order_id] = told
        else:
            self.held.pop(order_id, None)

    def queue(self, side: Side, price: int) -> list[tuple[int, int]]:
        return [(order_id, size) for order_id, (at, where, size) in self.held.items() if (at, where) == (side, price)]

    def sizes(self, side: Side) -> list[tuple[int, int]]:
        """Price and size, best first."""
        sizes = dict(self.levels[side])
        for at, price, size in self.held.values():
            if at is side:
                sizes[price] = sizes.get(price, 0) + size
        return sorted(sizes.items(), reverse=side is Side.BID)
