"""The open archive between homes: two recorders of one venue publish, a third mirrors over HTTP and fills in."""

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn
from typer.testing import CliRunner

from api.app import create_app
from atom.book.picture import picture
from atom.events import Flag
from atom.live import Recorder
from atom.store import Log
from cli.atom import app
from fusion.chain.contract import checksum
from fusion.chain.deployment import CONTRACTS, Deployment
from fusion.errors import ContentUnavailable
from fusion.settings import Settings
from tests.integration.atom_venue import Binance, FakeVenue
from tests.integration.test_atom_live import QUICK
from tests.unit.atom.archive.home import Home

MS = 10**6
WINDOW, LATENESS = 100 * MS, 20 * MS
MARKET = ("binance", "BTC-USDT")


@contextmanager
def served(home):
    """A home's API, as `fusion api serve` runs it; its address."""
    contracts = {kind.NAME: checksum(f"0x{number:040x}") for number, kind in enumerate(CONTRACTS, start=1)}
    settings = Settings(home=home, rpc="http://127.0.0.1:1")
    app_ = create_app(settings, Deployment(chain_id=31337, contracts=contracts, block=1, hash="test"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app_, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def until(venue, steps):
    """Waits until the venue's clock has gone on by so many ms."""
    market = venue.markets["BTCUSDT"]
    goal = market.at + steps
    async with asyncio.timeout(120):
        while market.at < goal:
            await asyncio.sleep(0.01)


async def recorder(home, hosts, stop):
    """A recorder with its log, until `stop`."""
    with Log(home.folder / "atom") as log:
        await Recorder({"binance": Binance.names}, [log], timing=QUICK, hosts=hosts).run(stop)


async def both(first, second):
    """Two recorders of one venue: the second comes later, and is away for a while."""
    venue = FakeVenue(Binance(), 5)
    async with venue.run() as hosts:
        over, away = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(recorder(first, hosts, over))
        await until(venue, 150)
        another = asyncio.create_task(recorder(second, hosts, away))
        await until(venue, 400)
        away.set()
        await another
        again = asyncio.create_task(recorder(second, hosts, over))
        await until(venue, 450)
        over.set()
        await asyncio.gather(running, again)


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """Two recorders' homes, published."""
    found = [Home(tmp_path_factory.mktemp(name), number) for number, name in enumerate(("first", "second"), start=1)]
    asyncio.run(both(*found))
    for home in found:
        home.published = {
            (one.told.symbol, one.told.span): one for one in home.publish(length=WINDOW, lateness=LATENESS)
        }
    return found


def test_two_recorders_name_the_same_windows_wherever_both_missed_nothing(homes):
    first, second = (home.published for home in homes)
    sure = [key for key in first.keys() & second.keys() if first[key].told.whole and second[key].told.whole]
    assert len(sure) >= 4
    assert [first[key].told.window for key in sure] == [second[key].told.window for key in sure]
    broken = [one.told for one in second.values() if not one.told.whole]
    assert {gap.why for told in broken for gap in told.gaps} >= {"disconnect", "connect", "the book was not known"}
    assert any(first[told.symbol, told.span].told.window != told.window for told in broken)


def test_a_third_mirrors_and_fills_in_what_the_first_had(homes, tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))
    whole = [one.told for key, one in homes[0].published.items() if key[0] == MARKET[1] and one.told.whole]
    whole = [told for place, told in enumerate(whole) if told.span.start == whole[0].span.start + place * WINDOW]
    span = whole[0].span.start, whole[-1].span.end
    with served(homes[0].folder) as one, served(homes[1].folder) as two:
        for url, home in ((one, homes[0]), (two, homes[1])):
            told = fusion("mirror", url)
            assert sum(each["windows"] for each in told) == len(home.published)
            assert {(each["signer"], each["refused"]) for each in told} == {(home.account.address, None)}
            assert sum(each["windows"] for each in fusion("mirror", url)) == 0
        filled = fusion("backfill", one, *market(span))
    assert [each["outcome"] for each in filled] == ["filled"] * len(whole)
    assert [each["window"] for each in filled] == [str(told.window) for told in whole]
    assert max(len(each["signers"]) for each in filled) == 2
    assert any(each["others"] for each in filled)  # where the second was away it tells of another window
    assert {each["outcome"] for each in fusion("backfill", *market(span))} == {"own"}
    third = Home(tmp_path)
    back = third.store.read(*MARKET)
    assert (back.book["flags"] & Flag.NO_ARRIVAL != 0).all()
    assert len(back.trade) == sum(told.rows["trade"] for told in whole)
    assert third.publish(length=WINDOW, lateness=LATENESS) == []  # what others recorded is not ours to sign


def test_the_book_is_as_it_was(homes, tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_HOME", str(tmp_path))
    told = [one.told for key, one in homes[0].published.items() if key[0] == MARKET[1] and one.told.whole][1]
    with served(homes[0].folder) as url:
        fusion("backfill", url, *market(told.span))
    at = told.span.end - 2
    own = homes[0].store.read(*MARKET).book
    until = (own["ts_event"] <= at) & (own["flags"] & Flag.NO_EVENT_TIME == 0)
    seen = homes[0].store.book(*MARKET, int(own["ts_recv"][until].max()))
    assert seen.book.valid
    assert picture(Home(tmp_path).store.book(*MARKET, at).book).tobytes() == picture(seen.book).tobytes()


def test_what_a_peer_has_no_more_is_refused_and_nothing_is_kept(homes, tmp_path, monkeypatch):
    monkeypatch.setenv("FUSION_HOME", str(tmp_path / "mine"))
    bad = tmp_path / "bad"
    published = homes[0].published.values()
    import shutil

    shutil.copytree(homes[0].folder, bad)
    window = next(iter(published)).told.window
    place = bad / "content" / str(window)[-3:-1] / str(window)
    place.write_bytes(place.read_bytes()[:-1] + b"\0")
    with served(bad) as url, pytest.raises(ContentUnavailable, match="not taken whole"):
        fusion("mirror", url)
    assert not (tmp_path / "mine" / "content" / str(window)[-3:-1] / str(window)).exists()


def market(span):
    return ("--venue", MARKET[0], "--symbol", MARKET[1], "--from", text(span[0]), "--to", text(span[1]))


def text(ns):
    seconds, rest = divmod(ns, 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09d}"


def fusion(*words):
    result = CliRunner().invoke(app, [*words, "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)
