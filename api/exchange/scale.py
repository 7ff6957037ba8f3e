"""Scale: the whole numbers of a market as decimal text, and back. No float has a part in it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from api.exchange import refusal
from fusion.errors import BadInput
from node.exchange.listing import Asset, Listing

_KEPT: Final = 1 << 16


def fixed(value: int, places: int) -> str:
    """`value` / 10**places with so many places: 1230 and 2 are `12.30`."""
    if places == 0:
        return str(value)
    digits = str(abs(value)).zfill(places + 1)
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


class Steps:
    """Multiples of a step as text; each text is made once, for formatting is most of what a message costs."""

    def __init__(self, step: Decimal) -> None:
        self.places = max(0, -int(step.normalize().as_tuple().exponent))
        self._units = int(step.scaleb(self.places))
        self._texts: dict[int, str] = {}

    def __call__(self, count: int) -> str:
        text = self._texts.get(count)
        if text is None:
            if len(self._texts) >= _KEPT:
                self._texts.clear()
            text = self._texts[count] = fixed(count * self._units, self.places)
        return text


class Scale:
    """A market's numbers.

    Attributes:
        price: ticks as text.
        size: lots as text.
    """

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self.price, self.size = Steps(listing.tick), Steps(listing.lot)
        self._unit = listing.quote.units(listing.tick * listing.lot)

    def worth(self, ticks_lots: int) -> str:
        """A sum of ticks times lots as text of the quote asset."""
        return fixed(ticks_lots * self._unit, self._listing.quote.decimals)

    def ticks(self, price: Decimal, name: str = "price") -> int:
        """A price in ticks; a Refusal where it is finer than one, or between two."""
        return self._steps(price, self.price.places, name, "PRICE_FILTER", self._listing.ticks)

    def lots(self, quantity: Decimal, name: str = "quantity") -> int:
        """A quantity in lots; likewise."""
        return self._steps(quantity, self.size.places, name, "LOT_SIZE", self._listing.lots)

    def quote_units(self, amount: Decimal, name: str) -> int:
        """An amount of the quote asset in its base units; likewise."""
        asset = self._listing.quote
        return self._steps(amount, asset.decimals, name, "NOTIONAL", asset.units)

    def _steps(self, value: Decimal, places: int, name: str, of: str, count: Callable[[Decimal], int]) -> int:
        if _places(value) > max(places, 8):
            raise refusal.too_precise(name)
        try:
            steps = count(value)
        except BadInput:
            raise refusal.of_filter(of) from None
        if steps >= 1 << 62:
            raise refusal.of_filter(of)
        return steps


def amount(asset: Asset, units: int) -> str:
    """Base units of an asset as text."""
    return fixed(units, asset.decimals)


def _places(value: Decimal) -> int:
    return max(0, -int(value.normalize().as_tuple().exponent)) if value else 0
