"""What people read of a journal says all that a row says, in their words."""

from pathlib import Path

from node.exchange.core.command import Kind, Side, Tif, Type
from node.exchange.exchange import command
from node.exchange.keeper import SECOND
from node.exchange.service.admin import Admin
from node.exchange.service.home import Home
from node.exchange.service.plan import LADDER, Plan, standard
from node.exchange.service.reading import told
from node.exchange.service.recovery import opened
from node.exchange.service.store import Keeping

START = 1_700_000_000_000_000_000


def test_a_perpetuals_rows_are_told_with_prices_and_amounts(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        service = opened(home, Keeping(), Plan(standard(["BTCPERP-USDT"]), LADDER, start=START, speed=0))
        quote = service.exchange.listings[0].quote
        place = service.exchange.assets.index(quote)
        ann = service.enrol("ann", {place: 10**11}).user.account
        price = int(service.depth(0, 1).asks[0, 0])
        first = Admin(service).ask("status", {})["rows"]
        taken = {"kind": Kind.NEW, "account": ann, "type": Type.MARKET, "tif": Tif.IOC, "side": Side.BUY}
        service.place(command(**taken, quantity=10_000))
        service.clock.put(START + 2 * SECOND)
        while service.step(service.clock.now()):
            pass
        service.place(command(kind=Kind.FUNDING, quantity=100_000))
        service.place(command(kind=Kind.HALT))
        service.place(command(kind=Kind.RESUME))
        service.place(command(kind=Kind.MARK, price=price * 4 // 5))
        service.close()
    shown = told(tmp_path, first, 1000)
    found = {each["kind"]: each for each in shown}
    assert found["fill"]["fee"].endswith("USDT")
    assert found["fill"]["maker_fee"] == "0.00000000 USDT"
    assert {"price", "quantity"} <= set(found["mark"])
    assert [each["status"] for each in shown if each["kind"] == "status"] == ["halted", "open"]
    assert [each["amount"][0] for each in shown if each["kind"] == "funding" and each["account"] == ann] == ["-"]
    assert found["liquidation"]["side"] == "sell"
    assert found["liquidation"]["fee"].endswith("USDT")
    mine = told(tmp_path, first, 1000, ann)
    assert [each for each in mine if ann not in (each["account"], each.get("maker"), each.get("other"))] == []
    assert {each["kind"] for each in mine} >= {"fill", "funding", "liquidation"}
