import math

import numpy as np
import pytest

from fusion.errors import BadInput
from fusion.sdk import Interface, Setting
from sandbox.code import Limits, ModuleCode
from sandbox.outcome import Refused, Result

X = np.arange(5.0)
FIRST = 7
"""The line of the first statement of a body in its file."""


def result(outcome: object) -> Result:
    assert isinstance(outcome, Result), outcome
    return outcome


# What a module computes


def test_a_module_maps_columns_to_columns(body, value):
    assert value(body("return 2 * x")) == [0, 2, 4, 6, 8]


def test_pandas_and_linear_algebra_are_there(body, value):
    assert value(body("return pd.Series(x).rolling(2, min_periods=1).mean().to_numpy()")) == [
        0,
        0.5,
        1.5,
        2.5,
        3.5,
    ]
    assert value(body("return np.linalg.inv(2 * np.eye(5)) @ x")) == [0, 0.5, 1, 1.5, 2]
    assert value(body("return np.ones((5, 300)) @ np.ones(300) + x")) == [300, 301, 302, 303, 304]


def test_several_ports_and_dtypes(runtime, write):
    module = write(
        """
        from typing import NamedTuple

        class Out(NamedTuple):
            up: Ints
            level: Floats

        @module
        def f(x: Floats, n: Ints, *, by: float = 1.0) -> Out:
            return Out((x > n).astype(np.int64), x + by)
        """
    )
    outcome = result(runtime.run(module, {"n": np.array([3, 0, 3, 0, 3]), "x": X}, {"by": 2}))
    assert {name: column.dtype.name for name, column in outcome.outputs.items()} == {"up": "int64", "level": "float64"}
    assert outcome.outputs["up"].tolist() == [0, 1, 0, 1, 1]
    assert outcome.outputs["level"].tolist() == [2, 3, 4, 5, 6]
    assert outcome.fuel > 0


def test_no_rows_are_rows_too(runtime, body):
    assert result(runtime.run(body("return 2 * x"), {"x": np.empty(0)}, {})).outputs["value"].tolist() == []


def test_columns_arrive_whatever_their_layout(runtime, body):
    strided = np.arange(10.0)[::2]
    swapped = np.arange(5.0).astype(">f8").astype("<f8")
    assert result(runtime.run(body("return x"), {"x": strided}, {})).outputs["value"].tolist() == [0, 2, 4, 6, 8]
    assert result(runtime.run(body("return x[::-1][::-1]"), {"x": swapped}, {})).outputs["value"].tolist() == X.tolist()


def test_special_numbers_pass(runtime, body):
    special = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    outputs = result(runtime.run(body("return x"), {"x": special}, {})).outputs
    np.testing.assert_array_equal(outputs["value"], special)
    assert math.copysign(1, outputs["value"][3]) == -1


def test_inputs_cannot_be_changed_in_place(body, error):
    assert error(body("x[0] = 1\nreturn x")).error == "ValueError"


def test_a_bundle_has_modules_and_data_of_its_own(write, value):
    module = write(
        """
        import pkgutil
        import statistics
        import parts.decay
        from parts import decay
        from .parts.decay import half

        @module
        def f(x: Floats) -> Floats:
            assert parts.decay.half is half and decay.half is half
            return x * half() + float(pkgutil.get_data(__package__, "offset.txt")) + statistics.mean(1)
        """,
        files={
            "parts/__init__.py": "",
            "parts/decay.py": "def half():\n    return 0.5\n",
            "statistics.py": "def mean(x):\n    return 100 * x\n",
            "offset.txt": "7",
        },
    )
    assert value(module) == [107, 107.5, 108, 108.5, 109]


# requires


def test_requires_gives_the_upstream_function(write, value):
    base = write("@module\ndef twice(x: Floats, *, k: float = 2.0) -> Floats:\n    return k * x", "twice")
    middle = write(
        "from requires import double\n@module\ndef four(x: Floats) -> Floats:\n    return double(double(x))",
        "four",
        double=base,
    )
    top = write(
        "import requires\nfrom requires import double, four\n@module\ndef f(x: Floats) -> Floats:\n"
        "    assert requires.double is double\n    return four(x) + double(x, k=10.0)",
        four=middle,
        double=base,
    )
    assert value(top) == [0, 14, 28, 42, 56]


