"""Rules: what a market trades, and what it takes."""

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, slots=True)
class Rules:
    """A market's terms, in whole numbers.

    Attributes:
        market: its number.
        base, quote: numbers of its assets.
        lot: base units of the base asset a lot.
        unit: base units of the quote asset a tick and lot: price times quantity times this is what is paid.
        least, most: lots an order may have.
        notional: base units of the quote asset that an order is worth at least.
        orders: open orders that an account may have; 0: any number. What trades at once, or not at all, is none.
        waiting: of these those of a type that waits for a price; 0: any number.
        band: ppm that a limit price may be away from the last price; 0: any. A market order stops there.
        breaker: ppm that the last price may move within a window before the market pauses; 0: any. A window begins with
            the first trade after the one before has ended, or after a pause; what counts is the distance to the last
            price before it (of the very first, to its own).
        window, pause: ns that a window and a pause last.
        initial: of a linear perpetual (see `core.position`) ppm of its worth that a position begins with; 0: a spot
            market. A perpetual's base asset is a name alone, and what settles is the quote asset.
        maintenance: ppm of its worth that a position keeps.
        liquidation: ppm of its worth that a liquidated one pays to the insurance fund, as far as it has it.
    """

    market: int
    base: int
    quote: int
    lot: int
    unit: int
    least: int = 1
    most: int = 1 << 40
    notional: int = 0
    band: int = 0
    breaker: int = 0
    window: int = 60_000_000_000
    pause: int = 300_000_000_000
    initial: int = 0
    maintenance: int = 0
    liquidation: int = 0
    orders: int = 0
    waiting: int = 0

    def row(self) -> tuple[int, ...]:
        return tuple(getattr(self, each.name) for each in fields(self))


RULES = np.dtype([(each.name, "<i8") for each in fields(Rules)])
