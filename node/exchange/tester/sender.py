"""Sender: what a strategy asks for is asked of an exchange over its API."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from node.exchange.core.command import Kind, Type
from node.exchange.core.journal import Reason
from node.exchange.listing import Listing
from node.exchange.tester import worded
from node.exchange.tester.arrivals import Arrivals, Open
from node.exchange.tester.book import REFUSED, REJECT
from node.exchange.tester.rest import Rest

_NEW: Final = (Kind.NEW, Kind.GROUP, Kind.LEG)


class Sender:
    """Sends commands, and puts into the inbox that they were refused; all else the streams tell."""

    def __init__(self, rest: Rest, arrivals: Arrivals, listing: Listing, symbol: str) -> None:
        self._rest, self._arrivals, self._listing, self._symbol = rest, arrivals, listing, symbol

    async def send(self, commands: Sequence[Any]) -> None:
        """Sends one command, or the orders of a group with whatever is behind them."""
        count = worded.orders(commands) if commands[0]["kind"] == Kind.GROUP else 1
        await self._send(commands[:count])
        for command in commands[count:]:
            await self._send([command])

    async def cancel(self, refs: Iterable[int]) -> None:
        """Takes own orders out; those that are gone already are no matter."""
        for ref in refs:
            await self._rest.ask("DELETE", "order", self._of(ref))

    async def _send(self, commands: Sequence[Any]) -> None:
        first = commands[0]
        kind, ref = Kind(first["kind"]), int(first["ref"])
        if kind is Kind.CANCEL:
            answer = await self._rest.ask("DELETE", "order", self._of(ref))
        elif kind is Kind.AMEND:
            answer = await self._amend(ref, first)
        else:
            answer = await self._place(kind, commands)
        if answer is not None and "code" not in answer:
            return
        why = worded.reason(answer) if answer else Reason.MALFORMED
        for command in commands:
            self._arrivals.answer(
                REJECT if kind in _NEW else REFUSED, int(command["ref"]), int(command["side"]), int(command["price"]),
                int(command["quantity"]), reason=why,
            )  # fmt: skip
            why = Reason.GROUP  # which of them it was is not told

    async def _place(self, kind: Kind, commands: Sequence[Any]) -> Any:
        """A new order, or the orders of a group; None where the API has no word for it."""
        if kind is Kind.LEG or (kind is Kind.GROUP and len(commands) == 1):
            return None  # a group that is torn
        refs = [int(command["ref"]) for command in commands]
        names = [self._arrivals.name(ref) for ref in refs]
        said = worded.placed(commands, names, self._symbol, self._listing)
        if said is None:
            return None
        if kind is Kind.NEW:
            self._arrivals.asked[refs[0]] = commands[0]
        return await self._rest.ask("POST", said.path, said.asked)

    async def _amend(self, ref: int, command: Any) -> Any:
        """Less at the same price is said as that; anything else as another order in the place of this one, which is
        gone too where that other one is not taken.
        """
        asked = self._arrivals.asked.get(ref)
        if asked is None or asked["type"] != Type.LIMIT or min(command["price"], command["quantity"]) < 1:
            return None
        whole = Open(int(asked["quantity"]), 0, 0, int(asked["price"]))
        of, quantity = self._arrivals.known.get(ref, whole), int(command["quantity"])
        if of.price == command["price"]:
            wanted = of.gone + quantity
            if wanted < of.quantity:
                more = {"newQty": f"{wanted * self._listing.lot:f}"}
                return await self._rest.ask("PUT", "order/amend/keepPriority", self._of(ref) | more)
            if wanted == of.quantity:
                return None  # it would lose its place for nothing
        other = asked.copy()
        other["price"], other["quantity"], other["selftrade"] = command["price"], quantity, command["selftrade"]
        other["display"] = asked["display"] if asked["display"] < quantity else 0
        said = worded.replaced(other, self._arrivals.name(ref), self._symbol, self._listing)
        if said is None:
            return None
        answer = await self._rest.ask("POST", said.path, said.asked)
        if "code" not in answer:
            self._arrivals.asked[ref] = other
            self._arrivals.replaced(answer)
        return answer

    def _of(self, ref: int) -> dict[str, str]:
        return {"symbol": self._symbol, "origClientOrderId": self._arrivals.name(ref)}
