"""An exchange whose market is a record: it is the record's book, users meet it, and a crash changes nothing."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from atom.feed import open_feed
from fusion.errors import BadInput
from node.exchange.agents.around import Around
from node.exchange.agents.mix import AROUND, mix
from node.exchange.agents.opening import Opening, populate
from node.exchange.core.journal import JOURNAL, Record, joined
from node.exchange.core.state import WORLD
from node.exchange.exchange import Exchange
from node.exchange.replay.history import history
from node.exchange.replay.reel import Reel
from node.exchange.replay.replay import Replay
from node.exchange.service.home import Home
from node.exchange.service.plan import REPLAY, Asked, Plan
from node.exchange.service.recovery import opened
from node.exchange.service.service import Service
from node.exchange.service.store import Keeping
from node.exchange.service.verify import verified
from tests.unit.node.exchange.service.conftest import funded, order

SECOND = 10**9
OPENS = 1_704_067_200 * SECOND
END = OPENS + 40 * SECOND
Open = Callable[..., Service]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def leave(stack: ExitStack) -> Callable[[], None]:
    """Nobody has the home then."""
    return stack.close


@pytest.fixture
def house(stack: ExitStack, tmp_path: Path) -> Open:
    """Opens a home's exchange as a new process finds it; the old one is left as if it was killed."""

    def again(agents: int, name: str = "simulated:1") -> Service:
        stack.close()
        asked = Asked(name, None, (OPENS + 10 * SECOND, OPENS + 60 * SECOND), tmp_path)
        plan = Plan([], REPLAY, agents, seed=5, replay=asked)
        return opened(stack.enter_context(Home(tmp_path / "home")), Keeping(), plan)

    return again


def seen(service: Service) -> dict[str, bytes]:
    return {name: each.tobytes() for name, each in service.save()[0].items()}


@pytest.mark.parametrize("agents", [0, 20])
def test_it_goes_on_in_the_record_after_a_crash_without_what_it_was_read_from(
    house: Open, leave: Callable[[], None], tmp_path: Path, agents: int
) -> None:
    service = house(agents)
    assert service.exchange.listings[0].symbol == "SIM-USD"
    begin = service.time
    assert OPENS + 10 * SECOND <= begin < OPENS + 12 * SECOND
    assert service.depth(0, 1).bids[0, 0] < service.depth(0, 1).asks[0, 0]  # the book stands before it serves
    ann = funded(service, "ann")
    for second in range(1, 10):
        service.step(begin + second * SECOND)
        service.place(order(ann, second % 2, int(service.depth(0, 1).asks[0, 0]), 50 + second))
        if second == 5:
            service.keep()
    before = seen(service)
    service = house(agents, "simulated:no such")  # nobody asks for it any more
    assert seen(service) == before
    service.step(begin + 12 * SECOND)
    assert not service.exchange.ledger.balances.sum(axis=(0, 2)).any()
    service.close()
    leave()
    assert verified(tmp_path / "home", lambda text, share: None)["rows"] > 300


def test_without_users_its_trades_and_candles_are_the_records(house: Open) -> None:
    service = house(0)
    while service.due() is not None:
        service.step(END + 60 * SECOND)
    trades = service.tapes[0].recent(1 << 20)
    rows = open_feed("simulated:1").events.trade
    rows = rows[(rows["ts_event"] < OPENS + 60 * SECOND) & (rows["side"] != 0)]
    shown = trades[trades["time"] > OPENS + 10 * SECOND]
    mine = rows[rows["ts_event"] > OPENS + 10 * SECOND]
    assert shown["price"].tolist() == mine["price"].tolist()
    assert shown["quantity"].tolist() == mine["size"].tolist()
    assert shown["time"].tolist() == mine["ts_event"].tolist()
    candles = service.candles[0].read("1m", 0, END + 60 * SECOND, 10)
    assert candles["volume"].sum() == trades["quantity"].sum()
    assert set(trades["taker"]) == {WORLD}


def test_agents_around_a_record_trade_with_it_and_do_the_same_again() -> None:
    past = history("simulated:1")
    reel = Reel(np.concatenate([each.copy() for each in past.commands()])[:6000])
    ends = []
    for _ in range(2):
        exchange = Exchange([past.listing])
        opening = Opening(10_000, 100, start=reel.begin, seed=2, climate=AROUND)
        both = Around(Replay(reel), populate(exchange, opening, mix(20))[0])
        rows = []
        for until in range(reel.begin, reel.begin + 21 * SECOND, 3 * SECOND):
            rows += [each.journal for each in both.run(exchange, until)]
            assert both.next_time() >= until
        found = joined(rows, JOURNAL)
        fills = found[found["kind"] == Record.FILL]
        worlds = (fills["account"] == WORLD).astype(int) + (fills["other_account"] == WORLD)
        assert set(worlds.tolist()) == {0, 1, 2}  # agents with one another, with the record, and the record's own
        ends.append((found.tobytes(), exchange.ledger.balances.tobytes()))
    assert ends[0] == ends[1]


def test_agents_between_two_records_are_told_of_part_by_part() -> None:
    past = history("simulated:1")
    reel = Reel(np.concatenate([each.copy() for each in past.commands()])[:6000])
    told = []
    for parts in (1, 7):
        exchange = Exchange([past.listing])
        opening = Opening(10_000, 100, start=reel.begin, seed=2, climate=AROUND)
        both, rows = Around(Replay(reel), populate(exchange, opening, mix(20))[0]), []
        for part in range(parts):  # the record is over after some seconds
            rows += [each.journal for each in both.run(exchange, reel.begin + 1800 * SECOND * (part + 1) // parts)]
        assert max(map(len, rows)) < 80_000
        assert sum(map(len, rows)) > 150_000
        told.append(joined(rows, JOURNAL).tobytes())
    assert told[0] == told[1]


@pytest.mark.parametrize("agents", [0, 20])
def test_nothing_is_kept_for_a_record_that_does_not_listen(house: Open, agents: int) -> None:
    service = house(agents)
    assert service.due() is not None
    funded(service, "ann")
    assert len(service.save()[0]["untold-0"]) == (2 * JOURNAL.itemsize if agents else 0)


def test_a_record_that_there_is_not_is_refused_and_another_may_be_tried(house: Open) -> None:
    with pytest.raises(BadInput, match="unknown venue"):
        house(0, "nowhere:file")
    assert house(0).exchange.listings[0].symbol == "SIM-USD"


def test_a_plan_of_a_record_is_kept_as_the_market_it_was_opened_with(house: Open) -> None:
    service = house(0)
    again = house(0)
    assert replace(service.exchange.listings[0]) == again.exchange.listings[0]
    assert service.clock.began <= again.clock.now()


def test_a_record_that_is_not_what_it_was_is_refused_and_a_copy_put_back_will_do(house: Open, tmp_path: Path) -> None:
    before = seen(house(0))
    path = tmp_path / "home" / "replay" / "commands"
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2 : len(whole) // 2 + 8] = bytes(8)
    for content in (whole[: len(whole) // 8], whole[: len(whole) // 2 + 1], whole + whole, bytes(damaged)):
        path.write_bytes(content)
        with pytest.raises(BadInput, match="is not the record that the exchange was opened with; put back a copy"):
            house(0)
    path.unlink()
    with pytest.raises(BadInput, match="is gone, the record that is replayed; put back a copy"):
        house(0)
    path.write_bytes(whole)
    assert seen(house(0)) == before
