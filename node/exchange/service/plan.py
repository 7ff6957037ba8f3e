"""Plan: what an exchange trades and who lives there, as it is kept in its home."""

import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from fusion.errors import BadInput
from node.exchange.keeper import EIGHT_HOURS, HOUR, SECOND
from node.exchange.listing import Asset, Listing

_DECIMALS: Final = ("tick", "lot", "least", "most", "notional", "band", "price")
_PERPETUAL: Final = ("initial", "maintenance", "liquidation", "funding_hours")
"""Terms of a perpetual, all parts of 1 but the last."""
_MOST_MARKETS: Final = 64
_LIMITS: Final = {"orders": 200, "waiting": 5}
"""What an account may have open, as on Binance: so no user makes waking slow for all, or fills the memory."""
AGENTS, LADDER, REPLAY = "agents", "ladder", "replay"


@dataclass(frozen=True, slots=True)
class Opening:
    """How a market begins.

    Attributes:
        listing: its terms.
        price: around which it opens, quote currency.
        funding: ns between fundings of a perpetual.
    """

    listing: Listing
    price: Decimal
    funding: int = EIGHT_HOURS


@dataclass(frozen=True, slots=True)
class Asked:
    """A record that is replayed.

    Attributes:
        name: as `replay.history` knows it.
        symbol: which of its markets.
        span: from when on and before when, ns.
        log: folder of the event log.
        count, digest: how many commands were made of it, and a hash of them; known when the exchange is opened.
    """

    name: str
    symbol: str | None
    span: tuple[int, int]
    log: Path
    count: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """An exchange before anything happened there.

    Attributes:
        markets: in the order of their numbers.
        crowd: who gives orders besides the users: AGENTS, or a LADDER, which stands still; or a REPLAY.
        agents: how many there are in each market; 0: as many as usual, and none around a replay.
        seed: of all that is left to chance.
        start: when its time begins, ns UTC.
        speed: of its clock; 1: the wall's.
        replay: the record that its only market is of, which is known when it is opened; None: there is none.
    """

    markets: Sequence[Opening]
    crowd: str = AGENTS
    agents: int = 0
    seed: int = 1
    start: int = 0
    speed: float = 1.0
    replay: Asked | None = None

    def told(self) -> dict[str, Any]:
        """As JSON tells it."""
        return {
            "markets": [told(each) for each in self.markets],
            "crowd": self.crowd,
            "agents": self.agents,
            "seed": self.seed,
            "start": self.start,
            "speed": self.speed,
            "replay": self.replay and {**asdict(self.replay), "log": str(self.replay.log)},
        }


def standard(symbols: Sequence[str]) -> list[Opening]:
    """Usual terms of markets by their names, such as `BTC-USDT`; BadInput for one that is not known."""
    for symbol in symbols:
        if symbol not in _STANDARD:
            raise BadInput(f"usual terms are known of {', '.join(_STANDARD)}, not of {symbol[:20]!r}; give a file")
    if not symbols or len(set(symbols)) != len(symbols):
        raise BadInput(f"give one or more markets, each once, not {', '.join(symbols) or 'none'}")
    return [opening({"symbol": symbol, **_STANDARD[symbol]}) for symbol in symbols]


def from_file(path: Path) -> list[Opening]:
    """Markets of a TOML file: tables `[[market]]` with symbol, tick, lot, least, most, notional, band and price; of a
    perpetual also initial, maintenance, liquidation and funding_hours.
    """
    try:
        found = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is no TOML file: {error}") from error
    markets = found.get("market")
    if not isinstance(markets, list) or not 0 < len(markets) <= _MOST_MARKETS:
        raise BadInput(f"{path} has no markets: write [[market]] tables, at most {_MOST_MARKETS}")
    return together([opening(each) for each in markets])


def together(markets: list[Opening]) -> list[Opening]:
    """Markets of one exchange; BadInput where two have one name, or their assets have."""
    names: dict[str, str] = {}
    assets: dict[str, Asset] = {}
    for each in (one.listing for one in markets):
        other = names.setdefault(each.symbol.replace("-", ""), each.symbol)
        if other is not each.symbol:
            raise BadInput(f"two markets are called {each.symbol.replace('-', '')}: {other} and {each.symbol}")
        for asset in (each.base, each.quote):
            if assets.setdefault(asset.name, asset) != asset:
                raise BadInput(f"{asset.name} has {asset.decimals} decimals in {each.symbol} and others before it")
    return markets


