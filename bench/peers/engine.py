"""The project's own reference: a matching engine in C (`engine.c`), built with `cc -O3`, on the same commands.

Run by `bench/exchange.py`: `python engine.py COMMANDS.npy DEPOSITS.npy ACCOUNTS MAKER_PPM TAKER_PPM BATCH`.
"""

import ctypes
import hashlib
import subprocess
import sys
import tempfile
from ctypes import string_at
from pathlib import Path

import numpy as np
from turns import serve

ROW = 64
FIRST_USER, NODES = 2, 1 << 15
RULES = np.array([1, 1, 1, 1 << 40, 0], np.int64)
"""Base units a lot, quote units a tick and lot; least and most lots; least worth."""


def built() -> ctypes.CDLL:
    """The engine as a library."""
    folder = Path(tempfile.mkdtemp())
    source, library = Path(__file__).with_name("engine.c"), folder / "engine.so"
    subprocess.run(["cc", "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source], check=True)
    engine = ctypes.CDLL(str(library))
    engine.made.restype, engine.run.restype = ctypes.c_void_p, ctypes.c_int64
    engine.made.argtypes = [ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    engine.run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p]
    engine.ended.argtypes = [ctypes.c_void_p]
    return engine


def main() -> None:
    commands, deposits = np.load(sys.argv[1]), np.load(sys.argv[2])
    accounts, maker, taker, batch = map(int, sys.argv[3:])
    engine, size = built(), commands.dtype.itemsize
    journal = np.zeros(4 * len(commands) * ROW, np.uint8)
    out, first, count = journal.ctypes.data, commands.ctypes.data, len(commands)
    places = [(first + at * size, min(batch, count - at)) for at in range(0, count, batch)]
    made: list[int] = []

    def prepared() -> int:
        while made:
            engine.ended(made.pop())
        made.append(engine.made(FIRST_USER + accounts, NODES, RULES.ctypes.data, maker, taker))
        engine.run(made[0], deposits.ctypes.data, len(deposits), out)
        return made[0]

    def work(market: int) -> None:
        run = engine.run
        for where, count in places:
            string_at(out, ROW * run(market, where, count, out))  # what was answered is handed over, as ours is

    rows = engine.run(prepared(), commands.ctypes.data, len(commands), out)
    serve(prepared, work, rows=rows, hash=hashlib.sha256(journal[: rows * ROW]).hexdigest())


main()
