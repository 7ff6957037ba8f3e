"""Admin: what whoever runs an exchange may ask of it."""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import numpy as np

from fusion.errors import BadInput
from node.exchange.core.command import COMMAND, Kind, Side, Tif, Type
from node.exchange.core.journal import Reason, Status
from node.exchange.core.state import WORLD
from node.exchange.exchange import command
from node.exchange.listing import Asset, Listing
from node.exchange.service import payment
from node.exchange.service.service import Service

_MOST_USERS: Final = 100_000
_DEEPEST: Final = 1 << 20
_LONGEST: Final = 80
"""Characters of an amount, and of what is told of a wrong one."""
Fields = dict[str, Any]


class Admin:
    """Asks by name, in plain data: amounts are decimal text, assets and markets go by their names."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._verbs: dict[str, tuple[Callable[[Fields], Any], set[str]]] = {
            "status": (self.status, set()),
            "users": (self.users, set()),
            "add-user": (self.add_user, {"name", "funds", "maker", "taker"}),
            "fund": (self.fund, {"name", "asset", "amount"}),
            "add-key": (self.add_key, {"name", "may"}),
            "revoke-key": (self.revoke_key, {"key", "name"}),
            "halt": (lambda fields: self._switch(fields, Kind.HALT), {"symbol"}),
            "resume": (lambda fields: self._switch(fields, Kind.RESUME), {"symbol"}),
            "shock": (self.shock, {"symbol", "percent", "quantity"}),
            "speed": (self.speed, {"speed"}),
        }

    def ask(self, verb: str, fields: Fields) -> Any:
        """What comes of it, as JSON can tell it; BadInput where it cannot be done."""
        if verb not in self._verbs:
            raise BadInput(f"there is nothing called {verb[:20]!r} to ask; there is {', '.join(self._verbs)}")
        act, known = self._verbs[verb]
        for name in fields:
            if name not in known:
                told = ", ".join(sorted(known)) or "nothing"
                raise BadInput(f"{verb} is not asked with {name[:20]!r}; it takes {told}")
        return act(fields)

    def status(self, _: Fields) -> Any:
        """The exchange and its markets."""
        service = self._service
        markets = []
        for number, listing in enumerate(service.exchange.listings):
            state, ticker = service.exchange.markets[number].state, service.candles[number].ticker(service.clock.now())
            best = service.depth(number, 1)
            markets.append(
                {
                    "symbol": listing.symbol,
                    "status": Status(int(state["halted"][0])).name.lower(),
                    "bid": _price(listing, int(best.bids[0, 0])) if len(best.bids) else None,
                    "ask": _price(listing, int(best.asks[0, 0])) if len(best.asks) else None,
                    "last": _price(listing, int(state["last"][0])) if state["last"][0] else None,
                    "volume_24h": str(ticker.volume * listing.lot),
                    "orders": int(state["live"][0]),
                }
            )
        return {
            "time": service.clock.now(),
            "speed": service.clock.speed,
            "users": len(service.users.all()),
            "rows": service.logged,
            "markets": markets,
        }

    def users(self, _: Fields) -> Any:
        """Users, what they have and what it is worth."""
        assets = self._service.exchange.assets
        return [
            {
                "name": user.name,
                "account": user.account,
                "keys": [each.code for each in self._service.users.keys(user.name)],
                "equity": self._equity(user.account),
                "balances": {
                    assets[place].name: {"free": _amount(assets[place], free), "locked": _amount(assets[place], locked)}
                    for place, (free, locked) in enumerate(self._service.balances(user.account))
                    if place in self._service.exchange.paid and (free or locked)
                },
            }
            for user in self._service.users.all()
        ]

    def add_user(self, fields: Fields) -> Any:
        """A user with a key and what it is given: `name`, `funds` (asset to amount), `maker` and `taker` (ppm)."""
        assets = self._service.exchange.assets
        given = [(self._asset(name), amount) for name, amount in _mapping(fields, "funds").items()]
        paid = {assets.index(each): self._units(each, amount) for each, amount in given}
        funds = {asset: units for asset, units in paid.items() if units}
        if len(self._service.users.all()) >= _MOST_USERS:
            raise BadInput(f"there are {_MOST_USERS} users; that is the most")
        fees = (_whole(fields, "maker", 1000), _whole(fields, "taker", 1000))
        key = self._service.enrol(_text(fields, "name"), funds, *fees)
        return {"name": key.user.name, "account": key.user.account, "api_key": key.code, "secret": key.secret}

    def fund(self, fields: Fields) -> Any:
        """Gives a user an amount, or takes it where it is below zero: `name`, `asset`, `amount`."""
        user, asset = self._service.users.named(_text(fields, "name")), self._asset(_text(fields, "asset"))
        self._pay(user.account, asset, self._units(asset, fields.get("amount")))
        free, locked = self._service.balances(user.account)[self._service.exchange.assets.index(asset)]
        return {
            "name": user.name,
            "asset": asset.name,
            "free": _amount(asset, free),
            "locked": _amount(asset, locked),
        }

    def add_key(self, fields: Fields) -> Any:
        """A key for a user: `name`, `may` (permissions)."""
        may = ["read", "trade"] if fields.get("may") is None else fields["may"]
        if not isinstance(may, list) or not may or not all(isinstance(each, str) for each in may):
            raise BadInput(f"`may` lists permissions, not {_seen(may)}")
        key = self._service.add_key(_text(fields, "name"), may)
        return {"api_key": key.code, "secret": key.secret, "may": sorted(each.value for each in key.permissions)}

    def revoke_key(self, fields: Fields) -> Any:
        """Ends a key: `key`; and where `name` is given, a key of that user alone."""
        code = _text(fields, "key")
        if fields.get("name") is not None:
            user = self._service.users.named(_text(fields, "name"))
            if code not in [each.code for each in self._service.users.keys(user.name)]:
                raise BadInput(
                    f"{user.name} has no key {code[:12]!r}; `fusion exchange user list` shows which there are"
                )
        self._service.revoke_key(code)
        return {"revoked": fields["key"]}

    def speed(self, fields: Fields) -> Any:
        """Lets time go on at another speed: `speed`."""
        wanted = fields.get("speed")
        if not isinstance(wanted, int | float) or isinstance(wanted, bool):
            raise BadInput(f"`speed` is a number, not {_seen(wanted)}")
        self._service.set_speed(wanted)
        return {"speed": self._service.clock.speed, "time": self._service.clock.now()}

    def shock(self, fields: Fields) -> Any:
        """Moves a market's price by trades: `symbol`, and `percent` that it shall go, or `quantity` that is bought, or
        sold where it is below zero. The world pays and is paid.
        """
        number, listing = self._market(_text(fields, "symbol"))
        before = int(self._service.exchange.markets[number].state["last"][0])
        if (fields.get("percent") is None) == (fields.get("quantity") is None):
            raise BadInput("a shock has either `percent` or `quantity`")
        if fields.get("quantity") is not None:
            side, lots = _shock(listing, _decimal(fields["quantity"], "quantity"))
        else:
            if not before:
                raise BadInput(f"nothing was traded in {listing.symbol} yet, so that it has no price; give a quantity")
            side, lots = self._reach(number, before, _decimal(fields["percent"], "percent"))
        traded = self._sweep(number, side, lots)
        after = int(self._service.exchange.markets[number].state["last"][0])
        return {
            "symbol": listing.symbol,
            "side": side.name.lower(),
            "traded": str(traded * listing.lot),
            "before": _price(listing, before),
            "after": _price(listing, after),
        }

    def _reach(self, number: int, last: int, percent: Decimal) -> tuple[Side, int]:
        """The lots that stand between the last price and where it shall go."""
        if not -100 < percent < 1000 or not percent:
            raise BadInput(f"a shock is above -100 and below 1000 percent, not {percent}, and never 0")
        target = int(last * (1 + percent / 100))
        depth = self._service.depth(number, _DEEPEST)
        if percent > 0:
            return Side.BUY, int(depth.asks[depth.asks[:, 0] <= target, 1].sum())
        return Side.SELL, int(depth.bids[depth.bids[:, 0] >= target, 1].sum())

    def _sweep(self, number: int, side: Side, lots: int) -> int:
        """Trades that many lots, or as many as there are, in orders as large as the market takes.

        Raises:
            BadInput: none could be traded.
        """
        rules = self._service.exchange.markets[number].rules[0]
        most, traded = int(rules["most"]), 0
        while lots >= int(rules["least"]):
            part = min(lots, most)
            asked = command(
                kind=Kind.NEW, market=number, account=WORLD, side=side, type=Type.MARKET, tif=Tif.IOC, quantity=part
            )
            batch = self._service.place(asked)
            done = int(batch.trades[number]["quantity"].sum())
            if not traded + done:
                raise BadInput(f"nothing of it could be traded: {_reason(int(batch.rows['reason'][-1]))}")
            traded, lots = traded + done, lots - part
            if done < part:
                break
        return traded

    def _switch(self, fields: Fields, kind: Kind) -> Any:
        """Halts or resumes a market, `symbol`, or all of them."""
        listings = self._service.exchange.listings
        numbers = list(range(len(listings)))
        if fields.get("symbol") is not None:
            numbers = [self._market(_text(fields, "symbol"))[0]]
        commands = np.zeros(len(numbers), COMMAND)
        commands["kind"], commands["market"] = kind, numbers
        self._service.place(commands)
        told = {Kind.HALT: "halted", Kind.RESUME: "open"}[kind]
        return [{"symbol": listings[number].symbol, "status": told} for number in numbers]

    def _units(self, asset: Asset, amount: object) -> int:
        """An amount in base units; BadInput where nobody can be given as much, or it is finer than one."""
        number, most = _decimal(amount, asset.name), asset.amount(payment.LIMIT)
        if abs(number) > most:
            raise BadInput(f"{number} {asset.name} is more than {most:f}, the most that there can be")
        return asset.units(number)

    def _pay(self, account: int, asset: Asset, units: int) -> None:
        if not units:
            return
        service = self._service
        place, kind = service.exchange.assets.index(asset), Kind.DEPOSIT if units > 0 else Kind.WITHDRAW
        free = service.balances(account)[place][0]
        if units > 0:
            payment.check(service.exchange, place, units)
        elif free < -units:
            raise BadInput(f"{_amount(asset, -units)} {asset.name} cannot be taken: {_amount(asset, free)} are free")
        batch = service.place(command(kind=kind, account=account, order=place, quantity=abs(units)))
        if batch.refused:
            raise BadInput(f"{_amount(asset, units)} {asset.name} cannot be moved: {_reason(batch.refused)}")

    def _equity(self, account: int) -> dict[str, str]:
        """What an account has in each market's quote asset, at last prices, other assets left out."""
        service, worth = self._service, {}
        has = {asset: sum(both) for asset, both in zip(service.exchange.assets, service.balances(account), strict=True)}
        for quote in dict.fromkeys(each.quote for each in service.exchange.listings):
            total = quote.amount(has[quote])
            for number, listing in enumerate(service.exchange.listings):
                if listing.quote == quote and not listing.initial:
                    last = int(service.exchange.markets[number].state["last"][0]) * listing.tick
                    total += listing.base.amount(has[listing.base]) * last
            for held in service.holdings(account):
                if service.exchange.listings[held.market].quote == quote:
                    total += quote.amount(held.equity)
            worth[quote.name] = f"{total:.2f}"
        return worth

    def _market(self, symbol: str) -> tuple[int, Listing]:
        for number, listing in enumerate(self._service.exchange.listings):
            if symbol in (listing.symbol, listing.symbol.replace("-", "")):
                return number, listing
        names = ", ".join(each.symbol for each in self._service.exchange.listings)
        raise BadInput(f"there is no market {symbol[:20]!r}; there is {names}")

    def _asset(self, name: str) -> Asset:
        """What can be paid by that name."""
        exchange = self._service.exchange
        payable = [exchange.assets[place] for place in exchange.paid]
        for asset in payable:
            if asset.name == name:
                return asset
        names = ", ".join(each.name for each in payable)
        raise BadInput(f"there is no asset {name[:20]!r}; there is {names}")


