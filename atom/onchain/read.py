"""Read: files of raw logs into recordings, one a pool."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from atom.events import Events, Rows, Status, empty
from atom.instrument import Ints
from atom.onchain.decode import by_pool, decode, strange, tables_of, with_sizes
from atom.onchain.files import RawFile, read_files
from atom.onchain.forms import FAMILIES, FORMS
from atom.onchain.pools import UNNAMED, Pool, instrument, read_pools
from atom.reader import CaptureRead
from atom.recording import Recording
from fusion.errors import CaptureError

_PECULIAR = sorted(range(len(FORMS)), key=lambda index: not FORMS[index].venue.startswith("pancake"))
"""Forms by how much they tell of a venue: of Pancake's v3 only swaps have a form of their own."""


def read_logs(venue: str, files: Sequence[Path], pool_files: Sequence[Path] = ()) -> CaptureRead:
    """Reads raw logs of exchanges.

    Every log is read by its form, whoever made it. Forms tell only the family: pools of `venue`'s family are put under
    `venue`, others under the venue that had their form first. Logs of addresses that have none of these forms are
    counted apart, and are no riddle: a chain holds much else. A log that has the topic of a form and not its shape is
    unexplained.

    Args:
        venue: such as `uniswap_v3`.
        files: CSV or JSON, as `atom.onchain.files` knows them.
        pool_files: what is known of pools. A file of logs that do not name their maker is of the only one of these, if
            there is one alone.

    Raises:
        CaptureError: a file is missing, cut short, malformed, or holds no log of a known form.
    """
    raw = read_files(files)
    pools = read_pools(pool_files)
    return _Reading(venue, raw, pools).read()


class _Reading:
    def __init__(self, venue: str, raw: Sequence[RawFile], pools: dict[str, Pool]) -> None:
        self._venue = venue
        self._raw = raw
        self._pools = pools
        self._decoded = [decode(file.logs) for file in raw]

    def read(self) -> CaptureRead:
        self._agree()
        tables: dict[bytes, dict[str, Rows]] = {}
        for kind, rows in tables_of(self._decoded).items():
            for maker, some in by_pool(rows):
                tables.setdefault(maker, {})[kind] = some
        makers, which = np.unique(np.concatenate([file.logs.address for file in self._raw]), return_inverse=True)
        if not tables:
            raise CaptureError(f"{self}: none of {len(which)} logs is of a pool of a known form")
        messages = np.bincount(which, minlength=len(makers))
        venues, strange = self._venues(which, len(makers)), self._strange(which)
        others = unexplained = 0
        recordings = []
        for index, maker in enumerate(map(bytes, makers)):
            told = strange.get(index, [])
            if maker not in tables:
                others += int(messages[index])
                unexplained += len(told)
                continue
            recordings.append(self._recording(maker, venues[index], tables[maker], int(messages[index]), told))
        recordings.sort(key=lambda one: (one.events.instrument.venue, one.events.instrument.symbol))
        return CaptureRead(tuple(recordings), others, unexplained)

    def __str__(self) -> str:
        return ", ".join(str(file.path) for file in self._raw)

    def _agree(self) -> None:
        """Logs at one place of a chain are one log; else the files are of two chains, or of both sides of a reorg."""
        logs = [file.logs for file in self._raw]
        place = np.concatenate([(one.block << 24) + one.log_index for one in logs])
        order = np.argsort(place, kind="stable")
        twice = np.flatnonzero(place[order][1:] == place[order][:-1])
        if not len(twice):
            return
        starts = np.cumsum([0, *(len(one) for one in logs)])
        for left, right in zip(order[twice], order[twice + 1], strict=True):
            file, other = (int(np.searchsorted(starts, row, side="right")) - 1 for row in (left, right))
            row, again = int(left - starts[file]), int(right - starts[other])
            if logs[file].content(row) != logs[other].content(again):
                raise CaptureError(
                    f"{self._raw[other].where(again)}: another log than {self._raw[file].where(row)} at the same place "
                    f"of block {logs[file].block[row]}; import each chain alone, and what a node holds now"
                )

    def _venues(self, which: Ints, makers: int) -> list[str]:
        """Of each maker the venue of its forms."""
        form = np.concatenate([one.form for one in self._decoded])
        found: list[str] = [""] * makers
        for index in reversed(_PECULIAR):
            for maker in np.unique(which[form == index]):
                found[maker] = FORMS[index].venue
        return [self._venue if name and FAMILIES[name] == FAMILIES[self._venue] else name for name in found]

    def _strange(self, which: Ints) -> dict[int, list[Status]]:
        """Logs that nobody understood, by maker."""
        found: dict[int, list[Status]] = {}
        begin = 0
        for file, one in zip(self._raw, self._decoded, strict=True):
            logs = file.logs
            for row in np.flatnonzero(one.misfit):
                told = strange(logs, int(row), file.where(int(row)))
                found.setdefault(int(which[begin + row]), []).append(told)
            begin += len(logs)
        return found

    def _recording(
        self, maker: bytes, venue: str, tables: dict[str, Rows], messages: int, strange: Sequence[Status]
    ) -> Recording:
        address = "0x" + maker.hex() if any(maker) else UNNAMED
        pool = self._pools.get(address)
        if address == UNNAMED and len(self._pools) == 1:
            pool = next(iter(self._pools.values()))
            address = pool.address
            for rows in tables.values():
                rows["pool"] = np.frombuffer(bytes.fromhex(address[2:]), "V20")[0]
        if pool is not None:
            with_sizes(tables, pool.decimals)
        status = tuple(sorted(strange, key=lambda one: one.ts_recv))
        events = Events(
            instrument(venue, address, pool), empty("book"), empty("trade"), empty("quote"), status, dict(tables)
        )
        swaps = len(tables.get("dex_swap", ()))
        return Recording(events, messages=messages, unexplained=len(strange), trades=swaps, gaps=0)
