"""Modules as the machine's own code: they run, they end in every way, and nothing of a job is left for the next."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from fusion.errors import BadInput, Retryable
from sandbox.code import Limits, ModuleCode
from sandbox.jail.walls import Wall, usable
from sandbox.native import NativeRuntime
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused, Result
from sandbox.verify import verify

X = np.arange(5.0)
SYS = "import dataclasses\nsys = dataclasses.sys\nos = sys.modules['os']\n"

pytestmark = pytest.mark.skipif(Wall.SECCOMP not in usable(), reason="native modules run behind Linux's walls")


@pytest.fixture(scope="module")
def native() -> Iterator[NativeRuntime]:
    with NativeRuntime(("numba", "pandas")) as runtime:
        yield runtime


Declare = Callable[..., ModuleCode]
Ended = Callable[..., Outcome]


@pytest.fixture(scope="session")
def declared(write: Callable[..., ModuleCode]) -> Declare:
    """A module from source text whose manifest declares native packages."""

    def written(source: str, *packages: str, **requires: ModuleCode) -> ModuleCode:
        listed = ", ".join(f'"{package}"' for package in packages)
        manifest = f'native = [{listed}]\n[inputs]\nx = ""\n[outputs]\nvalue = ""\n'
        return write(source, files={"module.toml": manifest}, **requires)

    return written


@pytest.fixture(scope="module")
def ended(native: NativeRuntime, body: Callable[[str], ModuleCode]) -> Ended:
    """How a module `f(x)` ends on 0, 1, 2, 3, 4."""

    def found(statements: str, limits: Limits = Limits(), deadline: float = 60.0) -> Outcome:  # noqa: B008
        return native.run(body(statements), {"x": X}, {}, limits=limits, deadline=deadline)

    return found


def values(outcome: Outcome) -> list[float]:
    assert isinstance(outcome, Result), outcome
    return outcome.outputs["value"].tolist()


MEAN = """
import numba


@numba.njit
def mean(x, window):
    out = np.empty(x.size)
    total = 0.0
    for i in range(x.size):
        total += x[i]
        if i >= window:
            total -= x[i - window]
        out[i] = total / min(i + 1, window)
    return out


@module(lookback=2)
def f(x: Floats) -> Floats:
    return mean(x, 2)
"""


# What it gives


def test_a_result_is_native_without_fuel_and_not_attestable(ended: Ended) -> None:
    outcome = ended("return 2 * x")
    assert values(outcome) == [0, 2, 4, 6, 8]
    assert isinstance(outcome, Result)
    assert (outcome.native, outcome.fuel, outcome.attestable) == (True, 0, False)


def test_numba_compiles_inside(native: NativeRuntime, declared: Declare, write: Declare) -> None:
    module = declared(MEAN, "numba")
    assert values(native.run(module, {"x": X}, {})) == [0, 0.5, 1.5, 2.5, 3.5]
    above = write("from requires import mean\n\n@module\ndef f(x: Floats) -> Floats:\n    return -mean(x)", mean=module)
    assert values(native.run(above, {"x": X}, {})) == [0, -0.5, -1.5, -2.5, -3.5]


PARALLEL = """
import numba


@numba.njit(parallel=True)
def noise(x):
    out = np.empty(x.size)
    for i in numba.prange(x.size):
        out[i] = np.random.random()
    return out


@module
def f(x: Floats) -> Floats:
    return noise(x)
