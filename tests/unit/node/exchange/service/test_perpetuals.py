"""Perpetuals in an exchange that runs: marked, funded, liquidated, and all of it is there after a restart."""

from pathlib import Path

import numpy as np
import pytest

from fusion.errors import BadInput
from node.exchange.core.command import Flag, Kind, Side, Tif, Type
from node.exchange.exchange import command
from node.exchange.keeper import HOUR, SECOND, Keeper
from node.exchange.replay.history import ALWAYS
from node.exchange.service.admin import Admin
from node.exchange.service.home import Home
from node.exchange.service.order import Status
from node.exchange.service.plan import LADDER, REPLAY, Asked, Plan, from_file, planned, standard
from node.exchange.service.recovery import made, opened
from node.exchange.service.service import Service
from node.exchange.service.store import Keeping
from node.exchange.service.verify import verified

START = 1_700_000_000 * SECOND
RECORD = Path(__file__).parents[4] / "data/binance/perpetual.txt"
PLAN = Plan(standard(["BTCPERP-USDT"]), LADDER, start=START, speed=60.0)


def user(service: Service, name: str, amount: int) -> int:
    quote = int(service.exchange.markets[0].rules[0]["quote"])
    return service.enrol(name, {quote: amount}, 0, 0).user.account


def order(service: Service, account: int, side: Side, lots: int, **fields: int) -> None:
    service.place(command(kind=Kind.NEW, account=account, side=side, quantity=lots, type=Type.MARKET, **fields))


def until(service: Service, time: int) -> None:
    while service.step(time):
        pass


def weighed(service: Service) -> int:
    """What free, locked, margins and insurance come to, less what positions cost."""
    market = service.exchange.markets[0]
    held = market.positions
    quote = int(market.rules[0]["quote"])
    total = service.exchange.ledger.balances[:, quote].sum() + held["margin"].sum() - held["cost"].sum()
    return int(total + market.state["insurance"][0])


def test_what_a_perpetual_is_of_nobody_owns() -> None:
    admin = Admin(made(Plan(standard(["BTCPERP-USDT", "BTC-USDT"]), LADDER, start=START)))
    admin.ask("add-user", {"name": "ann", "funds": {"USDT": "7"}})
    for verb, fields in (("add-user", {"funds": {"BTCPERP": "5"}}), ("fund", {"asset": "BTCPERP", "amount": "5"})):
        with pytest.raises(BadInput, match="no asset 'BTCPERP'; there is USDT, BTC"):
            admin.ask(verb, {"name": "ann" if verb == "fund" else "bob", **fields})
    (told,) = admin.ask("users", {})
    assert (told["equity"], list(told["balances"])) == ({"USDT": "7.00"}, ["USDT"])


def test_a_user_trades_is_funded_and_liquidated_and_all_of_it_is_kept(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        service = opened(home, Keeping(), PLAN)
        keeper = next(each for each in service.sources if isinstance(each, Keeper))
        ann = user(service, "ann", 10**11)  # 1000 USDT
        order(service, ann, Side.BUY, 10_000)  # 0.1 BTC, six times that
        until(service, START + 5 * SECOND)
        (held,) = service.holdings(ann)
        assert held.size == 10_000
        assert held.liquidation < held.mark
        before = held.equity + service.balances(ann)[1][0]
        until(service, START + 9 * HOUR)
        assert len(keeper.history) == 1
        (later,) = service.holdings(ann)
        assert later.equity + service.balances(ann)[1][0] < before, "who has bought pays interest"
        price = later.liquidation - 1
        service.place(command(kind=Kind.MARK, price=price))
        assert not service.holdings(ann)
        (closing,) = [each for each in service.orders.closed(ann, 0) if each.label.startswith("autoclose")]
        assert (closing.side, closing.quantity, closing.flags) == (Side.SELL, 10_000, Flag.REDUCE_ONLY)
        assert closing.tif == Tif.IOC
        assert closing.status is Status.FILLED
        assert weighed(service) == 0
        kept = service.exchange.markets[0].positions.copy()
        service.close()
    with Home(tmp_path) as home:
        again = opened(home, Keeping())
        assert np.array_equal(again.exchange.markets[0].positions, kept)
        again.close()
    assert verified(tmp_path, lambda *_: None)["missing"] == 0


def test_a_plan_keeps_the_terms_of_a_perpetual(tmp_path: Path) -> None:
    file = tmp_path / "markets.toml"
    file.write_text(
        '[[market]]\nsymbol = "XPERP-USDT"\ntick = "0.1"\nlot = "0.1"\nleast = "0.1"\nnotional = "1"\nprice = "10"\n'
        'initial = "0.1"\nmaintenance = "0.05"\nliquidation = "0.01"\nfunding_hours = "1"\n'
    )
    (opening,) = from_file(file)
    plan = planned(Plan([opening]).told())
    assert plan.markets[0] == opening
    assert opening.funding == HOUR


def test_nothing_of_a_perpetuals_base_asset_is_held(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        service = opened(home, Keeping(), PLAN)
        assert not service.exchange.ledger.balances[:, 0].any()
        service.close()


@pytest.mark.parametrize("agents", [0, 20])
def test_the_record_of_a_perpetual_is_one_with_its_mark_prices_and_fundings(tmp_path: Path, agents: int) -> None:
    """And after a crash it goes on in it; of a hand-made record, whose mark falls from 100 to 92.8."""
    asked = Asked(f"binance_futures:{RECORD}", None, ALWAYS, tmp_path)
    home = tmp_path / "home"
    with Home(home) as open_home:
        service = opened(open_home, Keeping(), Plan([], REPLAY, agents, seed=3, replay=asked))
        assert service.exchange.listings[0].symbol == "BTCPERP-USDT"
        ann = user(service, "ann", 3 * 10**9)  # 30 USDT
        until(service, START + 2 * SECOND)
        order(service, ann, Side.BUY, 500)
        assert service.holdings(ann)[0].mark == 1000
        until(service, START + 5 * SECOND)
        order(service, ann, Side.BUY, 500)
        (held,), free = service.holdings(ann), service.balances(ann)[-1][0]
        service.keep()
    with Home(home) as open_home:
        service = opened(open_home, Keeping())
        assert service.holdings(ann) == [held]
        until(service, START + 6 * SECOND + SECOND // 2)
        paid = service.balances(ann)[-1][0] - free
        assert paid == -held.worth // 2000
        order(service, ann, Side.BUY, 3000)  # at 98: 13 times what she has
        until(service, START + 12 * SECOND)
        assert not service.holdings(ann)
        assert [each for each in service.orders.closed(ann, 0) if each.label.startswith("autoclose")]
        assert weighed(service) == 0
        service.close()
    assert verified(home, lambda text, share: None)["rows"] > 10
