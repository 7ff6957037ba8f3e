from typing import NamedTuple

import numpy as np
import pytest

from fusion.sdk import Floats, Interface, Ints, Setting, module, spec


class Bands(NamedTuple):
    low: Floats
    high: Floats
    crossed: Ints


class Fit(NamedTuple):
    path: Floats
    score: float
    trades: int


@module(lookback=lambda span: 8 * span)
def bands(
    price: Floats, time: Ints, *, span: int = 20, width: float = 2, mode: str = "mean", log: bool = False
) -> Bands:
    return Bands(price - width, price + width, time * 0)


@module
def twice(price: Floats) -> Floats:
    return 2 * price


def test_ports_and_settings_are_read_from_the_hints() -> None:
    assert spec(bands) == Interface(
        name="bands",
        inputs={"price": "float64", "time": "int64"},
        outputs={"low": "float64", "high": "float64", "crossed": "int64"},
        settings={
            "span": Setting("int", 20),
            "width": Setting("float", 2.0),
            "mode": Setting("str", "mean"),
            "log": Setting("bool", False),
        },
        lookback=160,
        several=True,
    )


def test_one_array_is_the_port_value() -> None:
    assert spec(twice).outputs == {"value": "float64"}
    assert spec(twice).lookback is None


def test_an_output_may_be_one_number() -> None:
    @module
    def last(price: Floats) -> int:
        return len(price)

    @module
    def fit(price: Floats) -> Fit:
        return Fit(price, 0.5, 3)

    assert spec(last).outputs == {"value": "int"}
    assert spec(fit).outputs == {"path": "float64", "score": "float", "trades": "int"}
    assert (spec(last).columns, spec(fit).columns) == ([], ["path"])


def test_numbers_alone_have_no_lookback() -> None:
    with pytest.raises(TypeError, match="it returns no column, so there is no last row for a lookback"):

        @module(lookback=5)
        def last(price: Floats) -> float:
            return 0.0


def test_a_module_stays_a_function() -> None:
    np.testing.assert_array_equal(twice(np.array([1.0, 2.0])), [2.0, 4.0])


def test_lookback_follows_the_settings() -> None:
    assert spec(bands, {"span": 3}).lookback == 24

    @module(lookback=5)
    def fixed(price: Floats) -> Floats:
        return price

    assert spec(fixed).lookback == 5


def test_hints_may_be_text() -> None:
    @module
    def quoted(price: "Floats", *, span: "int" = 2) -> "Floats":
        return price

    assert spec(quoted).settings == {"span": Setting("int", 2)}


def test_an_undecorated_function_has_no_interface() -> None:
    with pytest.raises(TypeError, match="'plain' is no module: decorate it with @module"):
        spec(plain)


def test_only_functions_are_decorated() -> None:
    with pytest.raises(TypeError, match="decorates functions, got int"):
        module(3)


def plain(price: Floats) -> Floats: ...


def no_annotation(price) -> Floats: ...
def wrong_annotation(price: float) -> Floats: ...
def wrong_dtype(price: np.ndarray) -> Floats: ...
def input_default(price: Floats = None) -> Floats: ...
def rest(*price: Floats) -> Floats: ...
def named_rest(price: Floats, **more: int) -> Floats: ...
def no_input(*, span: int = 2) -> Floats: ...
def no_default(price: Floats, *, span: int) -> Floats: ...
def odd_setting(price: Floats, *, span: list[int] = []) -> Floats: ...  # noqa: B006
def wrong_default(price: Floats, *, span: int = 2.5) -> Floats: ...
def bool_for_int(price: Floats, *, span: int = True) -> Floats: ...
def infinite(price: Floats, *, width: float = float("inf")) -> Floats: ...
def no_return(price: Floats): ...
def none_returned(price: Floats) -> None: ...
def bare_tuple(price: Floats) -> tuple[Floats, Floats]: ...
def odd_name(_price: Floats) -> Floats: ...
def unknown_name(price: "Nothing") -> Floats: ...  # noqa: F821


class Mixed(NamedTuple):
    low: Floats
    high: bool


Many = NamedTuple("Many", [(f"n{index}", int) for index in range(33)])


class Empty(NamedTuple):
    pass


def mixed(price: Floats) -> Mixed: ...
def many(price: Floats) -> Many: ...
def empty(price: Floats) -> Empty: ...


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (no_annotation, "parameter 'price' has no annotation"),
        (wrong_annotation, "input 'price' is annotated float: write Floats or Ints"),
        (wrong_dtype, "input 'price' is annotated ndarray: write Floats or Ints"),
        (input_default, r"input 'price' has a default: ports are always given; put settings after `\*`"),
        (rest, r"\*price is not allowed"),
        (named_rest, r"\*more is not allowed"),
        (no_input, "it has no input port"),
        (no_default, "setting 'span' has no default"),
        (odd_setting, r"setting 'span' is annotated list\[int\]: write int, float, bool or str"),
        (wrong_default, "setting 'span''s default takes int, got 2.5"),
        (bool_for_int, "setting 'span''s default takes int, got True"),
        (infinite, "setting 'width''s default is inf: give a finite number"),
        (no_return, "it has no return annotation"),
        (none_returned, "the return value is annotated NoneType"),
        (bare_tuple, "the return value is annotated tuple"),
        (odd_name, "input '_price' is named '_price': use a letter"),
        (unknown_name, "an annotation cannot be read"),
        (mixed, "output 'high' is annotated bool: write Floats, Ints, float or int"),
        (many, "Many has 33 numbers, at most 32 are allowed"),
        (empty, "Empty has no field"),
    ],
)
def test_a_wrong_signature_is_told_when_it_is_decorated(function, told: str) -> None:
    with pytest.raises(TypeError, match=told):
        module(function)


@pytest.mark.parametrize(
    ("lookback", "told"),
    [
        (0, "lookback is 0: give a whole number of rows"),
        (2.0, "lookback is 2.0"),
        (True, "lookback is True"),
        (lambda width: width, "lookback takes 'width', which is no setting"),
        (lambda span: -span, "lookback is -20"),
    ],
)
def test_a_wrong_lookback_is_told_when_it_is_decorated(lookback, told: str) -> None:
    def ema(price: Floats, *, span: int = 20) -> Floats:
        return price

    with pytest.raises(TypeError, match=told):
        module(lookback=lookback)(ema)
