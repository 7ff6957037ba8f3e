"""Payment: what the world, which gives users what they have, can still give."""

from typing import Final

from fusion.errors import BadInput
from node.exchange.core import funds
from node.exchange.core.state import FREE, WORLD
from node.exchange.exchange import Exchange

LIMIT: Final = int(funds.LIMIT)
"""Base units that the world does not owe, nor give at once."""
_ROUNDED: Final = 1024
"""Base units near the limit that the core's floats do not tell apart."""


def most(exchange: Exchange, asset: int) -> int:
    """Base units that an account can still be given of an asset."""
    world = int(exchange.ledger.balances[WORLD, asset, FREE])
    return max(0, LIMIT - _ROUNDED + min(0, world))


def check(exchange: Exchange, asset: int, units: int) -> None:
    """BadInput where the world cannot give an account that much."""
    named, left = exchange.assets[asset], most(exchange, asset)
    if units <= 0:
        raise BadInput(f"a user begins with more than 0 {named.name}, and not with {named.amount(units):f}")
    if units > left:
        raise BadInput(
            f"{named.amount(units):f} {named.name} are more than the exchange can give;"
            f" the most that is left is {named.amount(left):f}"
        )
