"""Rest: signed requests of an exchange with Binance's spot API."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from fusion.errors import BadInput
from node.exchange.core.command import Flag, Selftrade, Side, Tif, Type
from node.exchange.listing import Listing


class Rest:
    """Asks as one user."""

    def __init__(self, http: httpx.AsyncClient, key: str, secret: str) -> None:
        self._http, self._key, self._secret = http, key, secret

    async def ask(self, method: str, path: str, asked: Mapping[str, str] | None) -> Any:
        """A request; signed unless nothing is asked."""
        query = ""
        if asked is not None:
            query = urlencode({**asked, "recvWindow": "5000", "timestamp": str(time.time_ns() // 10**6)})
            signature = hmac.new(self._secret.encode(), query.encode(), hashlib.sha256).hexdigest()
            query = f"?{query}&signature={signature}"
        found = await self._http.request(method, f"/api/v3/{path}{query}", headers={"X-MBX-APIKEY": self._key})
        told = found.json()
        if found.status_code in {401, 403} or (isinstance(told, dict) and told.get("code") in {-2014, -2015, -1022}):
            raise BadInput(f"the exchange does not take the key: {told.get('msg')}")
        return told


def order(command: Any, symbol: str, name: str, listing: Listing) -> dict[str, str]:
    """A new order, as the API has it."""
    what = Type(command["type"])
    maker = what is Type.LIMIT and command["flags"] & Flag.POST_ONLY
    asked = {
        "symbol": symbol,
        "side": Side(command["side"]).name,
        "type": "LIMIT_MAKER" if maker else what.name,
        "quantity": f"{int(command['quantity']) * listing.lot:f}",
        "newClientOrderId": name,
        "newOrderRespType": "ACK",
        "selfTradePreventionMode": Selftrade(command["selftrade"]).name,
    }
    if command["price"]:
        asked["price"] = f"{int(command['price']) * listing.tick:f}"
        if not maker:
            asked["timeInForce"] = Tif(command["tif"]).name
    if command["trigger"]:
        asked["stopPrice"] = f"{int(command['trigger']) * listing.tick:f}"
    if command["trail"]:
        asked["trailingDelta"] = str(int(command["trail"]) // 100)
    if command["display"]:
        asked["icebergQty"] = f"{int(command['display']) * listing.lot:f}"
    return asked
