"""Amounts as people write them: `12.5` is 12,500,000 base units of a six-decimal token."""

from decimal import Context, Decimal, InvalidOperation

from fusion.errors import BadInput

DECIMALS = 6
LONGEST = 60  # characters
EXACT = Context(prec=2 * LONGEST)  # the default of 28 digits would round what the contracts can hold


def parse(text: str, what: str) -> int:
    """Base units of an amount written in whole tokens.

    Raises:
        BadInput: it is no finite number, is negative, or has more decimals than the token.
    """
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise BadInput(f"{what} is {text!r}: give an amount such as 12.5") from None
    if not amount.is_finite() or amount < 0:
        raise BadInput(f"{what} is {text!r}: give an amount of zero or more")
    if len(text) > LONGEST:
        raise BadInput(f"{what} is {text[:LONGEST]!r}...: give an amount of at most {LONGEST} characters")
    units = amount.scaleb(DECIMALS, EXACT)
    if units != units.to_integral_value(context=EXACT):
        raise BadInput(f"{what} is {text!r}: the token has {DECIMALS} decimals")
    if units >= 2**96:
        raise BadInput(f"{what} is {text!r}: that is more than the contracts can hold")
    return int(units)


class Units(int):
    """Base units: an integer to programs and in JSON, whole tokens to a person who reads it as text."""

    def __str__(self) -> str:
        return show(self)


def show(units: int) -> str:
    """Whole tokens with two decimals or as many as it takes, thousands grouped."""
    whole, rest = divmod(int(units), 10**DECIMALS)
    decimals = f"{rest:0{DECIMALS}d}"
    return f"{whole:,}.{decimals[:2]}{decimals[2:].rstrip('0')}"
