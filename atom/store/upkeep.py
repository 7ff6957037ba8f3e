"""Upkeep: while a recorder runs, days that are over are compacted, by a process of the lowest priority."""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from orjson import dumps, loads

from atom.store import segments
from atom.store.compaction import compact
from fusion.errors import FusionError

_LATE: Final = timedelta(seconds=10)  # by then the last batch of a day is in the log
_NICE: Final = 19

log = structlog.get_logger()


def _today() -> date:
    return (datetime.now(UTC) - _LATE).date()


class Upkeep:
    """Compacts a store beside the recorder that writes to it: once as it begins, then once a day.

    A day is compacted when the segments that were there as it ended are Parquet. What goes wrong is a warning in the
    log of the program, and tried again a day later; the recording does not hear of it.

    Args:
        folder: the store's; its log is open.
        today: the date, UTC.
        each: seconds between two looks.
    """

    def __init__(self, folder: Path, *, today: Callable[[], date] = _today, each: float = 1.0) -> None:
        self._folder = folder
        self._today = today
        self._each = each

    async def run(self) -> None:
        """Goes on until cancelled; a compaction that is running is killed then, and loses nothing."""
        day: date | None = None
        while True:
            while day is not None and self._today() <= day:
                await asyncio.sleep(self._each)
            begins, day = day is None, self._today()
            try:
                await self._rotated(self._newest() - begins)  # what was just begun holds nothing of an earlier day
                await self._compact(day)
            except OSError as error:
                self._warn(error.strerror or str(error))

    async def _rotated(self, upto: int) -> None:
        """Waits until no segment up to this one is left in the log."""
        while min(segments.numbers(self._folder), default=upto + 1) <= upto:
            await asyncio.sleep(self._each)

    def _newest(self) -> int:
        return max(segments.numbers(self._folder), default=0)

    async def _compact(self, before: date) -> None:
        if not any(self._folder.glob("venue=*")):
            return
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__, str(self._folder), before.isoformat()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C at a terminal is for the recorder
        )
        try:
            out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            lines = err.decode("utf-8", "replace").split("\n")
            self._warn(next((line for line in reversed(lines) if line), f"it ended with {process.returncode}"))
        elif (made := loads(out))["files"]:
            log.info("days that are over are compacted", **made)

    def _warn(self, why: str) -> None:
        log.warning("days that are over are not compacted; trying again a day later", why=why)


def main() -> None:
    """The process: `python -m atom.store.upkeep FOLDER BEFORE`; prints files and bytes before and after as JSON."""
    os.nice(_NICE)
    folder, before = sys.argv[1:]
    try:
        made = list(compact(Path(folder), before))
    except FusionError as error:
        sys.exit(str(error))
    told = {"files": sum(one.files for one in made)}
    told |= {"before": sum(one.before for one in made), "after": sum(one.after for one in made)}
    sys.stdout.buffer.write(dumps(told))


if __name__ == "__main__":
    main()
