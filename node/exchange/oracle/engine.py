"""Engine: markets that share one ledger. Commands in, rows out."""

from collections.abc import Sequence

from node.exchange.core.rules import Rules
from node.exchange.oracle.command import read
from node.exchange.oracle.commands import carry_out
from node.exchange.oracle.ledger import Ledger
from node.exchange.oracle.market import Market


class Engine:
    """Markets and accounts, as `exchange.Exchange` has them.

    Attributes:
        markets: in the order of their numbers.
        ledger: what every account has.
    """

    def __init__(self, rules: Sequence[Rules], assets: int) -> None:
        self.ledger = Ledger(assets)
        self.markets = [Market(each, self.ledger) for each in rules]

    def open_account(self, maker_ppm: int = 1000, taker_ppm: int = 1000) -> int:
        """A new account's number. Fees in ppm."""
        return self.ledger.open(maker_ppm, taker_ppm)

    def carry_out(self, commands: bytes) -> bytes:
        """Carries out commands, rows of dtype COMMAND; rows of dtype JOURNAL."""
        rows: list[bytes] = []
        asked = list(read(commands))
        at = 0
        while at < len(asked):
            market = self.markets[asked[at].market]
            market.rows = rows
            at += carry_out(market, asked, at)
        return b"".join(rows)
