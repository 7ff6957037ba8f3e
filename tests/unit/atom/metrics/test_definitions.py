"""What is said of the metrics is what they are."""

from pathlib import Path

import atom.metrics
from atom import open_feed
from atom.events import StatusKind
from atom.metrics import DEFINITIONS, GROUPS, METRICS, PARAMETERS, Connection, Parameters, book_metrics
from atom.metrics.page import page
from tests.unit.atom.metrics.notes import events

DOCS = Path(__file__).resolve().parents[4] / "docs" / "metrics.md"


def test_the_page_is_that_of_these_definitions():
    assert DOCS.read_text() == page(), "write it anew: python -m atom.metrics.page > docs/metrics.md"


def test_every_name_is_defined_once():
    assert sum(len(group.definitions) for group in GROUPS) == len(DEFINITIONS)


def test_every_column_is_defined_and_every_definition_has_a_column():
    values = book_metrics(open_feed("simulated").events)
    by_bps = {f"{side}_depth_{bps}": f"{side}_depth_{{bps}}" for side in ("bid", "ask") for bps in Parameters().depths}
    defined = {group.name: {one.name for one in group.definitions} for group in GROUPS}
    columns = [{by_bps.get(name, name) for name in table} - {"ts"} for table in values]
    assert columns[0] == defined["book"]
    assert columns[1] == defined["book"] | defined["period"]
    assert set(Connection().update(events())) == {"ts", *defined["connection"]}


def test_every_status_counts_as_something():
    counted = {one.name for one in next(group for group in GROUPS if group.name == "connection").definitions}
    assert {kind.value for kind in StatusKind} - counted == {"connect", "disconnect", "crash"}


def test_the_metrics_of_quotes_are_among_them_in_the_same_words():
    for name, metric in METRICS.items():
        assert metric.unit == DEFINITIONS[name].unit


def test_those_that_we_made_up_say_so():
    for name in ("aopv", "aopv_total", "nfr", "eoi", "eoi_total"):
        assert DEFINITIONS[name].source == "ours (no public definition found)"
    assert DEFINITIONS["whole"].ours
    assert not DEFINITIONS["vpin"].ours


def test_each_is_told_whole():
    for group in GROUPS:
        known = {one.name for one in group.parameters}
        for one in group.definitions:
            assert "" not in (one.unit, one.formula, one.source, one.warm_up, one.null)
            assert known >= set(one.parameters)
    assert {parameter for one in GROUPS[1].definitions for parameter in one.parameters} < set(PARAMETERS)


def test_machines_are_where_they_are_said_to_be():

    for group in GROUPS:
        assert hasattr(atom.metrics, group.machine.split(",")[0].rpartition(".")[2])