"""


def test_numba_s_threads_are_one_and_its_random_numbers_follow_from_the_seed(
    native: NativeRuntime, declared: Declare
) -> None:
    module = declared(PARALLEL, "numba")
    first, again, other = (values(native.run(module, {"x": X}, {}, seed=seed)) for seed in (7, 7, 7 << 32))
    assert first == again
    assert first != other
    assert len(set(first)) == 5


def test_pandas_runs_inside(native: NativeRuntime, declared: Declare) -> None:
    source = "@module\ndef f(x: Floats) -> Floats:\n    return pd.Series(x).rolling(2, min_periods=1).mean().to_numpy()"
    assert values(native.run(declared(source, "pandas"), {"x": X}, {})) == [0, 0.5, 1.5, 2.5, 3.5]


def test_it_is_described_and_verified_as_in_wasm(native: NativeRuntime, declared: Declare) -> None:
    report = verify(native, declared(MEAN, "numba"))
    assert (report.sound, report.fuel, report.problems) == (True, 0, ())
    assert (report.interface.name, report.interface.lookback) == ("f", 2)


def test_wasm_and_native_runs_agree(native: NativeRuntime, runtime, body: Callable[[str], ModuleCode]) -> None:
    random = np.random.default_rng(7)
    given = {"x": random.normal(size=1000)}
    for statements in ("return np.cumsum(x)", "return pd.Series(x).ewm(span=9, adjust=False).mean().to_numpy()"):
        module = body(statements)
        here, there = native.run(module, given, {}), runtime.run(module, given, {})
        assert isinstance(here, Result)
        assert isinstance(there, Result)
        np.testing.assert_array_equal(here.outputs["value"], there.outputs["value"])


def test_prints_can_be_listened_to(native: NativeRuntime, body: Callable[[str], ModuleCode]) -> None:
    heard: list[str] = []
    two = "import dataclasses\nprint('one\\x1b[31m')\nprint('two', file=dataclasses.sys.stderr)\nreturn x"
    for module in (body(two), body("print('last words')\n1 / 0")):
        native.run(module, {"x": X}, {}, printed=heard.append)
    assert sorted(heard[0].splitlines()) == ["one [31m", "two"]
    assert heard[1] == "last words\n"


def test_random_numbers_follow_from_the_seed(native: NativeRuntime, body: Callable[[str], ModuleCode]) -> None:
    module = body("import random\nreturn x + random.random() + np.random.random()")
    first, again, other = (values(native.run(module, {"x": X}, {}, seed=seed)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


# What is refused


@pytest.mark.parametrize(
    ("packages", "told"),
    [
        (("torch",), "native package 'torch' is not installed here: run `pip install torch`"),
        (("os",), "native package 'os' is not one that a module may use: they are numba, numpy, pandas, scipy, torch"),
        (("numpy",), "native package 'numpy' was not loaded into this runtime"),
    ],
)
def test_packages_that_cannot_be_had_are_refused(
    native: NativeRuntime, declared: Declare, packages: tuple[str, ...], told: str
) -> None:
    module = declared(MEAN, *packages)
    outcome = native.run(module, {"x": X}, {})
    assert isinstance(outcome, Refused)
    assert outcome.why == told
    with pytest.raises(BadInput) as refused:
        native.describe(module)
    assert str(refused.value) == told


def test_a_package_has_to_be_declared(native: NativeRuntime, declared: Declare, write: Declare) -> None:
    outcome = native.run(write(MEAN), {"x": X}, {})
    assert isinstance(outcome, Refused)
    assert "import of numba is not allowed" in outcome.why
    above = write("import numba\nfrom requires import mean\n\n@module\ndef f(x: Floats) -> Floats:\n    return mean(x)",
                  mean=declared(MEAN, "numba"))  # fmt: skip
    assert isinstance(native.run(above, {"x": X}, {}), Refused)


def test_what_does_not_fit_is_refused(native: NativeRuntime, body: Callable[[str], ModuleCode]) -> None:
    for outcome in (
        native.run(body("return x"), {"y": X}, {}),
        native.run(body("return x"), {"x": X}, {"z": 1}),
        native.run(body("return x"), {"x": X}, {}, seed=-1),
        native.run(body("return x"), {"x": X}, {}, limits=Limits(memory=1)),
        native.run(body("import socket\nreturn x"), {"x": X}, {}),
    ):
        assert isinstance(outcome, Refused)


# How it ends


def test_an_error_has_its_lines(ended: Ended) -> None:
    outcome = ended("y = x\nraise ValueError('bad')")
    assert outcome == ModuleError("ValueError", (8,), "module.py:8: ValueError: bad", 0, native=True)


@pytest.mark.parametrize("ending", ["os._exit(0)", "os._exit(3)", "os.close(1000)\nos._exit(0)"])
def test_ending_the_interpreter_is_an_error(ended: Ended, ending: str) -> None:
    outcome = ended(f"{SYS}{ending}")
    assert isinstance(outcome, ModuleError)
    assert (outcome.error, outcome.native) == ("SystemExit", True)


def test_junk_on_the_result_descriptor_is_an_error(ended: Ended) -> None:
    outcome = ended(f"{SYS}os.write(1000, b'junk')\nreturn x")
    assert isinstance(outcome, ModuleError)
    assert outcome.error == "MalformedFrame"


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "import time\ntime.sleep(60)",
        "while True:\n    try: print(1)\n    except: pass",
        f"{SYS}while True: os.write(1, b'x')",
    ],
)
def test_a_deadline_ends_a_job(ended: Ended, loop: str) -> None:
    assert ended(loop, limits=Limits(output=1 << 30), deadline=0.5) == LimitHit("deadline", native=True)


@pytest.mark.parametrize("flood", ["while True: print('x' * 9999)", f"{SYS}while True: os.write(1000, bytes(9999))"])
def test_too_much_output_ends_a_job(ended: Ended, flood: str) -> None:
    assert ended(flood, limits=Limits(output=1 << 20)) == LimitHit("output", native=True)


BOMBS = [
    "return np.ones(10**9)",
    "return [0] * 10**9",
    "held = []\nwhile True: held.append(bytearray(10**7))",
]


@pytest.mark.parametrize("bomb", BOMBS)
def test_want_of_memory_is_a_limit(ended: Ended, bomb: str) -> None:
    outcome = ended(bomb, limits=Limits(memory=256 << 20))
    assert outcome == LimitHit("memory", native=True)


def test_shared_memory_counts_too(ended: Ended) -> None:
    outcome = ended(
        f"{SYS}m = sys.modules['builtins'].__import__('mmap')\nheld = [m.mmap(-1, 10**8) for _ in range(9)]"
    )
    assert isinstance(outcome, ModuleError)
    assert "Cannot allocate memory" in outcome.message


def test_crashes_end_nothing_but_the_job(native: NativeRuntime, ended: Ended) -> None:
    native.start()
    pid = native.pid
    crash = "c = dataclasses.sys.modules['ctypes']\n"
    for outcome, signal in (
        (ended(f"{SYS}{crash}c.string_at(0)"), "SIGSEGV"),
        (ended(f"{SYS}os.abort()"), "SIG"),
        (ended(f"{SYS}sys.setrecursionlimit(10**9)\ndef g(x): return sorted([x], key=g)\nreturn g(x)"), "SIGSEGV"),
        (ended(f"{SYS}{crash}c.CDLL(None).ptrace(0, 0, 0, 0)"), "SIGSYS"),
    ):
        assert isinstance(outcome, NoVote)
        assert signal in outcome.why
    assert values(ended("return x")) == X.tolist()
    assert native.pid == pid


# What a job finds


def test_nothing_survives_a_job(ended: Ended) -> None:
    ended(f"{SYS}open('/tmp/kept', 'w').write('x')\nnp.EVIL = 1\nos.environ['EVIL'] = '1'\nreturn x")
    look = "len(os.listdir('/tmp')) + hasattr(np, 'EVIL') + ('EVIL' in os.environ)"
    assert values(ended(f"{SYS}return x * 0 + {look}")) == [0.0] * 5


def test_it_finds_no_secret_no_process_and_no_way_out(ended: Ended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSION_SECRET", "do not tell")
    for statement in (
        "os.environ['FUSION_SECRET']",
        "os.listdir('/proc')",
        "os.listdir('/home')",
        "os.fork()",
        "sys.modules['socket'].socket()",
        "open('/usr/new', 'w')",
        "os.kill(2, 9)",
        "sys.modules['_thread'].start_new_thread(print, ())",
    ):
        outcome = ended(f"{SYS}{statement}\nreturn x")
        assert isinstance(outcome, ModuleError), (statement, outcome)
        assert outcome.error in {
            "KeyError",
            "FileNotFoundError",
            "PermissionError",
            "BlockingIOError",
            "RuntimeError",
            "OSError",
        }


REFUSALS = {"KeyError", "FileNotFoundError", "PermissionError", "BlockingIOError", "RuntimeError", "OSError"}

MAP = """
{imports}

