"""Reading: the journal of an exchange as people and programs read it."""

from pathlib import Path
from typing import Any

import numpy as np

from node.exchange.core.journal import JOURNAL, Reason, Record, Status
from node.exchange.listing import Asset, Listing
from node.exchange.service import home, table
from node.exchange.service.plan import Plan, planned
from node.exchange.service.store import JOURNAL_ROWS
from node.exchange.service.table import Rows

_OF_ORDERS = (
    Record.ACK,
    Record.REJECT,
    Record.FILL,
    Record.CANCEL,
    Record.EXPIRE,
    Record.AMEND,
    Record.PREVENTED,
    Record.TRIGGER,
    Record.LIQUIDATION,
)
_OF_TWO = (Record.FILL, Record.PREVENTED)
_OF_OTHERS = (*_OF_TWO, Record.ADL)
_OF_MONEY = (Record.FUNDING, Record.INSURANCE, Record.MARGIN)


def told(folder: Path, first: int | None, count: int, account: int | None = None) -> list[dict[str, Any]]:
    """Rows of the journal of the exchange of a folder, with names, prices and amounts.

    Args:
        first: number of the first row; None: the newest ones.
        count: rows at the most.
        account: rows of this account alone.
    """
    plan = planned(home.plan(folder))
    found: list[tuple[int, Rows]] = []
    left, files = count, list(table.parts(folder / JOURNAL_ROWS, JOURNAL))
    for begin, rows in files if first is not None else reversed(files):
        numbers = np.arange(begin, begin + len(rows))
        wanted = numbers >= (first or 0)
        if account is not None:
            wanted &= (rows["account"] == account) | (
                np.isin(rows["kind"], _OF_OTHERS) & (rows["other_account"] == account)
            )
        chosen = numbers[wanted]
        chosen = chosen[:left] if first is not None else chosen[-left:]
        found += [(int(number), rows[number - begin]) for number in (chosen if first is not None else chosen[::-1])]
        left = count - len(found)
        if left <= 0:
            break
    return [_row(plan, number, row) for number, row in (found if first is not None else reversed(found))]


def _row(plan: Plan, number: int, row: Any) -> dict[str, Any]:
    kind, listing = Record(int(row["kind"])), plan.markets[int(row["market"])].listing
    shown: dict[str, Any] = {"row": number, "kind": kind.name.lower(), "account": int(row["account"])}
    if kind not in _OF_TWO:
        shown["time"] = int(row["time"])
    if int(row["reason"]):
        shown["reason"] = Reason(int(row["reason"])).name.lower()
    if kind == Record.BALANCE:
        asset = _assets(plan)[int(row["asset"])]
        return shown | {"asset": asset.name, "amount": f"{asset.amount(int(row['quantity'])):f}"}
    shown["symbol"] = listing.symbol
    if kind in _OF_ORDERS:
        shown |= {"order": int(row["order"]), **_side(row), **_amounts(listing, row)}
    if kind in _OF_TWO:
        shown |= _met(listing, row)
    return shown | _otherwise(kind, listing, row)


def _otherwise(kind: Record, listing: Listing, row: Any) -> dict[str, Any]:
    """What rows say that are not of an order's own course."""
    if kind == Record.STATUS:
        return {"status": Status(int(row["quantity"])).name.lower()}
    if kind == Record.ISOLATED:
        return {"isolated": bool(row["quantity"])}
    if kind in _OF_MONEY:
        return {"asset": listing.quote.name, "amount": f"{listing.quote.amount(int(row['quantity'])):f}"}
    if kind == Record.MARK:
        return _amounts(listing, row)
    if kind == Record.ADL:
        return {"other": int(row["other_account"]), **_side(row), **_amounts(listing, row)}
    return {"fee": _money(listing.quote, row["other_fee"])} if kind == Record.LIQUIDATION else {}


def _side(row: Any) -> dict[str, str]:
    return {"side": "sell" if row["side"] else "buy"}


def _amounts(listing: Listing, row: Any) -> dict[str, str]:
    """The price, and the quantity; of a mark price that is the open interest."""
    return {"price": str(int(row["price"]) * listing.tick), "quantity": str(int(row["quantity"]) * listing.lot)}


def _met(listing: Listing, row: Any) -> dict[str, Any]:
    got, paid = (listing.quote, listing.got) if row["side"] else (listing.got, listing.quote)
    return {
        "maker": int(row["other_account"]),
        "maker_order": int(row["other"]),
        "fee": _money(got, row["fee"]),
        "maker_fee": _money(paid, row["other_fee"]),
    }


def _money(asset: Asset, units: Any) -> str:
    return f"{asset.amount(int(units)):f} {asset.name}"


def _assets(plan: Plan) -> list[Asset]:
    return list(dict.fromkeys(asset for each in plan.markets for asset in (each.listing.base, each.listing.quote)))