def test_an_upstream_is_named_in_errors_but_has_no_lines_of_its_own(write, error):
    base = write("@module\ndef bad(x: Floats) -> Floats:\n    raise KeyError('k')", "bad")
    top = write("from requires import bad\n@module\ndef f(x: Floats) -> Floats:\n    return bad(x)", bad=base)
    outcome = error(top)
    assert (outcome.error, outcome.lines) == ("KeyError", (8,))


def test_an_undeclared_upstream_is_refused(runtime, write):
    module = write("from requires import ema\n@module\ndef f(x: Floats) -> Floats:\n    return ema(x)")
    assert runtime.run(module, {"x": X}, {}) == Refused(
        "module.py:5: requires has no 'ema': declare it under [requires] in module.toml"
    )


# What is refused before anything is computed


@pytest.mark.parametrize(
    ("inputs", "settings", "why"),
    [
        ({}, {}, "missing input port 'x' (float64) of f"),
        ({"x": X, "y": X}, {}, "unknown input port 'y': f takes x"),
        ({"x": X.astype(np.int64)}, {}, "input port 'x' of f takes float64, got int64"),
        ({"x": X.astype(np.float32)}, {}, "input port 'x' is float32: give a numpy array of float64 or int64"),
        ({"x": X.reshape(1, 5)}, {}, "input port 'x' has shape (1, 5): give one dimension"),
        ({"x": [1.0]}, {}, "input port 'x' is list: give a numpy array of float64 or int64"),
        ({"x": X, "y": X[:3]}, {}, "input ports differ in length: 'x' has 5, 'y' has 3 rows"),
        ({"x": X}, {"z": 1}, "unknown setting 'z' of f: known settings are span"),
        ({"x": X}, {"span": 1.5}, "setting 'span' of f takes int, got 1.5"),
        ({"x": X}, {"span": True}, "setting 'span' of f takes int, got True"),
        ({"x": X}, {"span": 1 << 63}, "setting 'span' is beyond 64 bits"),
        ({"x": X}, {"span": 10**5000}, "setting 'span' is beyond 64 bits"),
        ({"x": X}, {"span": float("inf")}, "setting 'span' of f takes int, got inf"),
        ({"x": X}, {"span": None}, "setting 'span' is NoneType: give int, float, bool or str"),
    ],
)
def test_what_does_not_fit_the_ports_and_settings(runtime, write, inputs, settings, why):
    module = write("@module\ndef f(x: Floats, *, span: int = 2) -> Floats:\n    raise AssertionError('was called')")
    assert runtime.run(module, inputs, settings) == Refused(why)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(fuel=0), "limit fuel is 0: give 1 to"),
        (Limits(memory=1 << 20), "limit memory is 1048576: give "),
        (Limits(memory=1 << 33), "limit memory is 8589934592: give "),
        (Limits(output=-1), "limit output is -1: give 0 to"),
    ],
)
def test_limits_no_run_can_have(runtime, body, limits, why):
    outcome = runtime.run(body("return x"), {"x": X}, {}, limits=limits)
    assert isinstance(outcome, Refused)
    assert outcome.why.startswith(why)


def test_a_seed_out_of_range_is_refused(runtime, body):
    assert isinstance(runtime.run(body("return x"), {"x": X}, {}, seed=-1), Refused)
    assert isinstance(runtime.run(body("return x"), {"x": X}, {}, seed=1 << 64), Refused)


MANIFEST = '[inputs]\n{}\n[outputs]\nvalue = "out"\n'


