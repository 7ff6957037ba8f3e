"""A recorder of synthetic traffic, to be killed: 50,000 events a second over 500 symbols.

Prints how many rows of each symbol it has brought and when, and, once they are on the disk, that they are flushed.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from atom.events import Action, Events, Flag, Side, empty
from atom.instrument import power
from atom.store import Log
from atom.venues.simulated import INSTRUMENT

SYMBOLS, BATCH = 500, 10  # 10 batches a second of 10 rows a symbol


def batch(number: int, symbol: int) -> Events:
    """Rows of which each tells its place: the first is CLEAR, then levels."""
    rows = empty("book", BATCH)
    rows["sequence"] = np.arange(number * BATCH, (number + 1) * BATCH)
    rows["ts_recv"] = rows["ts_event"] = 1_704_067_200 * 10**9 + rows["sequence"] * 10**7
    rows["action"], rows["side"] = Action.MODIFY, Side.BID
    rows["price"], rows["size"] = 1000 + rows["sequence"] % 7, 1 + rows["sequence"]
    rows["flags"] = int(Flag.BY_PRICE | Flag.NO_ORDER | Flag.LAST)
    if number == 0:
        rows["action"][0], rows["flags"][0] = Action.CLEAR, int(rows["flags"][0] | Flag.SNAPSHOT)
    instrument = replace(INSTRUMENT, symbol=f"S{symbol:03d}", tick=power(2))
    return Events(instrument, rows, empty("trade"), empty("quote"))


def main(folder: Path) -> None:
    """Records until it is killed; a second of traffic between flushes, and as fast as it can."""
    log = Log(folder, flush_every=3600, rotate_rows=200_000)
    number = 0
    while True:
        for _ in range(10):
            for symbol in range(SYMBOLS):
                log.take(batch(number, symbol))
            number += 1
        log.flush()
        print(number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
