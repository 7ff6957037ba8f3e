"""cryptofeed, fed with a recorded capture: messages to its callbacks, seconds for each whole reading.

Run by `bench/atom.py` in an environment of its own: `python feeds.py CAPTURE`; prints a line a reading, and reads again
for each line on its standard input.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from cryptofeed.defines import L2_BOOK, PERPETUAL, TICKER, TRADES
from cryptofeed.exchanges import BinanceFutures
from cryptofeed.symbols import Symbols

HERS = ((b'"e":"trade"', b'"e":"aggTrade"'), (b'"t":', b'"a":'))
"""Of trades it reads the summed ones: the same messages in the words that it knows."""


class Snapshot:
    """Answers its request for the book with the recorded one."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    async def read(self, _: str) -> bytes:
        return self.body


async def main(capture: Path) -> None:
    Symbols.set(BinanceFutures.id, {"BTC-USDT-PERP": "BTCUSDT"}, {"instrument_type": {"BTC-USDT-PERP": PERPETUAL}})
    messages, snapshot = [], b""
    for line in capture.read_bytes().splitlines():
        arrival, _, body = line.partition(b" ")
        if body.startswith(b'{"lastUpdateId"'):
            snapshot = body
            continue
        for ours, hers in HERS:
            body = body.replace(ours, hers)
        messages.append((body.decode(), int(arrival) / 1e9))
    while snapshot and json.loads(messages[0][0])["data"].get("U", 0) > 0:  # deltas before the snapshot
        first = json.loads(messages[0][0])["data"]
        if first["u"] >= json.loads(snapshot)["lastUpdateId"]:
            break
        messages.pop(0)
    count = 0

    async def told(*_: object) -> None:
        nonlocal count
        count += 1

    print(json.dumps({"ready": True, "messages": len(messages)}), flush=True)
    for _ in sys.stdin:
        feed = BinanceFutures(
            symbols=["BTC-USDT-PERP"],
            channels=[L2_BOOK, TRADES, TICKER],
            callbacks={L2_BOOK: told, TRADES: told, TICKER: told},
        )
        feed.http_conn = Snapshot(snapshot)
        count = 0
        began = time.perf_counter()
        for body, arrival in messages:
            await feed.message_handler(body, None, arrival)
        taken = time.perf_counter() - began
        if count < 0.98 * len(messages):
            raise SystemExit(f"{count} callbacks for {len(messages)} messages")
        print(json.dumps({"seconds": taken}), flush=True)


asyncio.run(main(Path(sys.argv[1])))
