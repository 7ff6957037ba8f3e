from decimal import Decimal

import numpy as np
import pytest

from atom.gather import decimals
from atom.gather.decimals import DecimalColumn, UnreadableError, on_one_step


def column(*texts):
    made = DecimalColumn()
    made.extend(texts)
    return made


def test_the_step_is_that_of_the_most_decimals_seen_without_trailing_zeros():
    values, step = column("61685.99000000", "1", "0.00000000", "61686.50").finish()
    assert values.tolist() == [6168599, 100, 0, 6168650]
    assert step == Decimal("0.01")


def test_an_empty_column_has_the_step_one():
    values, step = column().finish()
    assert (len(values), step) == (0, 1)


def test_chunks_are_brought_to_one_step(monkeypatch):
    monkeypatch.setattr(decimals, "_CHUNK", 2)
    made = DecimalColumn()
    for text in ("1", "2", "0.5", "3", "0.125"):
        made.append(text)
    values, step = made.finish()
    assert values.tolist() == [1000, 2000, 500, 3000, 125]
    assert step == Decimal("0.001")


@pytest.mark.parametrize("bad", ["", "x", "-1", " 1", "1_0", "NaN", "99999999999999999999", None, 3, ["1"]])
def test_what_is_no_number_is_told_with_its_place(bad):
    with pytest.raises(UnreadableError) as caught:
        column("1", "2.5", bad, "4").finish()
    assert caught.value.index == 2


def test_a_number_too_wide_for_the_common_step_is_told(monkeypatch):
    monkeypatch.setattr(decimals, "_CHUNK", 1)
    made = DecimalColumn()
    for text in ("0.00000001", "900000000000"):
        made.append(text)
    with pytest.raises(UnreadableError) as caught:
        made.finish()
    assert caught.value.index == 1


def test_a_venues_step_is_taken_where_all_numbers_fit_it():
    columns = {"a": column("100.5", "101").finish(), "b": column("7").finish()}
    values, step = on_one_step(columns, Decimal("0.5"))
    assert (values["a"].tolist(), values["b"].tolist(), step) == ([201, 202], [14], Decimal("0.5"))
    values, step = on_one_step(columns, Decimal("0.25"))
    assert (values["a"].tolist(), step) == ([402, 404], Decimal("0.25"))


def test_a_step_that_the_numbers_contradict_is_not_taken():
    values, step = on_one_step({"a": column("100.5", "100.7").finish()}, Decimal("0.5"))
    assert (values["a"].tolist(), step) == ([1005, 1007], Decimal("0.1"))


def test_values_are_int64():
    values, _ = column("9223372036854775807").finish()
    assert values.dtype == np.int64
    assert values.tolist() == [2**63 - 1]


def test_more_decimals_than_are_written_are_refused_where_the_writing_counts():
    written = DecimalColumn(as_written=True)
    written.extend(["1.5", "1." + "0" * 30])
    with pytest.raises(UnreadableError) as caught:
        written.finish()
    assert caught.value.index == 1
    assert column("1." + "0" * 30).finish()[0].tolist() == [1]
