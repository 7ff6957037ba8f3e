"""Verify: whether an exchange that is asked the same once more gives the same answers, byte for byte."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fusion.errors import BadInput
from node.exchange.core.journal import JOURNAL
from node.exchange.exchange import Journal
from node.exchange.service import home, log
from node.exchange.service.batch import Batch
from node.exchange.service.home import Home
from node.exchange.service.log import Record
from node.exchange.service.plan import planned
from node.exchange.service.recovery import made, whole
from node.exchange.service.store import COMMANDS, Keeping, Store


def verified(folder: Path, report: Callable[[str, float], None]) -> dict[str, Any]:
    """Does the log again from the oldest snapshot that is kept, and compares the journal.

    Returns:
        rows that are the same, records that were done again, the BLAKE2b hash of those rows, and how many rows the
        journal lacks at its end: after a crash it gets them when the exchange is served again.

    Raises:
        BadInput: an answer is another one; or the exchange is served.
    """
    plan = planned(home.plan(folder))
    with Home(folder):
        oldest = next(whole(folder, oldest_first=True), None)
        if oldest is None:
            raise BadInput(f"no snapshot in {folder} is whole; put back a copy")
        journal = Store(folder, Keeping()).journal
        service = made(plan, folder=folder)
        service.load(oldest.arrays, oldest.facts)
        begun = int(oldest.facts["tables"]["journal"])
        compared, records, missing, digest = begun, 0, 0, hashlib.blake2b(digest_size=32)
        other = -1

        def compare(batch: Batch) -> None:
            nonlocal compared, missing, other
            if other >= 0:
                return
            kept = journal.read(compared, compared + len(batch.rows))
            again = batch.rows[: len(kept)]
            if kept.tobytes() != again.tobytes():
                other = compared + _first_other(kept, again)
                return
            digest.update(again.tobytes())
            compared, missing = compared + len(kept), missing + len(batch.rows) - len(kept)
            report(f"{compared - begun:,} rows", min(1.0, (compared - begun) / max(1, journal.count - begun)))

        def counted() -> Iterator[Record]:
            nonlocal records
            for each in log.read(folder / COMMANDS, oldest.number):
                if other >= 0:
                    return
                records += 1
                yield each

        service.listeners.append(compare)
        service.redo(counted())
        if other >= 0:
            raise BadInput(f"row {other} of the journal is not what the log leads to")
        if compared < journal.count:
            raise BadInput(f"the journal has {journal.count - compared} rows that the log does not lead to")
    return {"rows": compared - begun, "records": records, "journal": digest.hexdigest(), "missing": missing}


def _first_other(kept: Journal, again: Journal) -> int:
    """Where two journals differ first."""
    return int(np.flatnonzero(kept.view(f"V{JOURNAL.itemsize}") != again.view(f"V{JOURNAL.itemsize}"))[0])
