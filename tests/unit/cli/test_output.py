"""What a person sees: aligned, short numbers, a dash for what is not there; a program gets every digit."""

import json

import pytest

from cli.output import record, rows
from fusion.money import Units


def test_a_record_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    record({"paid": Units(12_500_000), "last": {"value": 61685.994999999995}, "said": "", "tx": None}, as_json=False)
    assert capsys.readouterr().out == "paid  12.50\nlast  value=61685.995\nsaid  -\ntx    -\n"


def test_a_record_for_a_program(capsys: pytest.CaptureFixture[str]) -> None:
    record({"paid": Units(12_500_000), "last": 61685.994999999995}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"paid": 12_500_000, "last": 61685.994999999995}


def test_a_table_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    rows([{"operator": "ann", "free": Units(10**10)}, {"operator": "bo", "free": Units(1)}], as_json=False)
    assert capsys.readouterr().out == "operator       free\nann       10,000.00\nbo         0.000001\n"
    rows([], as_json=False)
    assert capsys.readouterr().out == "(none)\n"
