"""Outputs of one number: from the module's return to the document, as exact and as strictly read as columns."""

import json
import struct

import numpy as np
import pytest

from fusion.content import dcbor
from fusion.content.table import read_table
from fusion.errors import ContentError
from sandbox.encoding import MAX_DOCUMENT, decode, encode
from sandbox.frame import MalformedFrame, Returned, parse
from sandbox.message import decode_answer, encode_answer
from sandbox.outcome import Result
from sandbox.verify import verify

RUN = bytes(range(32))
X = np.arange(5.0)
INTERFACE = {
    "name": "f",
    "inputs": [["x", "float64"]],
    "outputs": [["score", "float"], ["path", "float64"], ["count", "int"]],
    "settings": [],
    "lookback": None,
    "several": True,
}
SHAPES = [["score", "float", None], ["path", "float64", 2], ["count", "int", None]]
BODY = struct.pack("<dddq", 0.5, 1.0, 2.0, -3)


def frame(outputs: object, shapes: object, body: bytes) -> bytes:
    text = json.dumps({"interface": {**INTERFACE, "outputs": outputs}, "result": shapes}).encode()
    return struct.pack("<I", len(text)) + text + body


# The guest


@pytest.mark.parametrize(
    ("kind", "returned", "value"),
    [
        ("float", "0.1", 0.1),
        ("float", "x.mean()", 2.0),
        ("float", "7", 7.0),
        ("float", "np.int32(7)", 7.0),
        ("float", "float('-inf')", -np.inf),
        ("int", "2**63 - 1", 2**63 - 1),
        ("int", "(x > 1).sum()", 3),
    ],
)
def test_a_module_returns_one_number(runtime, write, kind, returned, value):
    outcome = runtime.run(write(f"@module\ndef f(x: Floats) -> {kind}:\n    return {returned}"), {"x": X}, {})
    assert isinstance(outcome, Result), outcome
    output = outcome.outputs["value"]
    assert (output.shape, output.dtype.name) == ((), {"float": "float64", "int": "int64"}[kind])
    assert output.item() == value


@pytest.mark.parametrize(
    ("kind", "returned", "raised"),
    [
        ("float", "x", "TypeError: output 'value' is ndarray, declared float: return one with float(...)"),
        ("float", "True", "TypeError: output 'value' is bool"),
        ("float", "np.float32(1)", "TypeError: output 'value' is float32"),
        ("float", "10**400", "OverflowError"),
        ("int", "1.0", "TypeError: output 'value' is float, declared int"),
        ("int", "2**63", "OverflowError"),
        ("int", "np.uint64(2**63)", "OverflowError"),
        ("int", "None", "TypeError: output 'value' is NoneType"),
    ],
)
def test_a_number_has_to_be_as_declared(write, error, kind, returned, raised):
    assert raised in error(write(f"@module\ndef f(x: Floats) -> {kind}:\n    return {returned}")).message


def test_numbers_stand_beside_columns(runtime, write):
    module = write(
        """
        from typing import NamedTuple

        class Fit(NamedTuple):
            trades: int
            path: Floats
            score: float

        @module
        def f(x: Floats) -> Fit:
            return Fit(3, 2 * x, 0.5)
        """
    )
    outcome = runtime.run(module, {"x": X}, {})
    assert isinstance(outcome, Result), outcome
    told = {name: output.tolist() for name, output in outcome.outputs.items()}
    assert told == {"trades": 3, "path": [0, 2, 4, 6, 8], "score": 0.5}


# The frame


def test_a_frame_with_numbers():
    returned = parse(frame(INTERFACE["outputs"], SHAPES, BODY), rows=2, outputs=None)
    assert isinstance(returned, Returned)
    assert {name: output.tolist() for name, output in returned.outputs.items()} == {
        "score": 0.5,
        "path": [1.0, 2.0],
        "count": -3,
    }
    assert not any(output.flags.writeable for output in returned.outputs.values())


@pytest.mark.parametrize(
    ("shapes", "body"),
    [
        ([["score", "float", 2], *SHAPES[1:]], BODY + bytes(8)),
        ([["score", "float", 1], *SHAPES[1:]], BODY),
        ([["score", "float", 0], *SHAPES[1:]], BODY),
        ([["score", "float", False], *SHAPES[1:]], BODY),
        ([["score", "float64", None], *SHAPES[1:]], BODY),
        ([SHAPES[0], ["path", "float64", None], SHAPES[2]], BODY),
        ([["score", "float"], *SHAPES[1:]], BODY),
        (SHAPES, BODY[:-8]),
        (SHAPES, BODY + bytes(8)),
    ],
)
def test_numbers_have_to_be_the_declared_ones(shapes, body):
    with pytest.raises(MalformedFrame):
        parse(frame(INTERFACE["outputs"], shapes, body), rows=2, outputs=None)


def test_a_number_is_eight_bytes_however_many_rows():
    shapes = [["a", "int", None]]
    for rows in (0, 1, 1000):
        with pytest.raises(MalformedFrame):
            parse(frame([["a", "int"]], shapes, bytes(8 * rows if rows != 1 else 16)), rows=rows, outputs=None)
        assert isinstance(parse(frame([["a", "int"]], shapes, bytes(8)), rows=rows, outputs=None), Returned)