@module
def f(x: Floats) -> Floats:
    import dataclasses
    m = dataclasses.sys.modules["builtins"].__import__("mmap")
    m.mmap(-1, 4096, prot={protection})
    return x
"""


@pytest.mark.parametrize(("imports", "packages"), [("", ()), ("import numba", ("numba",))])
def test_no_memory_is_writable_and_executable(
    native: NativeRuntime, declared: Declare, imports: str, packages: tuple[str, ...]
) -> None:
    for protection in ("m.PROT_EXEC", "m.PROT_READ | m.PROT_EXEC", "m.PROT_READ | m.PROT_WRITE | m.PROT_EXEC"):
        outcome = native.run(declared(MAP.format(imports=imports, protection=protection), *packages), {"x": X}, {})
        assert isinstance(outcome, ModuleError), outcome
        assert outcome.error == "PermissionError"


TURN = """
{imports}

@module
def f(x: Floats) -> Floats:
    import dataclasses
    c = dataclasses.sys.modules["ctypes"]
    m = dataclasses.sys.modules["builtins"].__import__("mmap")
    held = m.mmap(-1, 4096)
    address = c.addressof(c.c_char.from_buffer(held))
    libc = c.CDLL(None)
    return x * 0 + [libc.mprotect(c.c_void_p(address), 4096, flags) for flags in (5, 7)] @ np.array([1, 10])
"""


@pytest.mark.parametrize(("imports", "packages", "told"), [("", (), -11), ("import numba", ("numba",), -10)])
def test_memory_becomes_executable_for_packages_that_compile_alone(
    native: NativeRuntime, declared: Declare, imports: str, packages: tuple[str, ...], told: int
) -> None:
    module = declared(TURN.format(imports=imports), *packages)
    assert values(native.run(module, {"x": X}, {})) == [told] * 5


def test_a_closed_runtime_runs_no_more(body: Callable[[str], ModuleCode]) -> None:
    runtime = NativeRuntime()
    runtime.close()
    with pytest.raises(Retryable, match="is closed"):
        runtime.run(body("return x"), {"x": X}, {})
