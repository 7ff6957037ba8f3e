"""How runs end that do not end well."""

import numpy as np
import pytest

from sandbox.code import Limits
from sandbox.outcome import LimitHit, Result

X = np.arange(5.0)


# Errors of the module


def test_an_exception_is_its_type_and_the_modules_lines(write, error):
    module = write(
        """
        def inner(x):
            raise ValueError("no\\x1b[31m price")

        @module
        def f(x: Floats) -> Floats:
            return inner(x)
        """
    )
    outcome = error(module)
    assert (outcome.error, outcome.lines) == ("ValueError", (11, 7))
    assert outcome.message == "module.py:7: ValueError: no [31m price"  # the escape character is gone


def test_errors_while_loading(write, error):
    outcome = error(write("1 / 0"))
    assert (outcome.error, outcome.lines) == ("ZeroDivisionError", (5,))
    outcome = error(write("def f(:"))
    assert (outcome.error, outcome.lines) == ("SyntaxError", (5,))
    outcome = error(write("@module\ndef f(x) -> Floats:\n    return x"))
    assert (outcome.error, outcome.lines) == ("TypeError", (5,))


@pytest.mark.parametrize(
    ("statements", "kind", "told"),
    [
        ("return x[:2]", "ValueError", "output 'value' has shape (2,), expected (5,)"),
        ("return x.reshape(5, 1)", "ValueError", "output 'value' has shape (5, 1), expected (5,)"),
        ("return x.astype(np.float32)", "TypeError", "output 'value' has dtype float32, declared float64"),
        ("return x > 1", "TypeError", "output 'value' has dtype bool, declared float64"),
        ("return list(x)", "TypeError", "output 'value' is list, not a numpy array"),
        ("return pd.Series(x)", "TypeError", "output 'value' is Series, not a numpy array"),
        ("return np.ma.masked_array(x)", "TypeError", "output 'value' is MaskedArray, not a numpy array"),
        ("return None", "TypeError", "output 'value' is NoneType, not a numpy array"),
    ],
)
def test_outputs_have_to_be_as_declared(body, statements, kind, told, error):
    outcome = error(body(statements))
    assert outcome.error == kind
    assert told in outcome.message


@pytest.mark.parametrize(
    ("statements", "kind"),
    [
        ("raise SystemExit(3)", "SystemExit"),
        ("exit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("return f(x)", "RecursionError"),
        ("raise type('E' * 1000, (Exception,), {})", "Exception"),
        ("raise type('a b', (Exception,), {'__str__': lambda self: 1 / 0})", "Exception"),
        ("import time\ntime.sleep(1)", "OSError"),
        ("open('/etc/passwd')", "FileNotFoundError"),
        ("open('/tmp/x', 'w')", "FileNotFoundError"),
        ("return x + float('1' * 10**6 + 'x')", "ValueError"),
    ],
)
def test_whatever_is_raised_is_an_outcome(body, statements, kind, error):
    assert error(body(statements)).error == kind


# Limits


def test_an_endless_loop_ends_with_its_fuel(runtime, body):
    loop = body("while True:\n    try:\n        while True: pass\n    except BaseException: pass")
    outcome = runtime.run(loop, {"x": X}, {}, limits=Limits(fuel=10**9))
    assert outcome == LimitHit("fuel")
    assert outcome.attestable


def test_a_huge_number_ends_with_its_fuel(runtime, body):
    outcome = runtime.run(body("return x + 10**10**9"), {"x": X}, {}, limits=Limits(fuel=10**9))
    assert outcome == LimitHit("fuel")


@pytest.mark.parametrize(
    "statements",
    [
        "while True: print('x' * 10**5)",
        "import io\nout = io.FileIO(2, 'w', closefd=False)\nwhile True: out.write(b'x' * 10**5)",
        "import dataclasses\nwhile True: dataclasses.sys.modules['os'].write(1000, b'x' * 10**5)",
        "return np.zeros(5).repeat(10**5)[:5] if print('x' * (1 << 21)) else x",
    ],
)
def test_a_flood_of_output_ends_the_run(runtime, body, statements):
    outcome = runtime.run(body(statements), {"x": X}, {}, limits=Limits(output=1 << 20))
    assert outcome == LimitHit("output")
    assert outcome.attestable


def test_a_result_counts_as_output(runtime, body):
    rows = {"x": np.zeros(1 << 17)}
    assert runtime.run(body("return x"), rows, {}, limits=Limits(output=1 << 20)) == LimitHit("output")
    assert isinstance(runtime.run(body("return x"), rows, {}, limits=Limits(output=(1 << 20) + 1024)), Result)


@pytest.mark.parametrize(
    "statements",
    ["return np.ones(10**8)", "held = []\nwhile True: held.append(bytearray(10**6))", "return x + len('x' * 10**9)"],
)
def test_a_memory_bomb_ends_without_a_vote(runtime, body, statements):
    outcome = runtime.run(body(statements), {"x": X}, {}, limits=Limits(memory=128 << 20))
    assert outcome == LimitHit("memory")
    assert not outcome.attestable


def test_a_deadline_ends_without_a_vote(runtime, body):
    outcome = runtime.run(body("while True: pass"), {"x": X}, {}, deadline=0.1)
    assert outcome == LimitHit("deadline")
    assert not outcome.attestable


def test_an_overflow_of_the_native_stack_is_no_vote(runtime, body):
    deep = "import dataclasses\ndataclasses.sys.setrecursionlimit(10**9)\ndef g(): return g()\ng()"
    outcome = runtime.run(body(deep), {"x": X}, {})
    assert outcome.kind == "NoVote"
    assert not outcome.attestable
