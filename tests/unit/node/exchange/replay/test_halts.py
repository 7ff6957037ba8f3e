"""A record goes on while its market is halted, or paused by its breaker."""

import pytest

from node.exchange.core.command import Kind, Side
from node.exchange.core.journal import Reason, Record, Status

BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_came_meanwhile_meets_users_when_the_market_opens(scenes, book, lots, by_hand: bool) -> None:
    scene = scenes(breaker="0.05")
    scene.picture({99: 5}, {111: 5})
    scene.order(BUY, 108, 3)
    if by_hand:
        scene.do(Kind.HALT)
    else:
        scene.trade(BUY, 106, 1)
        scene.trade(BUY, 112, 1)
        scene.set(BUY, 99, 6)
    assert lots(scene.set(SELL, 98, 5)) == 0
    rows = scene.do(Kind.RESUME) if by_hand else scene.do(Kind.TIMER, time=1000)
    assert rows["kind"].tolist() == [Record.STATUS, Record.FILL]
    assert book(scene.exchange, SELL)[0] == (98, 2)


def test_a_breaker_does_not_end_a_halt(scenes) -> None:
    scene = scenes(breaker="0.1")
    scene.picture({99: 5}, {101: 5})
    scene.trade(BUY, 100, 1)
    scene.do(Kind.HALT)
    assert not len(scene.trade(BUY, 120, 1))
    assert not len(scene.do(Kind.TIMER, time=5000))
    assert scene.exchange.markets[0].state["halted"][0] == Status.HALTED


def test_a_pause_is_not_put_off_by_what_is_traded_in_it(scenes) -> None:
    scene = scenes(breaker="0.1")
    scene.picture({99: 5}, {101: 5})
    scene.trade(BUY, 100, 1)
    rows = scene.trade(BUY, 120, 1)
    assert (rows["kind"][-1], rows["reason"][-1]) == (Record.STATUS, Reason.BREAKER)
    scene.do(Kind.TIMER, time=900)
    assert not len(scene.trade(BUY, 150, 1))
    rows = scene.do(Kind.TIMER, time=1000)
    assert (rows["kind"].tolist(), rows["reason"].tolist()) == ([Record.STATUS], [Reason.TIME])
