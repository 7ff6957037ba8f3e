"""Listing: what an exchange trades, as people write it, and the whole numbers that the core works with."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from atom.instrument import Instrument
from fusion.errors import BadInput
from node.exchange.core.rules import Rules

_DIGITS = 40  # more than any price or quantity has: a hostile exponent costs nothing


@dataclass(frozen=True, slots=True)
class Asset:
    """Something that accounts hold.

    Attributes:
        name: such as `BTC`.
        decimals: of its base unit; 8: one unit is 0.00000001.
    """

    name: str
    decimals: int = 8

    def units(self, amount: Decimal) -> int:
        """An amount in base units; BadInput where it is finer than one."""
        count = _times(amount, Decimal((0, (1,), -self.decimals)))
        if count is None:
            raise BadInput(f"{amount} {self.name} is finer than its {self.decimals} decimals")
        return count

    def amount(self, units: int) -> Decimal:
        return Decimal(units).scaleb(-self.decimals)


@dataclass(frozen=True, slots=True)
class Listing:
    """A market.

    Attributes:
        symbol: Fusion's name: `BTC-USDT`.
        tick: price of one tick, quote currency.
        lot: size of one lot, base currency.
        least, most: quantity an order may have, base currency.
        notional: what an order is worth at least, quote currency.
        band: part of the last price that a limit price may be away from it, such as 0.8; 0: any.
        breaker: part of it that it may move within a window before the market pauses; 0: any (see `Rules`).
        window, pause: ns that a window and a pause last.
        initial, maintenance: of a linear perpetual, parts of its worth that a position begins with and keeps, such as
            0.05; an `initial` of 0: a spot market.
        liquidation: part of its worth that a liquidated position pays to the insurance fund.
    """

    symbol: str
    base: Asset
    quote: Asset
    tick: Decimal
    lot: Decimal
    least: Decimal
    most: Decimal
    notional: Decimal
    band: Decimal = Decimal(0)
    breaker: Decimal = Decimal(0)
    window: int = 60_000_000_000
    pause: int = 300_000_000_000
    initial: Decimal = Decimal(0)
    maintenance: Decimal = Decimal(0)
    liquidation: Decimal = Decimal(0)

    def rules(self, market: int, assets: list[Asset]) -> Rules:
        """As the core reads it; BadInput where a tick of a lot is finer than the quote asset."""
        if not 0 <= self.maintenance <= self.initial <= 1 or not 0 <= self.liquidation <= 1:
            raise BadInput(
                f"{self.symbol} keeps {self.maintenance} and begins with {self.initial} of a position's worth "
                f"and pays {self.liquidation} when liquidated; give parts of 1, of which the first is below the second"
            )
        return Rules(
            market=market,
            base=assets.index(self.base),
            quote=assets.index(self.quote),
            lot=self.base.units(self.lot),
            unit=self.quote.units(self.tick * self.lot),
            least=self.lots(self.least),
            most=self.lots(self.most),
            notional=self.quote.units(self.notional),
            band=int(self.band * 1_000_000),
            breaker=int(self.breaker * 1_000_000),
            window=self.window,
            pause=self.pause,
            initial=int(self.initial * 1_000_000),
            maintenance=int(self.maintenance * 1_000_000),
            liquidation=int(self.liquidation * 1_000_000),
        )

    def ticks(self, price: Decimal) -> int:
        """A price in ticks; BadInput where it is between two."""
        return _whole(price, self.tick, "price", self.symbol)

    def lots(self, quantity: Decimal) -> int:
        """A quantity in lots; BadInput where it is between two."""
        return _whole(quantity, self.lot, "quantity", self.symbol)

    def instrument(self, venue: str) -> Instrument:
        """As Atom knows it."""
        return Instrument(venue, self.symbol, self.symbol.replace("-", ""), self.tick, self.lot)


def _whole(value: Decimal, step: Decimal, what: str, symbol: str) -> int:
    count = _times(value, step)
    if count is None:
        raise BadInput(f"a {what} of {symbol} is a multiple of {step}, not {value}")
    return count


def _times(value: Decimal, step: Decimal) -> int | None:
    """How many steps a value is, exactly; None where that is no whole number, or one that no order could have."""
    if (
        not value.is_finite()
        or (value and not -_DIGITS < value.adjusted() < _DIGITS)
        or len(value.as_tuple().digits) > _DIGITS
    ):
        return None
    count = Fraction(value) / Fraction(step)
    return count.numerator if count.denominator == 1 else None