def test_a_frame_has_few_enough_numbers_for_a_document():
    outputs = [[f"a{'b' * 97}{index:02}", "int"] for index in range(33)]
    shapes = [[*output, None] for output in outputs]
    with pytest.raises(MalformedFrame, match="more than 32 numbers"):
        parse(frame(outputs, shapes, bytes(8 * 33)), rows=2, outputs=None)
    returned = parse(frame(outputs[:32], shapes[:32], bytes(8 * 32)), rows=2, outputs=None)
    assert isinstance(returned, Returned)
    large = encode(Result({**returned.outputs, "column": np.zeros(1000)}, 1), RUN)
    assert len(large.document) <= MAX_DOCUMENT
    assert large.files is not None


# The document


def test_a_number_is_written_in_the_document():
    encoded = encode(Result({"score": np.array(-0.0)}, 5), RUN)
    assert encoded.files is None
    assert dcbor.decode(encoded.document) == {"kind": "Result", "run": RUN, "outputs": {"score": ["<f8", bytes(8)]}}
    # What SearchMarket reads: it knows every byte but the run's and the number's.
    head, tail = b"\xa3\x63run\x58\x20", b"\x64kind\x66Result\x67outputs\xa1\x65score\x82\x63<f8\x48"
    assert encoded.document == head + RUN + tail + bytes(8)
    assert decode(encoded.document).outputs["score"].shape == ()


def test_a_number_is_no_column_of_one_row():
    one, column = encode(Result({"v": np.array(1)}, 5), RUN), encode(Result({"v": np.array([1])}, 5), RUN)
    assert one.document != column.document
    assert decode(one.document).outputs["v"].shape == ()
    assert decode(column.document).outputs["v"].shape == (1,)


def test_numbers_stay_in_the_document_of_a_large_result():
    outcome = Result({"path": np.arange(10_000.0), "score": np.array(0.5), "count": np.array(7)}, 5)
    encoded = encode(outcome, RUN)
    assert encoded.files is not None
    assert read_table(encoded.files).keys() == {"path"}
    read = decode(encoded.document)
    assert read.table is not None
    assert {name: number.tolist() for name, number in read.outputs.items()} == {"score": 0.5, "count": 7}


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"outputs": {}},
        {"outputs": ["v"]},
        {"outputs": {}, "table": bytes(32)},
        {"outputs": {"v": 0.5}},
        {"outputs": {"v": ["<f4", bytes(8)]}},
        {"outputs": {"v": ["<f8", bytes(7)]}},
        {"outputs": {"v": ["<f8", bytes(8), 2]}},
        {"outputs": {"v": ["<f8", bytes(8), True]}},
        {"outputs": {"v": ["<f8", bytes(8), 1, 1]}},
        {"outputs": {"v": ["<f8", bytes(16), 2]}},
        {"outputs": {"v": ["<f8", bytes(16), 1]}},
        {"outputs": {"v": ["<f8", bytes(16)]}, "table": bytes(32)},
        {"outputs": {"v": ["<f8", bytes(8), 1]}, "table": bytes(32)},
        {"outputs": {"v": ["<f8", bytes(8)]}, "table": bytes(31)},
        {"outputs": {"v": ["<f8", bytes(8)]}, "more": 1},
    ],
)
def test_a_document_with_other_outputs_is_refused(parts):
    with pytest.raises(ContentError):
        decode(dcbor.encode({"kind": "Result", "run": RUN, **parts}))


# Between processes, and the author's checks


def test_an_answer_with_numbers_is_read_as_it_was_written():
    header, parts = encode_answer(Result({"score": np.array(0.5), "path": X, "count": np.array(-7)}, 9))
    read = decode_answer(header, b"".join(parts), rows=5)
    assert isinstance(read, Result)
    assert {name: output.tolist() for name, output in read.outputs.items()} == {
        "score": 0.5,
        "path": X.tolist(),
        "count": -7,
    }
    for rows, body in ((0, bytes(8)), (None, bytes(16)), (None, b"")):
        with pytest.raises(ContentError):
            decode_answer(
                dcbor.encode({"kind": "Result", "fuel": 1, "outputs": [["score", "<f8", rows]]}), body, rows=5
            )
    many = {"kind": "Result", "fuel": 1, "outputs": [[f"n{index}", "<i8", None] for index in range(33)]}
    with pytest.raises(ContentError, match="more than 32 numbers"):
        decode_answer(dcbor.encode(many), bytes(8 * 33), rows=5)


def test_a_number_may_look_at_all_rows(runtime, write):
    report = verify(runtime, write("@module\ndef f(x: Floats) -> float:\n    return x.std()"))
    assert report.sound, report.problems
    assert report.prefixes == ()


def test_a_column_beside_a_number_may_not(runtime, write):
    module = write(
        """
        from typing import NamedTuple

        class Fit(NamedTuple):
            score: float
            path: Floats

        @module(lookback=1)
        def f(x: Floats) -> Fit:
            return Fit(x.std(), x if len(x) > 300 else x + 1)
        """
    )
    report = verify(runtime, module)
    assert "it looks ahead: output 'path' in row 0" in report.problems[0]
    assert report.prefixes
