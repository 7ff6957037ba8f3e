"""What a person sees: aligned, short numbers, a dash for what is not there; a program gets every digit."""

import json

import pytest

from cli.output import Bps, Lines, Moment, Span, record, rows
from fusion.money import Units


def test_a_record_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    record({"paid": Units(12_500_000), "last": {"value": 61685.994999999995}, "said": "", "tx": None}, as_json=False)
    assert capsys.readouterr().out == "paid  12.50\nlast  value=61685.995\nsaid  -\ntx    -\n"


def test_a_record_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    record({"paid": Units(12_500_000), "last": 61685.994999999995}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"paid": 12_500_000, "last": 61685.994999999995}


def test_items_of_a_record_have_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    item = {"id": 1, "offers": [{"offer": 1, "fee": Bps(250)}, {"offer": 2}], "none": [], "at": Lines(a="0x1", b="0x2")}
    record(item, as_json=False)
    assert capsys.readouterr().out == (
        "id      1\noffers  offer=1, fee=250 (2.5%)\n        offer=2\nnone    -\nat      a=0x1\n        b=0x2\n"
    )
    record(item, as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "id": 1, "offers": [{"offer": 1, "fee": 250}, {"offer": 2}], "none": [], "at": {"a": "0x1", "b": "0x2"}
    }  # fmt: skip


def test_a_table_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    rows([{"operator": "ann", "free": Units(10**10)}, {"operator": "bo", "free": Units(1)}], as_json=False)
    assert capsys.readouterr().out == "operator       free\nann       10,000.00\nbo         0.000001\n"
    rows([], as_json=False)
    assert capsys.readouterr().out == "(none)\n"


def test_a_table_of_items_that_differ(capsys: pytest.CaptureFixture[str]) -> None:
    rows(
        [{"row": 1, "kind": "mark"}, {"row": 10, "kind": "fill", "fee": "5 USDT"}, {"row": 11, "maker": 7}],
        as_json=False,
    )
    assert capsys.readouterr().out == (
        "row  kind  fee     maker\n  1  mark  -           -\n 10  fill  5 USDT      -\n 11  -     -           7\n"
    )


def test_times_are_dates_to_a_person_and_seconds_to_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    item = {"expires": Moment(1_767_225_600), "never": Moment(0), "lasts": Span(90_061), "ever": Span(0)}
    record(item, as_json=False)
    assert capsys.readouterr().out == (
        "expires  2026-01-01 00:00:00 UTC\nnever    never\nlasts    1d 1h 1m 1s\never     for ever\n"
    )
    assert (str(Moment(253_402_300_799)), str(Moment(2**64 - 1))) == ("9999-12-31 23:59:59 UTC", "after the year 9999")
    record(item, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"expires": 1_767_225_600, "never": 0, "lasts": 90_061, "ever": 0}
