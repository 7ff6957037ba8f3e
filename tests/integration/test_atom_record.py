"""`fusion atom record` as a person starts and ends it, on a venue on loopback."""

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager

import numpy as np
import pytest
from typer.testing import CliRunner

from atom.book import Book
from atom.events import Side, StatusKind
from atom.reader import read_capture
from atom.store import Log, Store, segments
from atom.venues.simulated import simulate
from cli.atom import app
from fusion.errors import BadInput
from tests.integration.atom_venue import Binance, FakeVenue
from tests.unit.atom.store.traffic import pieces


@asynccontextmanager
async def recording(home, hosts, *more):
    """The command in the background."""
    told = [f"--host={beginning}={instead}" for beginning, instead in hosts.items()]
    command = ["atom", "record", "--venue", "binance", "--symbol", "BTC-USDT", *told, *more, "--json"]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "cli", *command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "FUSION_HOME": str(home)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def until(venue, steps):
    """Waits until the venue has told of so many more changes to those who listen."""
    goal = venue.told + steps
    async with asyncio.timeout(120):
        while venue.told < goal:
            await asyncio.sleep(0.02)


async def until_logged(folder, number):
    """Waits until some of the book is on the disk, in that segment of the log."""
    place = segments.place(folder, number)

    def numbered():
        content = place.read_bytes() if place.exists() else b""
        held = segments.batches(content, place.name, open_=True).values() if content else ()
        return any(rows["sequence"].any() for those in held for one in those for rows in one.tables.get("book", ()))

    async with asyncio.timeout(120):
        while not numbered():
            await asyncio.sleep(0.02)


def test_it_ends_cleanly_when_it_is_told_to_and_what_it_kept_is_what_the_raw_recording_gives(tmp_path):
    """Meanwhile the small files of an earlier day have become one."""
    with Log(tmp_path / "home" / "atom") as log:
        for batch in pieces(simulate(1, 200), 3):
            log.take(batch)
            log.rotate()

    def old():
        return len(list(tmp_path.glob("home/atom/venue=simulated/symbol=*/type=book/*/*.parquet")))

    assert old() == 3

    async def main():
        venue = FakeVenue(Binance(), 3)
        async with venue.run() as hosts, recording(tmp_path / "home", hosts, "--raw", str(tmp_path / "raw")) as process:
            await until(venue, 300)
            async with asyncio.timeout(120):
                while old() > 1:
                    await asyncio.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            out, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, json.loads(out), err

    code, (row,), err = asyncio.run(main())
    assert code == 0
    assert {json.loads(line)["event"] for line in err.splitlines()} <= {"days that are over are compacted"}
    kept = Store(tmp_path / "home" / "atom").read("binance", "BTC-USDT")
    (imported,) = read_capture("binance", sorted(tmp_path.glob("raw/*/*"))).recordings
    assert row["events"] == len(kept)
    assert row["status"] == {"connect": 1, "disconnect": 1}
    for kind, rows in imported.events.tables().items():
        assert kept.tables()[kind].tobytes() == rows.tobytes()
    assert kept.status == imported.events.status


def test_after_a_crash_it_goes_on_and_serves_nothing_from_before(tmp_path):
    async def main():
        venue = FakeVenue(Binance(), 4)
        async with venue.run() as hosts:
            async with recording(tmp_path, hosts) as process:
                await until_logged(tmp_path / "atom", 1)
                process.kill()
                await process.wait()
            crashed = venue.markets["BTCUSDT"].last
            async with recording(tmp_path, hosts) as process:
                await until_logged(tmp_path / "atom", 2)
                process.send_signal(signal.SIGTERM)
                await asyncio.wait_for(process.communicate(), 60)
                assert process.returncode == 0
        return venue.markets["BTCUSDT"], crashed

    market, crashed = asyncio.run(main())
    kept = Store(tmp_path / "atom").read("binance", "BTC-USDT")
    told = StatusKind.CONNECT, StatusKind.CRASH, StatusKind.CONNECT, StatusKind.DISCONNECT
    assert tuple(status.kind for status in kept.status) == told
    second = int(np.searchsorted(kept.book["ts_recv"], kept.status[2].ts_recv))
    assert 0 < kept.book["sequence"][:second].max() <= crashed
    before, after = Book(), Book()
    before.apply(kept.book[:second])
    assert not before.valid  # cleared as the second began
    after.apply(kept.book[: np.flatnonzero(kept.book["sequence"])[-1] + 1])
    assert after.valid
    bids, asks = market.truth[int(kept.book["sequence"].max())]
    assert (dict(after.levels(Side.BID)), dict(after.levels(Side.ASK))) == (bids, asks)


def test_what_cannot_be_recorded_is_refused_in_one_line(tmp_path):
    async def main():
        async with (
            FakeVenue(Binance(), 5).run() as hosts,
            recording(tmp_path, hosts, "--symbol", "DOGE-USDT") as process,
        ):
            _, err = await asyncio.wait_for(process.communicate(), 60)
            return process.returncode, err.decode()

    code, err = asyncio.run(main())
    assert code == 2
    assert "binance lists no 'DOGE-USDT'" in err
    assert len(err.splitlines()) == 1
    for option, value in (("--host", "nonsense"), ("--for", "-1")):
        words = ["record", "--venue", "binance", "--symbol", "BTC-USDT", option, value]
        with pytest.raises(BadInput, match=f"{option} takes"):
            CliRunner().invoke(app, words, catch_exceptions=False)


def test_a_venue_that_does_not_answer_is_told(tmp_path):
    """Nothing listens on port 1: the reason is in the log, and the end is no success."""

    async def main():
        hosts = {"https://api.binance.com": "http://127.0.0.1:1", "wss://stream.binance.com:9443": "ws://127.0.0.1:1"}
        async with recording(tmp_path, hosts, "--for", "1") as process:
            _, err = await asyncio.wait_for(process.communicate(), 60)
            return process.returncode, err.decode()

    code, err = asyncio.run(main())
    assert code == 1
    assert "no answer; asking again" in err
    assert err.splitlines()[-1].startswith("fusion: nothing came from binance")
