import json
import struct

import numpy as np
import pytest

from fusion.content.unixfs import directory_cid
from fusion.sdk import Interface, Setting
from sandbox.code import ModuleCode
from sandbox.frame import (
    MAX_HEADER,
    MalformedFrame,
    OutOfMemory,
    Raised,
    Rejected,
    Returned,
    packed,
    parse,
    printable,
    request,
)

INTERFACE = {
    "name": "f",
    "inputs": [["x", "float64"]],
    "outputs": [["up", "int64"], ["level", "float64"]],
    "settings": [["span", "int", 3]],
    "lookback": None,
    "several": True,
}
SHAPES = [["up", "int64", 2], ["level", "float64", 2]]
BODY = np.array([1, -1]).tobytes() + np.array([0.5, np.nan]).tobytes()


def frame(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<I", len(text)) + text + body


def read(data: bytes, rows: int = 2, outputs: list[str] | None = None) -> object:
    return parse(data, rows=rows, outputs=outputs)


def test_a_result() -> None:
    returned = read(frame({"interface": INTERFACE, "result": SHAPES}, BODY), outputs=["level", "up"])
    assert isinstance(returned, Returned)
    assert returned.outputs["up"].tolist() == [1, -1]
    np.testing.assert_array_equal(returned.outputs["level"], [0.5, np.nan])
    assert not returned.outputs["up"].flags.writeable


def test_the_other_kinds() -> None:
    assert read(frame({"interface": INTERFACE})) == Interface(
        "f",
        {"x": "float64"},
        {"up": "int64", "level": "float64"},
        {"span": Setting("int", 3)},
        None,
        several=True,
    )
    error = {"kind": "ValueError", "lines": [3, 9], "message": "bad\nvalue"}
    assert read(frame({"error": error})) == Raised("ValueError", (3, 9), "bad value")
    assert read(frame({"refused": "no"})) == Rejected("no")
    assert read(frame({"refused": '[[[[[[[[[["\\'})) == Rejected('[[[[[[[[[["\\')
    assert read(frame({"memory": True})) == OutOfMemory()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01\x00",
        struct.pack("<I", 10) + b"{}",
        struct.pack("<I", 0xFFFFFFFF),
        frame(b"not json"),
        frame(b"\xff\xfe"),
        frame(b"[" * 200_000),
        frame(b'{"refused": ' * 20_000),
        frame(b'{"refused": "' + b"[" * 9 + b'", "x": ' + b"[" * 9 + b"]" * 9 + b"}"),
        frame([1]),
        frame({}),
        frame({"what": 1}),
        frame({"memory": 1}),
        frame({"memory": False}),
        frame({"refused": 3}),
        frame({"refused": "a", "memory": True}),
        frame(b'{"refused": "a", "refused": "b"}'),
        frame({"refused": "a"}, b"x"),
        frame({"refused": "a"}) + frame({"refused": "a"}),
        frame({"error": {"kind": "E", "lines": [1], "message": "m", "more": 1}}),
        frame({"error": {"kind": "E", "lines": [1.5], "message": "m"}}),
        frame({"error": {"kind": "E", "lines": [True], "message": "m"}}),
        frame({"error": {"kind": "E", "lines": [-1], "message": "m"}}),
        frame({"error": {"kind": "E", "lines": [1 << 40], "message": "m"}}),
        frame({"error": {"kind": "E", "lines": [1] * 33, "message": "m"}}),
        frame({"error": {"kind": 1, "lines": [], "message": "m"}}),
        frame(b'{"error": {"kind": "E", "lines": [NaN], "message": "m"}}'),
        frame(b'{"refused": ' + b"1" * 5000 + b"}"),
    ],
)
def test_anything_else_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        read(data)


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": []},
        {"outputs": []},
        {"outputs": [["up", "int64"]]},
        {"outputs": [["up", "int64"], ["up", "int64"]]},
        {"outputs": [["up", "int32"], ["level", "float64"]]},
        {"outputs": [["../up", "int64"], ["level", "float64"]]},
        {"settings": [["span", "list", 3]]},
        {"settings": [["span", "int", 3.5]]},
        {"settings": [["span", "int", True]]},
        {"settings": [["span", "int", 1 << 70]]},
        {"settings": [["span", "int"]]},
        {"lookback": True},
        {"lookback": "x"},
        {"several": 1},
        {"extra": 1},
        {"name": 3},
    ],
)
def test_an_interface_has_to_be_one(change: dict[str, object]) -> None:
    with pytest.raises(MalformedFrame):
        read(frame({"interface": {**INTERFACE, **change}, "result": SHAPES}, BODY))