def opening(told: object) -> Opening:
    """A market as JSON or TOML tells it; BadInput names what is wrong."""
    if not isinstance(told, dict):
        raise BadInput(f"a market is a table, not {str(told)[:40]!r}")
    symbol = str(told.get("symbol", ""))
    base, _, quote = symbol.partition("-")
    if not (base.isalnum() and quote.isalnum() and symbol.isupper() and symbol.isascii()):
        raise BadInput(f"a market's symbol is such as BTC-USDT, not {symbol[:20]!r}")
    terms = {"band": "0.8", "most": "9000", "funding_hours": "8", **_LIMITS, **told}
    tick, lot, least, most, notional, band, price = (_decimal(symbol, name, terms.get(name)) for name in _DECIMALS)
    bought, paid = (
        Asset(name, _decimals(symbol, terms.get(f"{which}_decimals", 8)))
        for name, which in ((base, "base"), (quote, "quote"))
    )
    initial, maintenance, liquidation, hours = (_decimal(symbol, name, terms.get(name, 0)) for name in _PERPETUAL)
    orders, waiting = (_limit(symbol, name, terms[name]) for name in _LIMITS)
    listing = Listing(
        symbol, bought, paid, tick, lot, least, most, notional, band,
        initial=initial, maintenance=maintenance, liquidation=liquidation, orders=orders, waiting=waiting,
    )  # fmt: skip
    listing.rules(0, [bought, paid])
    listing.ticks(price)
    funding = int(hours * HOUR)
    if initial and not 60 * SECOND <= funding <= 24 * HOUR:
        raise BadInput(f"{symbol}: funding_hours is from a minute (0.016667) to 24, not {hours}")
    return Opening(listing, price, funding)


def planned(told: dict[str, Any]) -> Plan:
    """The plan that `Plan.told` told."""
    markets = [opening(each) for each in told["markets"]]
    names = ("crowd", "agents", "seed", "start", "speed")
    asked = told.get("replay")
    if asked is not None:
        asked = Asked(**{**asked, "span": tuple(asked["span"]), "log": Path(asked["log"])})
    return Plan(markets, **{name: told[name] for name in names}, replay=asked)


def told(opened: Opening) -> dict[str, Any]:
    """A market as JSON tells it."""
    listing = opened.listing
    return {
        "symbol": listing.symbol,
        "base_decimals": listing.base.decimals,
        "quote_decimals": listing.quote.decimals,
        "price": str(opened.price),
        **{name: str(getattr(listing, name)) for name in (*_DECIMALS, *_PERPETUAL) if hasattr(listing, name)},
        "funding_hours": str(Decimal(opened.funding) / HOUR),
        **{name: most for name in _LIMITS if (most := getattr(listing, name))},
    }


def _decimals(symbol: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadInput(f"{symbol}: decimals are a whole number, not {value!r}")
    return value


def _limit(symbol: str, name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadInput(f"{symbol}: {name} is a whole number above 0, not {value!r}")
    return value


def _decimal(symbol: str, name: str, value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise BadInput(f"{symbol}: {name} is a number, not {value!r}") from None
    if not number.is_finite() or number < 0 or (name not in {"band", "notional", *_PERPETUAL} and number == 0):
        raise BadInput(f"{symbol}: {name} is above 0, not {value}")
    return number


_TWENTYFOLD: Final = {"initial": "0.05", "maintenance": "0.025", "liquidation": "0.005"}
_STANDARD: Final[dict[str, dict[str, Any]]] = {
    # the least quantity is worth at least twice the least worth, so that it may also be bid for at half the price
    "BTC-USDT": {"tick": "0.01", "lot": "0.00001", "least": "0.0001", "notional": "1", "price": "60000"},
    "ETH-USDT": {"tick": "0.01", "lot": "0.0001", "least": "0.001", "notional": "1", "price": "3000"},
    "SOL-USDT": {"tick": "0.01", "lot": "0.001", "least": "0.02", "notional": "1", "price": "150"},
    "BTCPERP-USDT": {
        "tick": "0.1",
        "lot": "0.00001",
        "least": "0.0001",
        "notional": "1",
        "price": "60000",
        **_TWENTYFOLD,
    },
    "ETHPERP-USDT": {
        "tick": "0.01",
        "lot": "0.0001",
        "least": "0.001",
        "notional": "1",
        "price": "3000",
        **_TWENTYFOLD,
    },
    "ETH-BTC": {"tick": "0.00001", "lot": "0.0001", "least": "0.001", "notional": "0.00002", "price": "0.05"},
}
