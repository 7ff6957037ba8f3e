"""Rest: signed requests of an exchange with Binance's spot API."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from fusion.errors import BadInput


class Rest:
    """Asks as one user."""

    def __init__(self, http: httpx.AsyncClient, key: str, secret: str) -> None:
        self._http, self._key, self._secret = http, key, secret

    async def look(self, path: str, asked: Mapping[str, str]) -> Any:
        """A request that everybody may make."""
        return (await self._http.get(f"/api/v3/{path}", params=asked)).json()

    async def ask(self, method: str, path: str, asked: Mapping[str, str] | None) -> Any:
        """A request; signed unless nothing is asked.

        Raises:
            BadInput: the exchange does not know the key.
        """
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