def _reason(number: int) -> str:
    return Reason(number).name.lower().replace("_", " ")


def _amount(asset: Asset, units: int) -> str:
    return f"{asset.amount(units):f}"


def _price(listing: Listing, ticks: int) -> str:
    return str(ticks * listing.tick)


def _shock(listing: Listing, quantity: Decimal) -> tuple[Side, int]:
    """The side and the lots of a shock; BadInput where that is less than an order, or more than there can be."""
    most = listing.base.amount(payment.LIMIT)
    if not listing.least <= abs(quantity) <= most:
        raise BadInput(
            f"a shock of {listing.symbol} is of {listing.least:f} to {most:f} {listing.base.name}, not {quantity}"
        )
    return (Side.BUY if quantity > 0 else Side.SELL), listing.lots(abs(quantity))


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise BadInput(f"`{name}` is text, not {_seen(value)}")
    return value


def _whole(fields: Fields, name: str, default: int) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadInput(f"`{name}` is a whole number, not {_seen(value)}")
    return value


def _mapping(fields: Fields, name: str) -> dict[str, Any]:
    value = fields.get(name, {})
    if not isinstance(value, dict):
        raise BadInput(f"`{name}` maps assets to amounts, not {_seen(value)}")
    return value


def _decimal(value: object, what: str) -> Decimal:
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    number = Decimal("nan")
    if plain and len(str(value)) <= _LONGEST:
        with suppress(InvalidOperation):
            number = Decimal(str(value))
    if not number.is_finite():
        raise BadInput(f"an amount of {what} is a number, not {_seen(value)}")
    return number


def _seen(value: object) -> str:
    """What was given, in few words: it may be as long and as deep as a request can be."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "such a list" if value else "an empty list"
    return repr(value)[:_LONGEST]
