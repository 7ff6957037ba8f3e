"""Writes revenue.json, histories of income for Differential.t.sol: `python -m tests.contracts.ledger.revenue`.

The rule of docs/decisions/0004 in fractions, apart from the contract and from fusion.market. Of all income up to x a
row but the last is owed the whole part of its share, the last the rest. A settlement passes on income up to the last
amount at which no row has to give anything back.
"""

import json
from fractions import Fraction
from math import floor
from pathlib import Path
from random import Random

FILE = Path(__file__).with_name("revenue.json")
WHOLE = 1_000_000
CASES = 96
STEPS = 24


def owed(amount: int, ppm: list[int]) -> list[int]:
    """What the rows are owed of all income up to `amount`, base units."""
    rows = [floor(Fraction(amount * part, WHOLE)) for part in ppm[:-1]]
    return [*rows, amount - sum(rows)]


def settle(settled: int, received: int, ppm: list[int]) -> int:
    """Income up to which all is settled afterwards."""
    if _gives_nothing_back(settled, received, ppm):
        return received
    # One short of a whole million every other row is rounded down by as much as it can be.
    return max(settled, (received + 1) // WHOLE * WHOLE - 1)


def cases() -> list[dict[str, list[int]]]:
    """Tables, incomes between settlements (after the protocolFee), and what is settled and owed after each."""
    dice = Random(20)
    return [_case(dice, number) for number in range(CASES)]


def text() -> str:
    return json.dumps({"cases": cases()}, separators=(",", ":")).replace('{"ppm"', '\n{"ppm"') + "\n"


def _case(dice: Random, number: int) -> dict[str, list[int]]:
    ppm = _table(dice, 1 + number % 32)
    received = settled = 0
    case: dict[str, list[int]] = {"ppm": ppm, "incomes": [], "settled": [], "owed": []}
    for _ in range(STEPS):
        income = dice.randrange(dice.choice((4, 100, 3 * WHOLE, 10**15)))
        received += income
        after = settle(settled, received, ppm)
        assert _gives_nothing_back(settled, after, ppm)
        settled = after
        case["incomes"].append(income)
        case["settled"].append(settled)
    case["owed"] = owed(settled, ppm)
    return case


def _table(dice: Random, rows: int) -> list[int]:
    """Parts per million that sum to the whole; the last is next to nothing in half of the tables."""
    last = dice.choice((dice.randrange(1, 30), dice.randrange(1, WHOLE // rows + 1)))
    if rows == 1:
        return [WHOLE]
    cuts = sorted(dice.sample(range(1, WHOLE - last), rows - 2))
    return [high - low for low, high in zip([0, *cuts], [*cuts, WHOLE - last], strict=True)] + [last]


def _gives_nothing_back(settled: int, received: int, ppm: list[int]) -> bool:
    return all(new >= old for old, new in zip(owed(settled, ppm), owed(received, ppm), strict=True))


if __name__ == "__main__":
    FILE.write_text(text())
