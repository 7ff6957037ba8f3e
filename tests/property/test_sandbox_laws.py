"""Laws of what crosses the sandbox's border: nothing a guest sends is believed, and equal outcomes are equal bytes."""

import json
import struct
from contextlib import suppress

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from sandbox.encoding import decode, encode
from sandbox.frame import MalformedFrame, Raised, Rejected, parse
from sandbox.outcome import LimitHit, ModuleError, Result
from sandbox.progress import expected
from sandbox.sections import read_leb, unsigned

RUN = bytes(32)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["interface", "result", "error", "refused", "memory", "kind", "lines", "message", "name"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ROWS = st.sampled_from([(1,), (7,)])


def _arrays(rows):
    shape = st.sampled_from([rows, ()])
    return hnp.arrays(np.float64, shape, elements=st.floats(allow_nan=True)) | hnp.arrays(np.int64, shape)


OUTPUTS = ROWS.flatmap(
    lambda rows: st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), _arrays(rows), min_size=1, max_size=4)
)
"""Columns of one length, and numbers."""


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_malformed(data):
    with suppress(MalformedFrame):
        parse(data, rows=3, outputs=None)


@given(JSON, st.binary(max_size=20))
def test_any_header_is_a_frame_or_malformed(header, body):
    text = json.dumps(header).encode()
    try:
        frame = parse(struct.pack("<I", len(text)) + text + body, rows=3, outputs=None)
    except MalformedFrame:
        return
    if isinstance(frame, Raised | Rejected):
        shown = frame.message if isinstance(frame, Raised) else frame.why
        assert shown.isprintable()


@given(OUTPUTS)
def test_a_result_reads_back_as_the_same_numbers(outputs):
    read = decode(encode(Result(outputs, 1), RUN).document)
    assert read.outputs.keys() == outputs.keys()
    for name, output in outputs.items():
        assert (read.outputs[name].dtype, read.outputs[name].shape) == (output.dtype, output.shape)
        np.testing.assert_array_equal(read.outputs[name], output)


@given(OUTPUTS)
def test_encoding_is_stable(outputs):
    document = encode(Result(outputs, 1), RUN).document
    read = decode(document)
    assert encode(Result(dict(reversed(read.outputs.items())), 2), RUN).document == document


@given(st.from_regex(r"[A-Z][a-z]{0,20}", fullmatch=True), st.lists(st.integers(0, 2**31 - 1), max_size=32))
def test_errors_and_limits_read_back(error, lines):
    read = decode(encode(ModuleError(error, tuple(lines), "any", 1), RUN).document)
    assert (read.error, read.lines) == (error, tuple(lines))
    assert decode(encode(LimitHit("fuel"), RUN).document).which == "fuel"


@given(st.integers(0, 2**64))
def test_leb_reads_back(number):
    data = b"\xff" + unsigned(number) + b"\x01"
    assert read_leb(data, 1) == (number, len(data) - 1)


@given(st.floats(0, 1e6), st.floats(0.01, 100), st.floats(0, 1e4))
def test_progress_never_falls_and_never_ends(elapsed, estimate, more):
    assert 0 <= expected(elapsed, estimate) <= expected(elapsed + more, estimate) <= 1
