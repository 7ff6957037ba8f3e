"""What operator and sandbox process say: read as it was written, and nothing else is read at all."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.errors import ContentError, FusionError
from sandbox.code import Limits, ModuleCode
from sandbox.message import Fault, Run, decode_answer, decode_run, encode_answer, encode_run
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused, Result

VALUES = np.array([1.0, -0.0, np.nan])
COUNTS = np.array([1, -2, 2**62])


def _module(number: int, **requires: ModuleCode) -> ModuleCode:
    files = {"module.py": b"code %d" % number, "data/empty": b""}
    return ModuleCode(Cid.directory(bytes([number]) * 32), files, "run", requires)


def test_a_run_is_read_as_it_was_written() -> None:
    low = _module(1)
    top = _module(4, left=_module(2, low=low), right=_module(3, below=low), low=low)
    settings = {"a": 1, "b": 1.0, "c": True, "d": "text"}
    run = Run(top, {"price": VALUES, "été": COUNTS}, settings, Limits(5, 6, 7), 2**64 - 1, 2.0)

    header, parts = encode_run(run)
    read = decode_run(header, b"".join(parts))

    assert read.module == top
    assert {name: type(value) for name, value in read.settings.items()} == {
        name: type(value) for name, value in settings.items()
    }
    assert (read.settings, read.limits, read.seed, read.deadline) == (settings, run.limits, run.seed, run.deadline)
    for name, column in run.inputs.items():
        assert read.inputs[name].dtype == column.dtype
        assert read.inputs[name].tobytes() == column.tobytes()


@pytest.mark.parametrize(
    "answer",
    [
        ModuleError("ValueError", (3, 7), "no", 9),
        LimitHit("deadline"),
        Refused("no port"),
        NoVote("crashed"),
        Fault("Traceback\n  line"),
    ],
)
def test_an_answer_is_read_as_it_was_written(answer: Outcome | Fault) -> None:
    header, parts = encode_answer(answer)
    assert decode_answer(header, b"".join(parts), rows=3) == answer


def test_a_result_is_read_as_it_was_written() -> None:
    header, parts = encode_answer(Result({"value": VALUES, "count": COUNTS}, 9))
    read = decode_answer(header, b"".join(parts), rows=3)
    assert isinstance(read, Result)
    assert read.fuel == 9
    assert [(name, column.dtype.str, column.tobytes()) for name, column in read.outputs.items()] == [
        ("value", "<f8", VALUES.tobytes()),
        ("count", "<i8", COUNTS.tobytes()),
    ]


RESULT = {"kind": "Result", "fuel": 1, "outputs": [["value", "<f8", 3]]}
ERROR = {"kind": "ModuleError", "error": "E", "lines": [1], "message": "m", "fuel": 1}


@pytest.mark.parametrize(
    ("said", "body"),
    [
        (None, b""),
        ([], b""),
        ({"kind": "Other"}, b""),
        (RESULT, bytes(23)),
        (RESULT, bytes(25)),
        (RESULT | {"more": 1}, bytes(24)),
        (RESULT | {"fuel": -1}, bytes(24)),
        (RESULT | {"fuel": True}, bytes(24)),
        (RESULT | {"outputs": []}, b""),
        (RESULT | {"outputs": [["value", "<f8", 2]]}, bytes(16)),
        (RESULT | {"outputs": [["value", "<f8", -3]]}, bytes(24)),
        (RESULT | {"outputs": [["value", "<f8", True]]}, bytes(8)),
        (RESULT | {"outputs": [["value", "<f8", 2**62]]}, bytes(24)),
        (RESULT | {"outputs": [["value", "|O", 3]]}, bytes(24)),
        (RESULT | {"outputs": [["value", "<f8", 3], ["value", "<f8", 3]]}, bytes(48)),
        (RESULT | {"outputs": [["../value", "<f8", 3]]}, bytes(24)),
        (ERROR, b"x"),
        (ERROR | {"error": "no name"}, b""),
        (ERROR | {"error": "E" * 101}, b""),
        (ERROR | {"lines": [True]}, b""),
        (ERROR | {"lines": ["1"]}, b""),
        (ERROR | {"lines": [1] * 33}, b""),
        ({"kind": "LimitHit", "which": "patience"}, b""),
        ({"kind": "Refused", "why": b"bytes"}, b""),
    ],
)
def test_what_is_no_answer_is_refused(said: object, body: bytes) -> None:
    with pytest.raises(ContentError):
        decode_answer(dcbor.encode(said), body, rows=3)


def test_what_is_told_cannot_drive_a_terminal() -> None:
    header = dcbor.encode({"kind": "Refused", "why": "\x1b[2J" + "x" * 10_000})
    refused = decode_answer(header, b"", rows=0)
    assert isinstance(refused, Refused)
    assert refused.why.isprintable()
    assert len(refused.why) < 1_000
    fault = decode_answer(dcbor.encode({"kind": "Fault", "traceback": "a\n\x1b\r"}), b"", rows=0)
    assert fault == Fault("a\n  ")


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_any_bytes_are_an_answer_or_a_content_error(header: bytes, body: bytes) -> None:
    for read in (lambda: decode_answer(header, body, rows=3), lambda: decode_run(header, body)):
        try:
            read()
        except FusionError as error:
            assert isinstance(error, ContentError)  # noqa: PT017


def test_a_pickle_is_not_even_looked_at() -> None:
    with pytest.raises(ContentError):
        decode_answer(pickle.dumps(Result({}, 0)), b"", rows=0)
