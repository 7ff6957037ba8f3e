"""Upkeep: days that are over become one file each beside a recorder, and trouble there is not the recorder's."""

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import structlog

from atom.store import Log, Store, compaction, disk, segments
from atom.store.upkeep import Upkeep
from tests.unit.atom.store.traffic import pieces


class Calendar:
    """A date that changes when it is told to, and knows when it was last asked for."""

    def __init__(self, market):
        self.date = datetime.fromtimestamp(int(market.book["ts_recv"][-1]) // 10**9, UTC).date() + timedelta(days=1)
        self.seen = None

    def __call__(self):
        self.seen = self.date
        return self.date

    async def turn(self):
        """The next day, once that was noticed."""
        self.date += timedelta(days=1)
        await until(lambda: self.seen == self.date)


@asynccontextmanager
async def kept(folder, calendar):
    """A store that is kept up."""
    task = asyncio.create_task(Upkeep(folder, today=calendar, each=0.01).run())
    try:
        yield
    finally:
        assert not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(so):
    async with asyncio.timeout(120):
        while not so():
            await asyncio.sleep(0.01)


def books(folder):
    return len(list(folder.glob("venue=*/symbol=*/type=book/date=*/*.parquet")))


def test_days_that_are_over_are_compacted_as_it_begins_and_once_their_segments_are_parquet(tmp_path, market):
    async def main():
        with Log(tmp_path) as log:
            for batch in pieces(market, 3):
                log.take(batch)
                log.rotate()
        assert books(tmp_path) == 3
        calendar = Calendar(market)
        with Log(tmp_path) as log:
            async with kept(tmp_path, calendar):
                await until(lambda: books(tmp_path) == 1)
                log.take(market)
                log.rotate()
                log.take(market)
                log.flush()
                await calendar.turn()
                assert books(tmp_path) == 2
                await asyncio.sleep(0.1)
                assert books(tmp_path) == 2  # some of the day is still in the log
                log.rotate()
                await until(lambda: books(tmp_path) == 1)
            assert len(Store(tmp_path).read("simulated", "SIM-USD").book) == 3 * len(market.book)

    with structlog.testing.capture_logs() as told:
        asyncio.run(main())
    assert not [line for line in told if line["log_level"] != "info"]


def test_trouble_is_a_warning_and_the_next_day_is_seen_to_again(tmp_path, market):
    async def main():
        calendar = Calendar(market)
        with Log(tmp_path) as log, structlog.testing.capture_logs() as told:
            for batch in pieces(market, 2):
                log.take(batch)
                log.rotate()
            running = disk.hold(tmp_path / segments.LOG / compaction.LOCK, "")
            async with kept(tmp_path, calendar):
                with disk.released(running):
                    await until(lambda: told)
                assert told[0]["log_level"] == "warning"
                assert "another compaction" in told[0]["why"]
                assert books(tmp_path) == 2
                await calendar.turn()
                log.take(market)
                log.rotate()
                await until(lambda: books(tmp_path) == 1)
        with Log(tmp_path):  # killed as it ends
            async with kept(tmp_path, Calendar(market)):
                await asyncio.sleep(0.1)
        assert len(Store(tmp_path).read("simulated", "SIM-USD").book) == 2 * len(market.book)

    asyncio.run(main())