@pytest.mark.parametrize(
    ("shapes", "body"),
    [
        (SHAPES, BODY[:-1]),
        (SHAPES, BODY + b"\0"),
        (SHAPES[:1], BODY[:16]),
        (SHAPES[::-1], BODY),
        ([["up", "int64", 2], ["level", "int64", 2]], BODY),
        ([["up", "int64", 3], ["level", "float64", 3]], BODY + bytes(16)),
        ([["up", "int64", 1], ["level", "float64", 3]], BODY),
        ([["up", "int64", 2.0], ["level", "float64", 2]], BODY),
        ([["up", "int64", 1 << 62], ["level", "float64", 1 << 62]], BODY),
        (["up", "level"], BODY),
    ],
)
def test_columns_have_to_be_the_declared_ones(shapes: list[object], body: bytes) -> None:
    with pytest.raises(MalformedFrame):
        read(frame({"interface": INTERFACE, "result": shapes}, body))


def test_columns_have_to_be_the_manifests() -> None:
    with pytest.raises(MalformedFrame, match="manifest"):
        read(frame({"interface": INTERFACE, "result": SHAPES}, BODY), outputs=["up"])


@pytest.mark.parametrize("piece", [b'\\"', b'"\\', b'"', b"\\", b'"a\\"'])
def test_no_header_takes_long_to_refuse(piece: bytes) -> None:
    """With a search that goes back, the first of these takes a quarter of an hour, which no deadline ends."""
    text = b'{"' + piece * (MAX_HEADER // len(piece) - 2)
    assert len(text) <= MAX_HEADER
    with pytest.raises(MalformedFrame):
        read(struct.pack("<I", len(text)) + text)


@pytest.mark.parametrize("text", [b'{"a": "' + b"[" * 99 + b'"}', b'{"a": "\\"' + b"[" * 99 + b'"}'])
def test_brackets_in_text_are_no_depth(text: bytes) -> None:
    with pytest.raises(MalformedFrame, match="no known kind"):
        read(struct.pack("<I", len(text)) + text)


def test_names_and_text_are_made_safe_to_show() -> None:
    error = {"kind": "a\x1b[31m", "lines": [], "message": "x" * 1000}
    raised = read(frame({"error": error}))
    assert isinstance(raised, Raised)
    assert raised.error == "Exception"
    assert len(raised.message) == 400
    assert printable("a\x1b[31m\u202eb\ud800") == "a [31m b "


def test_a_request_lists_every_bundle_once() -> None:
    base = ModuleCode(directory_cid({"module.py": b"base"}), {"module.py": b"base"}, "base")
    middle = ModuleCode(directory_cid({"module.py": b"mid"}), {"module.py": b"mid"}, "mid", {"b": base})
    files = {"z.txt": b"data", "module.py": b"top"}
    top = ModuleCode(directory_cid(files), files, "top", {"m": middle, "b": base})
    data = b"".join(request("run", top, ports=None, inputs={"x": np.array([1.0])}, settings={"k": 0.1}, seed=9))
    (size,) = struct.unpack_from("<I", data)
    header = json.loads(data[4 : 4 + size])
    assert [bundle["entry"] for bundle in header["bundles"]] == ["top", "mid", "base"]
    assert [bundle["label"] for bundle in header["bundles"]] == ["", "m", "b"]
    assert [bundle["requires"] for bundle in header["bundles"]] == [{"m": 1, "b": 2}, {"b": 2}, {}]
    assert header["bundles"][0]["files"] == [["module.py", 3], ["z.txt", 4]]
    assert header["inputs"] == [["x", "float64", 1]]
    assert (header["seed"], header["settings"]) == (9, {"k": 0.1})
    assert data[4 + size :] == b"topdatamidbase" + np.array([1.0]).tobytes()


def test_sources_are_packed_by_path() -> None:
    data = packed({"b.py": b"two", "a.py": b"one"})
    assert data.endswith(b"onetwo")
