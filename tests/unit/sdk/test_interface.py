import pytest

from fusion.sdk import Interface, Scalar, Setting

EMA = Interface(
    "ema",
    {"price": "float64"},
    {"value": "float64"},
    {
        "span": Setting("int", 20),
        "decay": Setting("float", 0.5),
        "log": Setting("bool", False),
        "mode": Setting("str", "a"),
    },
)


def test_what_is_not_given_has_its_default() -> None:
    assert EMA.settle({"mode": "b"}) == {"span": 20, "decay": 0.5, "log": False, "mode": "b"}


def test_a_whole_number_fits_a_float_setting() -> None:
    settled = EMA.settle({"decay": 1})
    assert settled["decay"] == 1.0
    assert type(settled["decay"]) is float


@pytest.mark.parametrize(
    ("given", "error", "told"),
    [
        ({"spam": 1}, TypeError, "unknown setting 'spam' of ema: known settings are span, decay, log, mode"),
        ({"span": 2.0}, TypeError, "setting 'span' of ema takes int, got 2.0"),
        ({"span": True}, TypeError, "takes int, got True"),
        ({"span": "2"}, TypeError, "takes int, got '2'"),
        ({"log": 1}, TypeError, "takes bool, got 1"),
        ({"mode": 1}, TypeError, "takes str, got 1"),
        ({"decay": float("nan")}, ValueError, "is nan: give a finite number"),
        ({"span": 1 << 63}, ValueError, "is beyond 64 bits"),
        ({"mode": "x" * 5000}, ValueError, "has 5000 characters, at most 4096"),
    ],
)
def test_other_values_are_refused(given: dict[str, Scalar], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        EMA.settle(given)


def test_a_module_without_settings_says_so() -> None:
    with pytest.raises(TypeError, match="known settings are none"):
        Interface("f", {"x": "float64"}, {"value": "float64"}).settle({"span": 1})
