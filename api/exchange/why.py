"""Why: what clients are told where the core refuses a command."""

from typing import Final

from api.exchange import refusal
from api.exchange.refusal import Refusal
from node.exchange.core.journal import Reason

_FUNDS: Final = "Account has insufficient balance for requested action."
_FILTERS: Final = {
    Reason.QUANTITY: "LOT_SIZE",
    Reason.NOTIONAL: "NOTIONAL",
    Reason.BAND: "PERCENT_PRICE_BY_SIDE",
    Reason.PARTS: "ICEBERG_PARTS",
    Reason.ORDERS: "MAX_NUM_ORDERS",
    Reason.WAITING: "MAX_NUM_ALGO_ORDERS",
    Reason.OVERFLOW: "NOTIONAL",
}
_LINES: Final = {
    Reason.INSUFFICIENT_FUNDS: _FUNDS,
    Reason.HALTED: "Market is closed.",
    Reason.WOULD_TAKE: "Order would immediately match and take.",
    Reason.WOULD_TRIGGER: "Stop price would trigger immediately.",
    Reason.NOT_FILLABLE: "Order would not be filled at once.",
    Reason.GROUP: "The orders of a list do not go together.",
}


def refused(reason: int) -> Refusal:
    """A new order or an amendment that the core has refused."""
    why = Reason(reason)
    if why in _FILTERS:
        return refusal.of_filter(_FILTERS[why])
    if why is Reason.UNKNOWN_ORDER:
        return refusal.not_cancelled()
    return refusal.rejected(_LINES.get(why, "What the order says does not go together."))
