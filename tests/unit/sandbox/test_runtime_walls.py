"""What a module cannot reach, keep or forge."""

import numpy as np
import pytest

from sandbox.outcome import Result

X = np.arange(5.0)


# The world outside


def test_the_clock_stands_still(body, value):
    assert value(body("import time\nreturn x * 0 + time.time()")) == [1.7e9] * 5
    assert value(body("import time\nreturn x * 0 + time.perf_counter()")) == [0.0] * 5
    now = body("import datetime\nreturn x * 0 + datetime.datetime.now().timestamp()")
    assert value(now) == [1.7e9] * 5


@pytest.mark.parametrize(
    "draw",
    [
        "import random\nreturn x + random.random()",
        "return x + np.random.random()",
        "return x + np.random.default_rng().random()",
        "import dataclasses\nreturn x + dataclasses.sys.modules['os'].urandom(1)[0]",
    ],
)
def test_random_numbers_follow_from_the_seed(body, draw, value):
    module = body(draw)
    assert value(module, seed=7) == value(module, seed=7)
    assert value(module, seed=7) != value(module, seed=8)
    assert value(module, seed=7) != value(module, seed=7 << 32)


def test_there_is_no_environment_and_no_thread(body, value, error):
    here = "import dataclasses\nos = dataclasses.sys.modules['os']\n"
    assert value(body(here + "return x * 0 + len(os.environ)")) == [0] * 5
    assert error(body(here + "os.listdir('/')")).error == "FileNotFoundError"
    assert error(body(here + "os.fork()")).error == "AttributeError"
    thread = "dataclasses.sys.modules['threading'].Thread(target=print).start()"
    assert error(body(here + thread)).error == "RuntimeError"


def test_nothing_survives_a_job(runtime, body, value):
    patch = body("np.sum = None\nnp.EVIL = 1\nreturn x")
    assert isinstance(runtime.run(patch, {"x": X}, {}), Result)
    look = body("return x * 0 + hasattr(np, 'EVIL') + np.sum(np.ones(3))")
    assert value(look) == [3.0] * 5


def test_prints_can_be_listened_to(runtime, body):
    heard: list[str] = []
    module = body("print('one\\x1b[31m')\nimport warnings\nwarnings.warn('two')\nreturn x")
    assert isinstance(runtime.run(module, {"x": X}, {}, printed=heard.append), Result)
    assert "one [31m\n" in heard[0]
    assert "UserWarning: two" in heard[0]


# Forged results

FORGE = "import dataclasses, json, struct\nos = dataclasses.sys.modules['os']\n"
SEND = (
    FORGE
    + """
def send(header, body=b'', fd=1000):
    text = json.dumps(header).encode()
    os.write(fd, struct.pack('<I', len(text)) + text + body)
"""
)


@pytest.mark.parametrize("junk", ["b'junk'", "b'\\xff' * 100", "struct.pack('<I', 2**31) + b'{}'", "b'\\0' * 4"])
def test_bytes_on_the_result_descriptor_are_no_result(body, junk, error):
    assert error(body(f"{FORGE}os.write(1000, {junk})\nos._exit(0)")).error == "SystemExit"
    assert error(body(f"{FORGE}os.write(1000, {junk})\nreturn x")).error == "MalformedFrame"


@pytest.mark.parametrize(
    "header", [{"refused": "pay me"}, {"memory": True}, {"error": {"kind": "E", "lines": [], "message": ""}}]
)
def test_a_second_frame_is_malformed(body, header, error):
    assert error(body(f"{SEND}send({header!r})\nreturn x")).error == "MalformedFrame"


def test_a_frame_and_an_exit_is_an_exit(body, error):
    assert error(body(f"{SEND}send({{'refused': 'x'}})\nos._exit(0)")).error == "SystemExit"


def test_what_is_printed_is_never_a_result(body, value):
    assert value(body(f"{SEND}send({{'refused': 'x'}}, fd=1)\nprint({{}})\nreturn x")) == X.tolist()


def test_a_replaced_encoder_gives_no_result(body, error):
    assert error(body(f"{FORGE}json.dumps = lambda *a: '{{}}'\nreturn x")).error == "MalformedFrame"
