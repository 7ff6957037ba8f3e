"""What the laws of perpetuals catch in a journal in which somebody was wronged; and an honest one passes."""

import numpy as np
import pytest

from node.exchange.core.command import Side
from node.exchange.core.journal import JOURNAL, Record
from node.exchange.core.rules import Rules
from node.exchange.core.state import FIRST_USER, HOUSE, WORLD
from tests.soak.exchange.fairness import Fairness

ANN, BOB, EVE = FIRST_USER, FIRST_USER + 1, FIRST_USER + 2
Rows = list[dict[str, int]]


def told(rows: Rows) -> Fairness:
    journal = np.zeros(len(rows), JOURNAL)
    for at, row in enumerate(rows):
        for name, value in row.items():
            journal[name][at] = value
    fairness = Fairness([Rules(0, 0, 1, 1, 1, initial=100_000, maintenance=50_000)])
    fairness.take(journal)
    return fairness


def opened(buyer: int, seller: int, lots: int, price: int) -> dict[str, int]:
    return {
        "kind": Record.FILL, "account": buyer, "other_account": seller, "side": Side.BUY, "price": price,
        "quantity": lots,
    }  # fmt: skip


def crash(*, insured: int = 500, mark: int = 80, paid: int = 100, price: int = 80, sold_at: int = 100) -> Rows:
    """ANN bought ten at 100 with 100 behind them; BOB sold as many, EVE between them."""
    return [
        {"kind": Record.BALANCE, "account": ANN, "asset": 1, "quantity": 100},
        {"kind": Record.INSURANCE, "account": WORLD, "quantity": insured},
        opened(ANN, EVE, 10, 100),
        opened(EVE, BOB, 10, sold_at),
        {"kind": Record.MARK, "account": WORLD, "price": mark, "quantity": 10},
        {"kind": Record.LIQUIDATION, "account": ANN, "order": 7, "side": Side.SELL, "price": 90, "quantity": 10},
        {"kind": Record.EXPIRE, "account": ANN, "order": 7, "quantity": 10},
        *([{"kind": Record.INSURANCE, "account": ANN, "quantity": -paid}] if paid else []),
        {
            "kind": Record.ADL, "account": ANN, "other_account": BOB, "side": Side.SELL, "price": price,
            "quantity": 10,
        },
    ]  # fmt: skip


def funding(*, given: int = 10, got: int = 10, rest: int = 0, rate: int = 10_000_000) -> Rows:
    """BOB has sold ten lots at 100 to ANN, and of what these are worth a hundredth is asked."""
    return [
        {"kind": Record.BALANCE, "account": ANN, "asset": 1, "quantity": 100},
        opened(ANN, BOB, 10, 100),
        {"kind": Record.MARK, "account": WORLD, "price": 100, "quantity": 10},
        {"kind": Record.FUNDING, "account": ANN, "price": 100, "quantity": -given},
        {"kind": Record.FUNDING, "account": BOB, "price": 100, "quantity": got},
        {"kind": Record.FUNDING, "account": HOUSE, "quantity": rest, "group": rate},
    ]


def test_an_honest_journal_passes() -> None:
    assert told(crash()).helped == {(0, ANN)}
    assert told(crash(insured=0, paid=0, price=90)).liquidated == {(0, ANN)}
    assert told(funding(given=9, got=9)).short == {(0, ANN)}


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (crash(paid=201), "the fund paid 201 of a gain of -200"),
        (crash(paid=150), "the fund paid one who had 50"),
        (crash()[:-1], "the fund paid for nothing"),
        (crash(paid=0, price=90), "the fund could pay with 500"),
        (crash(insured=0, paid=0, price=90, sold_at=89), "a bystander loses 10"),
        ([*crash()[:-1], crash()[-1] | {"quantity": 11}], "closes more than there is"),
        (crash()[:6], "the order of a liquidation rests"),
        (
            [{"kind": Record.ACK, "account": ANN, "order": 9, "price": 50, "quantity": 1}, *crash()],
            "liquidated with orders open",
        ),
        (funding(given=11, got=11), "funding of more than 10"),
        (funding(got=11), "another's share of funding"),
        (funding(rate=-10_000_000), "another's share of funding"),
        (funding(rest=1), "10 paid, 10 got"),
        ([{**funding()[0], "quantity": 5}, *funding()[1:]], "who paid funding owes"),
        (funding()[:-1], "the house's row of a funding is missing"),
    ],
)
def test_a_wrong_is_told(rows: Rows, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        told(rows)
