"""Order: one that a market took, for as long as something of it is open."""

from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Order:
    """An order.

    Attributes:
        price: ticks; 0 for one that takes any.
        left: lots that are open and seen.
    """

    id: int
    account: int
    side: int
    type: int
    tif: int
    flags: int
    selftrade: int
    price: int
    left: int
