"""Catalogue: the markets by the names that clients use, and what `exchangeInfo` tells of them."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from api.exchange import refusal
from api.exchange.meter import Allowance
from api.exchange.scale import Scale
from node.exchange.core.command import Selftrade
from node.exchange.core.refusal import PARTS
from node.exchange.exchange import Exchange
from node.exchange.listing import Asset, Listing

ORDER_TYPES: Final = (
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "STOP_LOSS",
    "STOP_LOSS_LIMIT",
    "TAKE_PROFIT",
    "TAKE_PROFIT_LIMIT",
)
SELF_TRADES: Final = tuple(each.name for each in Selftrade)
DEFAULT_SELF_TRADE: Final = "EXPIRE_MAKER"
DELTAS: Final = (1, 5000)
"""Basis points that a trailing order may keep from the best price."""
_PRICE_TOP: Final = 1 << 40  # ticks


class Market(NamedTuple):
    """A market as clients know it.

    Attributes:
        number: the exchange's.
        id: `BTCUSDT`.
        base, quote: the assets' numbers.
    """

    number: int
    id: str
    listing: Listing
    scale: Scale
    base: int
    quote: int

    @property
    def got(self) -> int:
        """What who buys pays its fee in."""
        return self.quote if self.listing.initial else self.base


class Catalogue:
    """All markets of an exchange.

    Attributes:
        assets, paid: as the exchange has them.
        markets: by their numbers.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.assets: list[Asset] = exchange.assets
        self.paid = exchange.paid
        self.markets = [
            Market(
                number,
                each.symbol.replace("-", ""),
                each,
                Scale(each),
                exchange.assets.index(each.base),
                exchange.assets.index(each.quote),
            )
            for number, each in enumerate(exchange.listings)
        ]
        self._exchange = exchange
        self._by_id = {each.id: each for each in self.markets}
        self._by_stream = {each.id.lower(): each for each in self.markets}

    def market(self, name: str) -> Market:
        """A Refusal where there is none of that name."""
        if name not in self._by_id:
            raise refusal.unknown_symbol()
        return self._by_id[name]

    def streamed(self, name: str) -> Market | None:
        """By the name that streams have: `btcusdt`."""
        return self._by_stream.get(name)

    def chosen(self, symbol: str, symbols: Sequence[str]) -> list[Market]:
        """Those that a request names, by one parameter or the other; all where it names none."""
        if symbol and symbols:
            raise refusal.combination("Combination of optional parameters invalid.")
        named = [symbol] if symbol else list(symbols)
        return [self.market(each) for each in named] if named else self.markets

    def halted(self, market: Market) -> bool:
        """Whether it takes no orders now."""
        return bool(self._exchange.markets[market.number].state["halted"][0])

    def told(self, market: Market) -> dict[str, Any]:
        """A market in `exchangeInfo`."""
        of, base, quote = market.listing, market.listing.base, market.listing.quote
        return {
            "symbol": market.id,
            "status": "HALT" if self.halted(market) else "TRADING",
            "baseAsset": base.name,
            "baseAssetPrecision": base.decimals,
            "quoteAsset": quote.name,
            "quotePrecision": quote.decimals,
            "quoteAssetPrecision": quote.decimals,
            "baseCommissionPrecision": base.decimals,
            "quoteCommissionPrecision": quote.decimals,
            "orderTypes": list(ORDER_TYPES),
            "icebergAllowed": True,
            "ocoAllowed": True,
            "otoAllowed": True,
            "opoAllowed": False,
            "quoteOrderQtyMarketAllowed": not of.initial,
            "allowTrailingStop": True,
            "cancelReplaceAllowed": True,
            "amendAllowed": True,
            "pegInstructionsAllowed": False,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": _filters(market, of),
            "permissions": [],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": DEFAULT_SELF_TRADE,
            "allowedSelfTradePreventionModes": list(SELF_TRADES),
        }


def _filters(market: Market, of: Listing) -> list[dict[str, Any]]:
    price, size = market.scale.price, market.scale.size
    least, most, lot = size(of.lots(of.least)), size(of.lots(of.most)), size(1)
    told: list[dict[str, Any]] = [
        {"filterType": "PRICE_FILTER", "minPrice": price(1), "maxPrice": price(_PRICE_TOP), "tickSize": price(1)},
        {"filterType": "LOT_SIZE", "minQty": least, "maxQty": most, "stepSize": lot},
        {"filterType": "MARKET_LOT_SIZE", "minQty": least, "maxQty": most, "stepSize": lot},
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": DELTAS[0],
            "maxTrailingAboveDelta": DELTAS[1],
            "minTrailingBelowDelta": DELTAS[0],
            "maxTrailingBelowDelta": DELTAS[1],
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": f"{of.notional:f}",
            "applyMinToMarket": False,
            "maxNotional": f"{(1 << 62) // 10**of.quote.decimals}",
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {"filterType": "ICEBERG_PARTS", "limit": PARTS},
    ]
    if of.orders:
        told.append({"filterType": "MAX_NUM_ORDERS", "maxNumOrders": of.orders})
    if of.waiting:
        told.append({"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": of.waiting})
    if of.band:
        up, down = f"{1 + of.band:f}", f"{max(1 - of.band, 0):f}"
        told.append(
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": up,
                "bidMultiplierDown": down,
                "askMultiplierUp": up,
                "askMultiplierDown": down,
                "avgPriceMins": 0,
            }
        )
    return told


def rate_limits(allowance: Allowance) -> list[dict[str, Any]]:
    """What a client may ask, in `exchangeInfo`."""
    return [
        _limit("REQUEST_WEIGHT", "MINUTE", 1, allowance.weight),
        _limit("ORDERS", "SECOND", 10, allowance.orders),
        _limit("ORDERS", "DAY", 1, allowance.orders_day),
    ]


def _limit(kind: str, interval: str, count: int, limit: int) -> dict[str, Any]:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": count, "limit": limit}