def test_the_manifest_has_to_name_the_ports(runtime, write):
    source = "@module\ndef f(x: Floats) -> Floats:\n    return x"
    fits = write(source, files={"module.toml": MANIFEST.format('x = "in"')})
    assert isinstance(runtime.run(fits, {"x": X}, {}), Result)
    other = write(source, files={"module.toml": MANIFEST.format('price = "in"')})
    assert runtime.run(other, {"x": X}, {}) == Refused("module.toml declares inputs price; f has x")
    with pytest.raises(BadInput, match=r"module\.toml declares inputs price; f has x"):
        runtime.describe(other)
    broken = write(source, files={"module.toml": "[inputs"})
    with pytest.raises(BadInput, match=r"module\.toml cannot be read"):
        runtime.describe(broken)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("import socket", "socket"),
        ("import ctypes", "ctypes"),
        ("import subprocess", "subprocess"),
        ("import os.path", "os.path"),
        ("import sys", "sys"),
        ("import importlib", "importlib"),
        ("import threading", "threading"),
        ("import scipy", "scipy"),
        ("import fusion.content", "fusion.content"),
        ("from fusion import errors", "fusion"),
        ("from os import environ", "os"),
        ("__import__('socket')", "socket"),
        ("import numpy.ctypeslib", "numpy.ctypeslib"),
        ("from numpy import ctypeslib", "numpy.ctypeslib"),
        ("import pandas.io.sql", "pandas.io.sql"),
        ("if x is None: import socket", "socket"),
    ],
)
def test_forbidden_imports_are_refused_by_name_and_line(runtime, body, statement, name):
    outcome = runtime.run(body(statement), {"x": X}, {})
    assert isinstance(outcome, Refused)
    assert outcome.why.startswith(f"module.py:{FIRST}: import of {name} is not allowed: ")


@pytest.mark.parametrize(
    "statement",
    [
        "__import__('soc' + 'ket')",
        "exec('import socket')",
        "exec('import socket', {})",
        "eval('__import__(\"socket\")')",
        "exec('lazy import socket\\nsocket.socket')",
    ],
)
def test_hidden_imports_fail_when_they_are_reached(body, statement, error):
    outcome = error(body(statement))
    assert outcome.error == "ForbiddenImportError"
    assert "import of socket is not allowed" in outcome.message


# describe


def test_describe(runtime, write):
    module = write(
        "@module(lookback=lambda span: 2 * span)\n"
        "def f(x: Floats, n: Ints, *, span: int = 3, mode: str = 'a') -> Ints:\n    raise AssertionError('was called')"
    )
    expected = Interface(
        "f",
        {"x": "float64", "n": "int64"},
        {"value": "int64"},
        {"span": Setting("int", 3), "mode": Setting("str", "a")},
        6,
    )
    assert runtime.describe(module) == expected
    assert runtime.describe(module, {"span": 5}).lookback == 10


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def f(:", r"module\.py:5: SyntaxError: "),
        ("import socket", r"module\.py:5: import of socket is not allowed: "),
        ("1 / 0", r"module\.py:5: ZeroDivisionError: division by zero"),
        ("@module\ndef f(x: float) -> Floats: ...", r"module\.py:5: TypeError: module f: input 'x' is annotated float"),
        ("def f(x): ...", "'f' is no module: decorate it with @module"),
        ("@module\ndef g(x: Floats) -> Floats: ...", r"module\.py has no function 'f', the entry in module\.toml"),
        ("f = 3", r"module\.py has no function 'f'"),
        ("while True: pass", "loading the module ended with the fuel limit"),
    ],
)
def test_describe_says_what_is_wrong_and_where(runtime, write, source, told):
    with pytest.raises(BadInput, match=told):
        runtime.describe(write(source))


def test_a_bundle_without_module_py_is_refused(runtime, write):
    module = ModuleCode(write("").cid, {"other.py": b""}, "f")
    with pytest.raises(BadInput, match=r"module\.py is missing"):
        runtime.describe(module)


def test_a_module_with_native_packages_is_refused(runtime, write):
    native = {"module.toml": 'native = ["numba"]\n[inputs]\nx = ""\n[outputs]\nvalue = ""\n'}
    upstream = write("@module\ndef f(x: Floats) -> Floats:\n    return x", files=native)
    for module in (upstream, write("@module\ndef f(x: Floats) -> Floats:\n    return x", up=upstream)):
        outcome = runtime.run(module, {"x": np.arange(5.0)}, {})
        assert isinstance(outcome, Refused)
        assert "needs the native package 'numba', which the wasm sandbox has not" in outcome.why
        with pytest.raises(BadInput, match="module test --native"):
            runtime.describe(module)
