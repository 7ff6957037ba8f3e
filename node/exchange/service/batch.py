"""Batch: what came of commands that were carried out together."""

from typing import NamedTuple, Protocol

from node.exchange.core.journal import Record
from node.exchange.exchange import Ints, Journal
from node.exchange.service.order import Order, Report
from node.exchange.service.trade import Trades


class Batch(NamedTuple):
    """Rows of the journal, and what they say.

    Attributes:
        rows: of dtype JOURNAL.
        times: when each happened, ns UTC.
        trades: of each market that there is, by its number; of dtype TRADE.
        reports: the steps of users' orders.
    """

    rows: Journal
    times: Ints
    trades: list[Trades]
    reports: list[Report]

    @property
    def refused(self) -> int:
        """Why the first command that was refused was; 0 where none was."""
        rejects = self.rows[self.rows["kind"] == Record.REJECT]
        return int(rejects["reason"][0]) if len(rejects) else 0

    @property
    def placed(self) -> Order:
        """The first order that was placed, as it then stood: others may have expired before it. There must be one."""
        return next(each.order for each in self.reports if each.kind == Record.ACK)


class Listener(Protocol):
    """Is told of every batch, in order, in the thread that carried it out. It must be quick. What it raises stops
    nothing: the log tells it, once.
    """

    def __call__(self, batch: Batch) -> None: ...
