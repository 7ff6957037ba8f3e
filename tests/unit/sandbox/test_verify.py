import numpy as np
import pytest

from fusion.errors import BadInput
from fusion.sdk import Interface
from sandbox.verify import market, verify


def test_a_sound_module(runtime, write):
    report = verify(
        runtime,
        write(
            """
            @module(lookback=lambda span: 16 * (span + 1))
            def f(price: Floats, *, span: int = 5) -> Floats:
                return pd.Series(price).ewm(span=span, adjust=False).mean().to_numpy()
            """
        ),
    )
    assert report.sound
    assert report.problems == ()
    assert report.rows == 512
    assert report.prefixes == (1, 2, 170, 256, 511)
    assert report.lookback_error is not None
    assert report.lookback_error < 1e-12
    assert report.fuel > 0


@pytest.mark.parametrize(
    ("statements", "told"),
    [
        ("return x - x.mean()", "it looks ahead: output 'value' in row 0 is"),
        ("return np.append(x[1:], x[-1])", "it looks ahead: output 'value' in row"),
        ("return x if len(x) > 300 else x[:0]", "on the first 1 rows alone it ended otherwise: ValueError"),
        ("raise ValueError('bad')", "module.py:7: ValueError: bad"),
    ],
)
def test_what_is_wrong_is_told(runtime, body, statements, told):
    report = verify(runtime, body(statements))
    assert not report.sound
    assert told in report.problems[0]


def test_too_short_a_lookback_is_told(runtime, write):
    report = verify(
        runtime,
        write("@module(lookback=3)\ndef f(x: Floats) -> Floats:\n    return np.cumsum(x)"),
    )
    assert "with the last 3 rows alone, its lookback, the last row differs by" in report.problems[0]


def test_what_does_not_fit_is_refused(runtime, write):
    module = write("@module\ndef f(x: Floats, *, span: int = 2) -> Floats:\n    return x")
    with pytest.raises(BadInput, match="missing input port 'x'"):
        verify(runtime, module, {"y": np.zeros(3)})
    with pytest.raises(BadInput, match="unknown setting 'z'"):
        verify(runtime, module, settings={"z": 1})
    with pytest.raises(BadInput, match="SyntaxError"):
        verify(runtime, write("def f(:"))


def test_prints_are_reported(runtime, body):
    assert verify(runtime, body("print(len(x))\nreturn x")).printed == "512\n"
    assert verify(runtime, body("print('last words')\n1 / 0")).printed == "last words\n"


def test_given_inputs_are_used(runtime, body):
    assert verify(runtime, body("return x"), {"x": np.zeros(7)}).rows == 7
    assert verify(runtime, body("return x"), {"x": np.zeros(1)}).prefixes == ()
    assert verify(runtime, body("return x"), {"x": np.zeros(0)}).sound


def test_made_up_inputs_look_like_a_market() -> None:
    ports = dict.fromkeys(("bid", "ask", "bid_size", "ask_size", "price"), "float64") | {
        "ts": "int64",
        "count": "int64",
    }
    columns = market(Interface("f", ports, {"value": "float64"}), 400)
    assert {name: column.dtype.name for name, column in columns.items()} == ports
    assert (columns["ask"] > columns["bid"]).all()
    assert (columns["bid_size"] > 0).all()
    assert (np.diff(columns["ts"]) > 0).all()
    assert len(set(columns["count"].tolist())) > 1
