"""Perpetuals: positions, marks and fundings, in the words of Binance's USD-M futures.

Orders of perpetuals are given as those of any market. An account has one position a market; what it has free stands
behind all that are not isolated. A market's leverage is what its terms say, for everyone.
Source: https://developers.binance.com/docs/derivatives/usds-margined-futures, and its error codes.
"""

from typing import Any, Final

from api.exchange import refusal, shapes
from api.exchange.catalogue import Catalogue, Market
from api.exchange.endpoint import Call, Endpoint, Security
from api.exchange.market_data import MS, SYMBOL
from api.exchange.parameter import Amount, Choice, Parameter, Whole
from api.exchange.scale import amount, fixed
from node.exchange.core.command import Kind
from node.exchange.exchange import Commands, command
from node.exchange.holding import Holding, holding
from node.exchange.keeper import EIGHT_HOURS, INTEREST, Keeper
from node.exchange.service.service import Service

_ANY: Final = Parameter("symbol", SYMBOL.kind)
_RATE: Final = 9  # decimals: rates are in ppb
_ENTRY: Final = 8  # decimals, at least
_ADD: Final = 1


class Perpetuals:
    """Answers of perpetuals; a market of another kind is no symbol here."""

    def __init__(self, service: Service, catalogue: Catalogue) -> None:
        self._service, self._catalogue = service, catalogue
        self._keepers = {each.number: each for each in service.sources if isinstance(each, Keeper)}

    def endpoints(self) -> list[Endpoint]:
        return [
            Endpoint(
                "GET", "/fapi/v1/premiumIndex", "", "Mark prices, and what the next funding would be.", self.premium,
                list[shapes.Premium] | shapes.Premium, (_ANY,),
            ),
            Endpoint(
                "GET", "/fapi/v1/fundingRate", "", "The last fundings of a perpetual, oldest first.", self.fundings,
                list[shapes.Funding], (SYMBOL, Parameter("limit", Whole(1, 1000))),
            ),
            Endpoint(
                "GET", "/fapi/v1/openInterest", "", "The sum of all bought positions.", self.interest,
                shapes.OpenInterest, (SYMBOL,),
            ),
            Endpoint(
                "GET", "/fapi/v1/insuranceBalance", "", "What insurance funds have.", self.insurance,
                list[shapes.Insurance], (_ANY,),
            ),
            Endpoint(
                "GET", "/fapi/v2/positionRisk", "", "A user's positions.", self.positions, list[shapes.Position],
                (_ANY,), Security.SIGNED, 5,
            ),
            Endpoint(
                "POST", "/fapi/v1/positionMargin", "", "Gives a position margin (type 1), or takes some (2).",
                self.move, shapes.MarginMoved,
                (SYMBOL, Parameter("amount", Amount(), needed=True), Parameter("type", Whole(1, 2), needed=True)),
                Security.TRADE,
            ),
            Endpoint(
                "POST", "/fapi/v1/marginType", "", "Whether nothing but its margin stands behind a position.",
                self.isolate, shapes.Done,
                (SYMBOL, Parameter("marginType", Choice(("ISOLATED", "CROSSED")), needed=True)), Security.TRADE,
            ),
        ]  # fmt: skip

    def _market(self, call: Call) -> Market:
        market = self._catalogue.market(call.asked.text("symbol"))
        if not market.listing.initial:
            raise refusal.unknown_symbol()
        return market

    def _chosen(self, call: Call) -> list[Market]:
        if call.asked.text("symbol"):
            return [self._market(call)]
        return [each for each in self._catalogue.markets if each.listing.initial]

    def _state(self, market: Market) -> Any:
        return self._service.exchange.markets[market.number].state[0]

    def premium(self, call: Call) -> object:
        told = [self._premium(each) for each in self._chosen(call)]
        return told[0] if call.asked.text("symbol") else told

    def _premium(self, market: Market) -> dict[str, Any]:
        keeper, price = self._keepers.get(market.number), market.scale.price
        interest = INTEREST * keeper.every // EIGHT_HOURS if keeper else 0
        return {
            "symbol": market.id,
            "markPrice": price(int(self._state(market)["mark"])),
            "indexPrice": price(keeper.index if keeper else 0),
            "lastFundingRate": fixed(keeper.rate if keeper else 0, _RATE),
            "interestRate": fixed(interest, _RATE),
            "nextFundingTime": keeper.next_funding // MS if keeper else 0,
            "time": self._service.clock.now() // MS,
        }

    def fundings(self, call: Call) -> object:
        market = self._market(call)
        keeper = self._keepers.get(market.number)
        return [
            {
                "symbol": market.id,
                "fundingRate": fixed(each.rate, _RATE),
                "fundingTime": each.time // MS,
                "markPrice": market.scale.price(each.mark),
            }
            for each in (keeper.history[-(call.asked.whole("limit") or 100) :] if keeper else [])
        ]

    def interest(self, call: Call) -> object:
        market = self._market(call)
        sizes = self._service.exchange.markets[market.number].positions["size"]
        lots = int(sizes[sizes > 0].sum())
        now = self._service.clock.now() // MS
        return {"symbol": market.id, "openInterest": market.scale.size(lots), "time": now}

    def insurance(self, call: Call) -> object:
        now = self._service.clock.now() // MS
        return [
            {
                "symbols": [each.id],
                "assets": [
                    {
                        "asset": each.listing.quote.name,
                        "marginBalance": amount(each.listing.quote, int(self._state(each)["insurance"])),
                        "updateTime": now,
                    }
                ],
            }
            for each in self._chosen(call)
        ]

    def positions(self, call: Call) -> object:
        account = call.user.account
        held = {each.market: each for each in self._service.holdings(account)}
        markets = self._service.exchange.markets
        return [
            self._position(each, held.get(each.number) or holding(markets[each.number], account))
            for each in self._chosen(call)
        ]

    def _position(self, market: Market, held: Holding) -> dict[str, Any]:
        listing, scale = market.listing, market.scale
        quote = listing.quote
        return {
            "symbol": market.id,
            "positionAmt": scale.size(held.size),
            "entryPrice": _entry(market, held),
            "markPrice": scale.price(held.mark),
            "unRealizedProfit": amount(quote, held.unrealised),
            "liquidationPrice": scale.price(held.liquidation),
            "leverage": f"{1 / listing.initial:.0f}",
            "marginType": "isolated" if held.isolated else "cross",
            "isolatedMargin": amount(quote, held.margin),
            "maintMargin": amount(quote, held.maintenance),
            "notional": amount(quote, held.worth),
            "positionSide": "BOTH",
            "updateTime": self._service.clock.now() // MS,
        }

    def move(self, call: Call) -> object:
        market, asked, account = self._market(call), call.asked, call.user.account
        wanted, way = asked.amount("amount"), asked.whole("type")
        if wanted is None:
            raise refusal.missing("amount")
        units = market.scale.quote_units(wanted, "amount")
        held = self._held(market, account)
        if way == _ADD and not held.isolated:  # a mark gives it what is free, and it may be taken back
            raise refusal.Refusal(-4049, "Add margin only support for isolated position.")
        if not held.size:
            raise refusal.Refusal(-4054, "Cannot add position margin: position is 0.")
        if self._ask(market, account, Kind.MARGIN, units if way == _ADD else -units):
            code, whose = (-4050, "Cross") if way == _ADD else (-4051, "Isolated")
            raise refusal.Refusal(code, f"{whose} balance insufficient.")
        told = amount(market.listing.quote, units)
        return {"amount": told, "code": 200, "msg": "Successfully modify position margin.", "type": way}

    def isolate(self, call: Call) -> object:
        market, account = self._market(call), call.user.account
        held, wanted = self._held(market, account), call.asked.text("marginType") == "ISOLATED"
        if held.isolated == wanted:
            raise refusal.Refusal(-4046, "No need to change margin type.")
        if self._ask(market, account, Kind.ISOLATE, int(wanted)):
            code, what = (-4048, "position") if held.size else (-4047, "open orders")
            raise refusal.Refusal(code, f"Margin type cannot be changed if there exists {what}.")
        return {"code": 200, "msg": "success"}

    def _held(self, market: Market, account: int) -> Holding:
        return holding(self._service.exchange.markets[market.number], account)

    def _ask(self, market: Market, account: int, kind: Kind, quantity: int) -> int:
        """Why it is not done, a `Reason`; 0 where it is."""
        asked: Commands = command(kind=kind, market=market.number, account=account, quantity=quantity)
        return self._service.place(asked).refused


def _entry(market: Market, held: Holding) -> str:
    """The price at which a position was opened, on average, rounded down."""
    places = max(_ENTRY, market.scale.price.places)
    if not held.size:
        return fixed(0, places)
    tick, parts = market.listing.tick.as_integer_ratio()
    each = abs(held.size) * market.listing.quote.units(market.listing.tick * market.listing.lot)
    return fixed(10**places * abs(held.cost) * tick // (each * parts), places)
