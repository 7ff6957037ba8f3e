"""What Prometheus is told is told in the docs, and is what happened."""

import re
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest
import typer

from cli import operator, operator_file
from fusion.chain.anvil import free_port
from fusion.errors import BadInput
from node.executor.metrics import Metrics
from node.executor.steps import Act

DOCS = (Path(__file__).resolve().parents[3] / "docs" / "operators.md").read_text()
NAMES = set(re.findall(r"`((?:fusion_operator|process)_\w+)`", DOCS))


def _told(metrics: Metrics) -> set[str]:
    """Names as a scrape has them; a histogram by its family."""
    return {family.name + ("_total" if family.type == "counter" else "") for family in metrics.registry.collect()}


def test_every_metric_is_documented_and_every_documented_one_is_there() -> None:
    assert _told(Metrics()) == NAMES


def test_every_key_of_the_file_and_every_verb_is_documented() -> None:
    assert [key for key in operator_file.KEYS if f"`{key}`" not in DOCS] == []
    group = typer.main.get_command(operator.app)
    verbs = list(group.commands)  # type: ignore[attr-defined]  # it is a group
    assert [verb for verb in verbs if f"fusion operator {verb}" not in DOCS] == []


def test_a_scrape_says_what_happened() -> None:
    metrics = Metrics()
    metrics.ran("result", 0.2)
    metrics.sent_for(Act.COMMIT)
    metrics.sent_for("claim", failed=True)
    metrics.duties("job", {"seen": 2}, {"paid": 1, "": 3})
    metrics.stake(free=5, locked=6, unbonding=7, claimable=8)
    metrics.claimed(9)
    metrics.slashed({"SILENT": 10})
    metrics.block(41, 43)
    metrics.runs(under_way=1, waiting=2, taken=3, memory=4, restarts=5)
    metrics.draining(on=True)
    port = free_port()
    server = metrics.serve("127.0.0.1", port)
    try:
        opener = build_opener(ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            lines = set(answer.read().decode().splitlines())
        with pytest.raises(BadInput, match=f"cannot be served at 127.0.0.1:{port}"):
            Metrics().serve("127.0.0.1", port)
    finally:
        server.shutdown()
        server.server_close()
    assert {
        'fusion_operator_run_seconds_count{outcome="result"} 1.0',
        'fusion_operator_run_seconds_bucket{le="0.1",outcome="result"} 0.0',
        'fusion_operator_transactions_total{act="commit",result="sent"} 1.0',
        'fusion_operator_transactions_total{act="commit",result="failed"} 0.0',
        'fusion_operator_transactions_total{act="claim",result="failed"} 1.0',
        'fusion_operator_duties{contract="job",stage="seen"} 2.0',
        'fusion_operator_endings{contract="job",ending="paid"} 1.0',
        'fusion_operator_endings{contract="job",ending="unknown"} 3.0',
        'fusion_operator_stake_units{state="unbonding"} 7.0',
        "fusion_operator_claimable_units 8.0",
        "fusion_operator_claimed_units_total 9.0",
        'fusion_operator_slashed_units{fault="silent"} 10.0',
        "fusion_operator_block 41.0",
        "fusion_operator_lag_blocks 2.0",
        'fusion_operator_run_memory_bytes{state="bound"} 4.0',
        "fusion_operator_draining 1.0",
    } <= lines
    assert metrics.sent == 1
