"""Orders one by one: the same markets, ledger and answers as commands in rows."""

from decimal import Decimal

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.core.command import Flag, Kind, Side, Tif, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.exchange import Exchange, command
from node.exchange.listing import Asset, Listing

BTC, USDT = Asset("BTC"), Asset("USDT")


def exchange() -> Exchange:
    step = Decimal("0.01")
    made = Exchange([Listing(name, BTC, USDT, step, step, step, Decimal(900), Decimal(0)) for name in ("A-B", "C-D")])
    for account in (made.open_account(), made.open_account()):
        for asset in (0, 1):
            made.carry_out(command(kind=Kind.DEPOSIT, account=account, order=asset, quantity=1 << 50))
    return made


def test_orders_alone_and_in_rows_leave_the_same_market_and_answers() -> None:
    alone, rows = exchange(), exchange()
    chance = np.random.default_rng(3)
    ids: list[int] = []
    for turn in range(3000):
        market, account, side = (int(each) for each in chance.integers((0, 2, 0), (2, 4, 2)))
        price, quantity = int(chance.integers(90, 110)), int(chance.integers(0, 9))
        if ids and chance.random() < 0.4:
            number = ids[int(chance.integers(len(ids)))]
            asked = command(kind=Kind.CANCEL, market=market, account=account, order=number, ref=turn, time=turn)
            told = alone.cancel(market, account, number, ref=turn, time=turn)
        else:
            kind, tif = int(chance.integers(2)), int(chance.integers(2))
            asked = command(
                kind=Kind.NEW, market=market, account=account, side=side, type=kind, tif=tif, price=price,
                quantity=quantity, ref=turn, time=turn,
            )  # fmt: skip
            told = alone.order(market, account, side, price, quantity, kind=kind, tif=tif, ref=turn, time=turn)
            ids += [told] if told > 0 else []
        answer = rows.carry_out(asked)
        assert alone.answer.tobytes() == answer.tobytes()
        refused = answer["kind"][0] == Record.REJECT
        assert told == (
            -int(answer["reason"][0]) if refused else answer["order" if asked["kind"] == Kind.NEW else "quantity"][0]
        )
    for mine, theirs in zip((*alone.markets, alone.ledger), (*rows.markets, rows.ledger), strict=True):
        assert [each.tobytes() for each in mine] == [each.tobytes() for each in theirs]


def test_more_orders_than_there_was_room_for_are_taken() -> None:
    one = exchange()
    assert all(one.order(1, 2, Side.BUY, 1 + at % 5000, 1) > 0 for at in range(9000))
    assert one.markets[1].state["live"][0] == 9000
    assert one.order(1, 3, Side.SELL, 1, 9000, kind=Type.LIMIT, tif=Tif.IOC) > 0
    assert np.bincount(one.answer["kind"]).tolist() == [0, 1, 0, 9000]
    assert not one.ledger.balances.sum(axis=(0, 2)).any()


def test_commands_for_many_markets_are_answered_in_their_order() -> None:
    one = exchange()
    many = np.concatenate(
        [command(kind=Kind.NEW, market=at % 2, account=2, price=5, quantity=1, ref=at) for at in range(5000)]
    )
    told = one.carry_out(many)
    assert told["ref"].tolist() == list(range(5000))
    assert told["market"].tolist() == [0, 1] * 2500


def test_rows_that_may_not_be_written_or_lie_apart_are_taken_too() -> None:
    one = exchange()
    rows = np.concatenate([command(kind=Kind.NEW, account=2, price=5, quantity=1, ref=at) for at in range(6)])
    assert one.carry_out(np.frombuffer(rows.tobytes(), rows.dtype))["ref"].tolist() == [0, 1, 2, 3, 4, 5]
    assert one.carry_out(rows[::2])["ref"].tolist() == [0, 2, 4]
    assert len(one.carry_out(rows[:0])) == 0


def test_what_cannot_be_is_refused_and_nothing_of_it_is_done() -> None:
    one = exchange()
    for market in (2, -1, 1 << 40):
        with pytest.raises(BadInput, match=f"there is no market {market}; there are 2"):
            one.order(market, 2, 0, 5, 1)
        with pytest.raises(BadInput, match="there is no market"):
            one.cancel(market, 2, 5)
    with pytest.raises(BadInput, match="there is no market 7; there are 2"):
        one.carry_out(np.concatenate([command(kind=Kind.NEW, account=2, price=5, quantity=1), command(market=7)]))
    assert one.markets[0].state["sequence"][0] == 0
    assert one.order(0, 2, 256, 5, 1) == -Reason.MALFORMED
    assert one.order(0, 2, 0, 5, 1, flags=Flag.BY_QUOTE) == -Reason.MALFORMED
    with pytest.raises(TypeError):
        one.order(0, 2, 0, 5.0, 1)  # type: ignore[arg-type]  # that is what is refused
