"""Independent Reserve: books by order and trades.

One message is about the books of a primary currency in each secondary one, and its number counts the messages of that
channel. The full picture carries no number, and may hold changes whose messages come after it.
Source: https://github.com/independentreserve/websockets, "Order Book Ticker".
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from orjson import dumps

from atom.events import Action, Flag, Side, Status, StatusKind
from atom.gather.columns import Columns, Delta, Order, Rules, Stamp
from atom.venues.template import Json, Listing, Stream, Venue, decimal, iso_time, order_id, stamp, text, whole

_REST = "https://api.independentreserve.com/Public"
_SIDES = {"LimitBid": Side.BID, "LimitOffer": Side.ASK}
_ACTIONS = {"NewOrder": Action.ADD, "OrderChanged": Action.FILL, "OrderCanceled": Action.CANCEL}
_AGGRESSORS = {"Buy": Side.BID, "Sell": Side.ASK}
_MOST = 64
_NAMELESS = {"Heartbeat", "Subscriptions", "Unsubscribe"}


class IndependentReserve(Venue):
    """Independent Reserve; its names are `xbt-aud`."""

    id = "independent_reserve"
    rules = Rules(remaining=True)
    unverified = ("fill", "trade")
    listings_urls = tuple(f"{_REST}/GetValid{which}CurrencyCodes" for which in ("Secondary", "Primary"))

    def __init__(self) -> None:
        super().__init__()
        self._bases: list[str] = []
        self._quotes = ["aud", "usd", "nzd", "sgd"]
        self._nonces: dict[str, int] = {}  # by symbol

    def symbols_of(self, message: Any) -> Sequence[str]:
        if not isinstance(message, dict) or message.get("Event") not in _ACTIONS.keys() | {"Trade"}:
            return ()
        _, base, *quote = text(message["Channel"]).split("-")
        price = message["Data"].get("Price")
        if message["Event"] == "Trade":
            return [f"{base}-{each.lower()}" for each in (price if isinstance(price, dict) else quote)]
        new = [each for each in price or () if each not in self._quotes]
        if len(new) + len(self._quotes) > _MOST:  # each message is about all of them
            raise ValueError(f"there are more than {_MOST} secondary currencies")
        self._quotes += new
        return [f"{base}-{each}" for each in self._quotes]

    def read(self, symbol: str, message: Any, ts_recv: int, place: int, columns: Columns) -> bool:
        if "BuyOrders" in message:
            at = Stamp(iso_time(message["CreatedTimestampUtc"]), ts_recv, place)
            sides = ((Side.BID, message["BuyOrders"]), (Side.ASK, message["SellOrders"]))
            columns.snapshot(at, None, orders=[_resting(side, each) for side, orders in sides for each in orders])
        elif message.get("Event") == "Trade":
            self._trade(symbol, message, ts_recv, place, columns)
        elif message.get("Event") in _ACTIONS:
            nonce, at = whole(message["Nonce"]), stamp(message["Time"], ts_recv, place)
            self._follow(symbol, nonce, at, columns)
            order = _changed(symbol, message)
            columns.delta(Delta(at, nonce - 1, nonce, orders=() if order is None else (order,)))
        else:
            return False
        return True

    def is_nameless(self, message: Any) -> bool:
        return isinstance(message, dict) and message.get("Event") in _NAMELESS

    def streams(self, symbols: Sequence[str]) -> Sequence[Stream]:
        bases = dict.fromkeys(symbol.partition("-")[0] for symbol in symbols)
        names = [f"{kind}-{base}" for base in bases for kind in ("orderbook", "ticker")]
        return [
            Stream("wss://websockets.independentreserve.com", (dumps({"Event": "Subscribe", "Data": names}).decode(),))
        ]

    def snapshot_url(self, symbol: str) -> str:
        base, _, quote = symbol.partition("-")
        return f"{_REST}/GetAllOrders?primaryCurrencyCode={base}&secondaryCurrencyCode={quote}"

    def answered(self, url: str) -> str | None:
        parts = urlsplit(url)
        told = parse_qs(parts.query)
        if not parts.path.endswith("/GetAllOrders"):
            return None
        base, quote = (told.get(f"{which}CurrencyCode", [""])[0].lower() for which in ("primary", "secondary"))
        return f"{base}-{quote}" if base and quote else None

    def learn(self, url: str, body: Any) -> bool:
        if "/GetValidSecondaryCurrencyCodes" in url:
            self._quotes[:] = [text(each).lower() for each in body]
        elif "/GetValidPrimaryCurrencyCodes" in url:
            self._bases[:] = [text(each).lower() for each in body]
        else:
            return False
        for name in (f"{base}-{quote}" for base in self._bases for quote in self._quotes):
            self.listings[name] = Listing(self.symbol(name), None, None)
        return True

    def symbol(self, venue_symbol: str) -> str:
        base, _, quote = venue_symbol.upper().partition("-")
        return f"{'BTC' if base == 'XBT' else base}-{quote}"

    def connected(self, url: str) -> None:
        super().connected(url)
        self._nonces = {}  # a copy of this venue reads each stream

    def _follow(self, symbol: str, nonce: int, at: Stamp, columns: Columns) -> None:
        """The venue counts anew from below after a restart: what the book was is of no use then."""
        before = self._nonces.get(symbol, nonce)
        self._nonces[symbol] = nonce
        if nonce < before:
            columns.gaps += 1
            detail = f"message {nonce} follows {before}: the venue counts anew"
            columns.status.append(Status(StatusKind.GAP, at.ts_recv, nonce, detail))
            columns.lost(at)

    def _trade(self, symbol: str, message: Json, ts_recv: int, place: int, columns: Columns) -> None:
        columns.trades += 1
        data = message["Data"]
        price = data["Price"]
        if isinstance(price, dict):
            price = {name.lower(): each for name, each in price.items()}[symbol.partition("-")[2]]
        side = _AGGRESSORS[data["Side"]]
        orders = order_id(data["BidGuid"]), order_id(data["OfferGuid"])
        columns.trade(
            stamp(message["Time"], ts_recv, place),
            order_id(data["TradeGuid"]),
            side,
            (decimal(price), decimal(data["Volume"])),
            Flag(0),
            sequence=whole(message["Nonce"]),
            orders=orders if side is Side.ASK else orders[::-1],  # the maker's first
        )


def _resting(side: Side, order: Json) -> Order:
    return Order(Action.ADD, side, decimal(order["Price"]), decimal(order["Volume"]), order_id(order["Guid"]))


def _changed(symbol: str, message: Json) -> Order | None:
    """What a message says of an order in the book of one secondary currency; None where it is not in that."""
    data, action = message["Data"], _ACTIONS[message["Event"]]
    price, size = "0", "0"
    if action is Action.ADD:
        of = data["Price"].get(symbol.partition("-")[2])
        if of is None:
            return None
        price = decimal(of)
    if action is not Action.CANCEL:
        size = decimal(data["Volume"])
    return Order(action, _SIDES[data["OrderType"]], price, size, order_id(data["OrderGuid"]))
