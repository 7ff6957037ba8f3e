"""A perpetual's record: it fills users' orders and is taken from as in a spot market, and they get positions by it."""

from collections.abc import Callable

import pytest

from node.exchange.core.command import Flag, Kind, Side, Type
from node.exchange.core.journal import Reason, Record
from node.exchange.core.state import WORLD
from node.exchange.exchange import Journal
from node.exchange.holding import Holding, holding
from tests.unit.node.exchange.replay.conftest import Scene, filled

BUY, SELL = Side.BUY, Side.SELL


@pytest.fixture
def perpetual(scenes: Callable[..., Scene]) -> Scene:
    """20-fold leverage, and a record of 100 lots a side around 1,000 ticks."""
    scene = scenes(initial="0.05")
    scene.picture({999: 100, 998: 100}, {1001: 100, 1002: 100})
    return scene


def held(scene: Scene, account: int | None = None) -> Holding:
    return holding(scene.exchange.markets[0], scene.user if account is None else account)


def left_with(scene: Scene, amount: int) -> None:
    """Leaves the user this much of the quote asset."""
    free = int(scene.exchange.ledger.balances[scene.user, 1, 0])
    scene.do(Kind.WITHDRAW, account=scene.user, order=1, quantity=free - amount)


def gone(rows: Journal) -> list[tuple[int, int]]:
    """(order, reason) of what expired."""
    expired = rows[rows["kind"] == Record.EXPIRE]
    return [(int(each["order"]), int(each["reason"])) for each in expired]


def test_a_taker_gets_a_position_against_the_world(perpetual: Scene) -> None:
    assert perpetual.take(BUY, 150) == 150
    assert (held(perpetual).size, held(perpetual, WORLD).size) == (150, -150)
    assert held(perpetual).cost == (100 * 1001 + 50 * 1002) * int(perpetual.exchange.markets[0].rules["unit"][0])
    perpetual.set(SELL, 1001, 100)
    assert perpetual.take(BUY, 150) == 50, "what was taken of a recorded level fills nobody again"


def test_recorded_trades_and_orders_fill_who_rests_and_free_what_was_held(perpetual: Scene) -> None:
    mine = perpetual.order(BUY, 1000, 40)
    assert filled(perpetual.trade(SELL, 1000, 15)) == 15
    assert filled(perpetual.set(SELL, 1000, 100)) == 25
    assert held(perpetual).size == 40
    assert perpetual.exchange.ledger.balances[perpetual.user, 1, 1] == 0
    assert gone(perpetual.do(Kind.CANCEL, account=perpetual.user, order=mine)) == []


def test_a_record_closes_no_more_of_a_position_than_a_reduce_only_order_may(perpetual: Scene) -> None:
    perpetual.take(BUY, 30)
    mine = perpetual.order(SELL, 1000, 50, flags=Flag.REDUCE_ONLY)
    rows = perpetual.trade(BUY, 1000, 80)
    assert filled(rows) == 30
    assert gone(rows) == [(mine, Reason.REDUCE_ONLY)]
    assert held(perpetual).size == 0


def test_who_cannot_bear_a_recorded_trade_expires_before_it(perpetual: Scene) -> None:
    unit = int(perpetual.exchange.markets[0].rules["unit"][0])
    left_with(perpetual, 40 * 1000 * unit // 20)
    mine = perpetual.order(BUY, 1000, 40)
    perpetual.do(Kind.MARK, price=900)  # what buys at 1,000 has lost a tenth then, and the margin is a twentieth
    rows = perpetual.trade(SELL, 1000, 40)
    assert (filled(rows), gone(rows)) == (0, [(mine, Reason.INSUFFICIENT_FUNDS)])


def test_a_liquidated_position_goes_to_the_recorded_book_and_then_to_the_world(perpetual: Scene) -> None:
    unit = int(perpetual.exchange.markets[0].rules["unit"][0])
    left_with(perpetual, 150 * 1002 * unit // 20)
    perpetual.take(BUY, 150)
    perpetual.do(Kind.REPLAY_CLEAR)
    perpetual.picture({985: 60}, {990: 60})
    rows = perpetual.do(Kind.MARK, price=970)
    assert {Record.LIQUIDATION, Record.FILL, Record.ADL} <= {Record(int(each)) for each in rows["kind"]}
    assert filled(rows) == 60
    assert held(perpetual).size == held(perpetual, WORLD).size == 0


def test_funding_is_paid_to_the_world(perpetual: Scene) -> None:
    perpetual.take(BUY, 100)
    perpetual.do(Kind.MARK, price=1000)
    rows = perpetual.do(Kind.FUNDING, quantity=1_000_000)
    worth = 100 * 1000 * int(perpetual.exchange.markets[0].rules["unit"][0])
    told = {int(each["account"]): int(each["quantity"]) for each in rows}
    assert (told[perpetual.user], told[WORLD]) == (-worth // 1000, worth // 1000)


def test_a_stop_wakes_by_what_a_record_tells_and_reduces(perpetual: Scene) -> None:
    perpetual.take(BUY, 50)
    asked = {"account": perpetual.user, "side": int(SELL), "type": int(Type.STOP_LOSS), "trigger": 999}
    perpetual.do(Kind.NEW, quantity=50, flags=Flag.REDUCE_ONLY, **asked)
    assert filled(perpetual.trade(SELL, 999, 1)) == 50
    assert held(perpetual).size == 0
