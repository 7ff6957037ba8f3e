"""Listing: what an exchange trades, as people write it, and the whole numbers that the core works with."""

from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction

from atom.instrument import Instrument
from fusion.errors import BadInput
from node.exchange.core.rules import Rules

_LIMIT = 1 << 62  # base units, or ns, so that two add up in 64 bits
_DECIMALS = 18
_ORDERS = 1 << 20  # that one account may have open, where there is a limit
_PPM = Decimal("0.000001")
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
        orders: open orders that an account may have; 0: any number.
        waiting: of these those that wait for a price; 0: any number.
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
    orders: int = 0
    waiting: int = 0

    def rules(self, market: int, assets: list[Asset]) -> Rules:
        """As the core reads it; BadInput where it makes no sense, or is beyond what the core reckons with."""
        self._check()
        return Rules(
            market=market,
            base=assets.index(self.base),
            quote=assets.index(self.quote),
            lot=self.base.units(self.lot),
            unit=self.quote.units(self.tick * self.lot),
            least=self.lots(self.least),
            most=self.lots(self.most),
            notional=self.quote.units(self.notional),
            band=self._ppm("band"),
            breaker=self._ppm("breaker"),
            window=self.window,
            pause=self.pause,
            initial=self._ppm("initial"),
            maintenance=self._ppm("maintenance"),
            liquidation=self._ppm("liquidation"),
            orders=self.orders,
            waiting=self.waiting,
        )

    def _check(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, Decimal) and not value.is_finite():
                raise BadInput(f"{each.name} of {self.symbol} is a number, not {value}")
        self._check_amounts()
        self._check_units()
        for what, length in (("window", self.window), ("pause", self.pause)):
            if not 0 < length < _LIMIT:
                raise BadInput(f"a {what} of {self.symbol} is 1 ns or more, and not {length}")
        if not 0 <= self.waiting <= _ORDERS or not 0 <= self.orders <= _ORDERS:
            raise BadInput(f"orders and waiting of {self.symbol} are 0 to {_ORDERS}, not {self.orders}, {self.waiting}")
        if self.initial and not 0 < self.maintenance < self.initial:
            raise BadInput(
                f"a position of {self.symbol} begins with {self.initial} of its worth: never keeps {self.maintenance}"
            )

    def _check_amounts(self) -> None:
        if self.tick <= 0 or self.lot <= 0:
            raise BadInput(f"tick and lot of {self.symbol} are above 0, not {self.tick} and {self.lot}")
        if not self.lot <= self.least <= self.most:
            raise BadInput(f"{self.symbol} takes {self.least} to {self.most}; the least is from {self.lot} to the most")
        if self.notional < 0:
            raise BadInput(f"notional of {self.symbol} is 0 or more, not {self.notional}")

    def _check_units(self) -> None:
        for asset in (self.base, self.quote):
            if not 0 <= asset.decimals <= _DECIMALS:
                raise BadInput(f"{asset.name} has {asset.decimals} decimals; give 0 to {_DECIMALS}")
        if self.base.name == self.quote.name:
            raise BadInput(f"{self.symbol} trades {self.base.name} for itself; give two assets")
        for what, asset, amount in (
            ("the most of", self.base, self.most), ("the notional of", self.quote, self.notional),
            ("a tick of the least of", self.quote, self.tick * self.least),
        ):  # fmt: skip
            if amount.scaleb(asset.decimals) >= _LIMIT:
                raise BadInput(
                    f"{what} {self.symbol}, {amount}, is more than 64 bits hold of {asset.decimals} decimals"
                )

    def _ppm(self, what: str) -> int:
        value: Decimal = getattr(self, what)
        ppm = _times(value, _PPM)
        if ppm is None or not 0 <= value <= 1:
            raise BadInput(f"{what} of {self.symbol} is a part of 1 in steps of {_PPM}, not {value}")
        return ppm

    @property
    def got(self) -> Asset:
        """What who buys pays its fee in: the base asset, but of a perpetual what settles."""
        return self.quote if self.initial else self.base

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
