"""A backtest's digest is the same wherever it runs: in another process, from another folder, with other hashes."""

import json
import os
import sys
from pathlib import Path
from shutil import copy
from subprocess import PIPE, Popen

ROOT = Path(__file__).parents[2]
CAPTURE = ROOT / "tests/data/binance/perpetual.txt"
STRATEGY = """
from node.exchange.tester import BUY, SELL, Strategy

class Mine(Strategy):
    def __init__(self, times: float = 8.0) -> None:
        self.times, self.turn = times, 0

    def on_event(self, book, event, orders):
        self.turn += 1
        if book.mark == 0 or book.bid_size == 0 or book.ask_size == 0:
            return
        lots = int(book.equity * self.times / (book.mark * book.tick * book.lot))
        if self.turn % 5 == 0 and orders.open < 8 and lots > 0:
            orders.market(SELL if book.position > 0 else BUY, lots)
            orders.buy(book.bid, lots)
            orders.sell(book.ask, lots)
"""
ASKED = (
    "--cash", "200", "--latency", "1ms..5ms", "--fees", "2,5", "--json",
    "--from", "2023-11-14T22:13:21", "--to", "2023-11-14T22:13:31",
)  # fmt: skip


def begun(folder: Path, hashes: str) -> list[Popen[str]]:
    """Both forms in a folder of their own, with the strategy and the capture by other names."""
    folder.mkdir()
    (folder / f"{folder.name}.py").write_text(STRATEGY, encoding="utf-8")
    copy(CAPTURE, folder / f"{folder.name}.txt")
    words = ["backtest", f"{folder.name}.py", "--data", f"binance_futures:{folder.name}.txt", *ASKED]
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hashes, "FUSION_HOME": str(folder / "home")}
    return [
        Popen([sys.executable, "-m", "cli", *words, "--form", form], cwd=folder, env=env, stdout=PIPE, text=True)
        for form in ("compiled", "python")
    ]


def test_three_processes_and_both_forms_have_one_digest(tmp_path: Path) -> None:
    told = []
    for name, hashes in (("one", "0"), ("two", "1"), ("three", "random")):
        for process in begun(tmp_path / name, hashes):
            out, _ = process.communicate(timeout=300)
            assert process.returncode == 0
            told.append(json.loads(out))
    assert all(each["trades"] > 5 for each in told)
    assert len({each["digest"] for each in told}) == 1
