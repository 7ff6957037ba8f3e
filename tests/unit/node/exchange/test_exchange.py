"""What an exchange gives back, whichever way its commands were cut."""

from decimal import Decimal

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.core.command import Kind
from node.exchange.core.journal import JOURNAL, Reason, Record
from node.exchange.exchange import Exchange, command
from node.exchange.listing import Asset, Listing

USDT = Asset("USDT")
LISTINGS = [
    Listing(f"{name}-USDT", Asset(name), USDT, *map(Decimal, ("0.01", "0.0001", "0.0001", "100", "1")))
    for name in ("BTC", "ETH")
]


def test_rows_of_two_markets_are_as_wide_as_rows_of_one() -> None:
    exchange = Exchange(LISTINGS)
    user = exchange.open_account()
    deposits = [command(kind=Kind.DEPOSIT, market=market, account=user, order=0, quantity=5) for market in (0, 1, 0)]

    rows = exchange.carry_out(np.concatenate(deposits))

    assert rows.dtype == JOURNAL
    assert rows["market"].tolist() == [0, 1, 0]
    assert rows["quantity"].tolist() == [5, 5, 5]


def test_nothing_asked_is_nothing_answered() -> None:
    rows = Exchange(LISTINGS).carry_out(command()[:0])

    assert rows.dtype == JOURNAL
    assert len(rows) == 0


def test_accounts_that_nobody_opened_get_nothing() -> None:
    exchange = Exchange(LISTINGS)

    (row,) = exchange.carry_out(command(kind=Kind.DEPOSIT, account=exchange.accounts, quantity=5))

    assert row["kind"] == Record.REJECT


def test_accounts_keep_what_they_have_while_more_are_opened() -> None:
    exchange = Exchange(LISTINGS)
    first = exchange.open_account(maker_ppm=-5, taker_ppm=7)
    exchange.carry_out(command(kind=Kind.DEPOSIT, account=first, quantity=5))

    last = [exchange.open_account() for _ in range(600)][-1]

    assert exchange.ledger.balances[first, 0, 0] == 5
    assert exchange.ledger.fees[first].tolist() == [-5, 7]
    assert len(exchange.ledger.balances) == exchange.accounts == last + 1


def test_what_another_exchange_saved_is_refused_and_nothing_is_changed() -> None:
    exchange, saved = Exchange(LISTINGS), Exchange(LISTINGS).save()
    exchange.open_account()
    before = {name: each.tobytes() for name, each in exchange.save().items()}
    rules = saved["market-1-rules"].copy()
    rules["lot"] += 1
    others = {
        "market-0-levels": saved["market-0-levels"][:, 1:],
        "market-0-heaps": saved["market-0-heaps"][:, 1:],
        "market-0-nodes": saved["market-0-nodes"][:1],
        "market-1-marks": saved["market-1-marks"][:63],
        "market-1-rules": rules,
        "market-1-state": saved["market-1-state"][:0],
        "market-1-base": saved["market-1-base"].astype(np.int32),
        "ledger-balances": saved["ledger-balances"][:, 1:],
        "ledger-fees": saved["ledger-fees"][1:],
    }
    for name, wrong in others.items():
        with pytest.raises(BadInput, match=r"saved by another version, or with other markets or terms; begin anew"):
            exchange.load(saved | {name: wrong})
    with pytest.raises(BadInput, match="market-0-bits was saved by another"):
        exchange.load({name: each for name, each in saved.items() if name != "market-0-bits"})
    assert {name: each.tobytes() for name, each in exchange.save().items()} == before


@pytest.mark.parametrize("name", ["account", "side", "price", "quantity", "kind", "tif", "flags", "selftrade", "ref"])
def test_a_number_that_no_row_can_hold_is_refused(name: str) -> None:
    exchange = Exchange(LISTINGS)
    user = exchange.open_account()
    exchange.carry_out(command(kind=Kind.DEPOSIT, account=user, order=1, quantity=10**15))
    plain = {"market": 0, "account": user, "side": 0, "price": 9000, "quantity": 500}
    kept = exchange.ledger.balances.tolist()

    assert exchange.order(**plain | {name: 1 << 64}) == -Reason.MALFORMED
    assert len(exchange.answer) == 0
    with pytest.raises(TypeError):
        exchange.order(**plain | {name: 1.5})
    with pytest.raises(BadInput, match="there is no market -1"):
        exchange.order(**plain | {"market": -1})
    assert exchange.ledger.balances.tolist() == kept
