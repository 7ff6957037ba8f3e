"""The job spec: one encoding, and nothing else is read."""

import pytest

from fusion.content import dcbor
from fusion.content.cid import RAW, Cid
from fusion.errors import BadInput
from node.spec import MAX_SPEC, JobSpec
from sandbox.code import Limits

TABLE = Cid.directory(b"t" * 32)


def _spec(**changed: object) -> JobSpec:
    fields: dict[str, object] = {
        "version": 7,
        "inputs": {"price": TABLE},
        "settings": {"span": 20, "alpha": 0.5, "fast": True, "mode": "close"},
        "limits": Limits(fuel=10**9),
        "image": b"i" * 32,
        "seed": 3,
    }
    return JobSpec(**(fields | changed))  # type: ignore[arg-type]  # the point of some tests


def _fields(**changed: object) -> dict[str, object]:
    fields = dcbor.decode(_spec().encode())
    assert isinstance(fields, dict)
    return {**fields, **changed}


def test_a_spec_is_read_as_it_was_written() -> None:
    assert JobSpec.decode(_spec().encode()) == _spec()


def test_the_order_of_ports_and_settings_does_not_matter() -> None:
    one = _spec(inputs={"a": TABLE, "b": TABLE}, settings={"x": 1, "y": 2})
    other = _spec(inputs={"b": TABLE, "a": TABLE}, settings={"y": 2, "x": 1})
    assert one.encode() == other.encode()


def test_kinds_of_numbers_are_kept_apart() -> None:
    read = JobSpec.decode(_spec(settings={"whole": 2, "real": 2.0, "truth": True}).encode()).settings
    assert [type(read[name]) for name in ("whole", "real", "truth")] == [int, float, bool]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"version": 0}, "version is 0"),
        ({"version": True}, "version is True"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**64}, "seed is"),
        ({"image": b"short"}, "image is b'short'"),
        ({"limits": Limits(fuel=0)}, "limits.fuel is 0"),
        ({"limits": Limits(fuel=10**13 + 1)}, "limits.fuel is 10000000000001"),
        ({"limits": Limits(memory=2**33)}, "limits.memory"),
        ({"limits": Limits(output=-1)}, "limits.output"),
        ({"inputs": {"no name": TABLE}}, "'no name'"),
        ({"inputs": {"p" * 65: TABLE}}, "at most 64 characters"),
        ({"inputs": {"price": Cid(RAW, b"t" * 32)}}, "not a directory"),
        ({"inputs": {f"p{n}": TABLE for n in range(65)}}, "65 inputs"),
        ({"settings": {"span": float("nan")}}, "finite"),
        ({"settings": {"span": float("inf")}}, "finite"),
        ({"settings": {"span": 2**63}}, "64 bits"),
        ({"settings": {"mode": "x" * 1025}}, "1025 characters"),
    ],
)
def test_a_value_out_of_range_is_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        _spec(**changed)


def test_a_spec_longer_than_the_market_takes_is_refused() -> None:
    long = _spec(settings={f"s{n}": "x" * 1000 for n in range(5)})
    with pytest.raises(BadInput, match="shorten its settings"):
        long.encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xa0",
        b"\x00" * (MAX_SPEC + 1),
        dcbor.encode(["version"]),
        dcbor.encode(_fields(extra=1)),
        dcbor.encode({name: value for name, value in _fields().items() if name != "seed"}),
        dcbor.encode(_fields(version="7")),
        dcbor.encode(_fields(version=True)),
        dcbor.encode(_fields(version=7.0)),
        dcbor.encode(_fields(inputs=[])),
        dcbor.encode(_fields(inputs={"price": b"short"})),
        dcbor.encode(_fields(inputs={"price": "text"})),
        dcbor.encode(_fields(settings={"span": None})),
        dcbor.encode(_fields(settings={"span": b"bytes"})),
        dcbor.encode(_fields(settings={"span": [1]})),
        dcbor.encode(_fields(settings={"span": 2**63})),
        dcbor.encode(_fields(limits={"fuel": 1, "memory": 1})),
        dcbor.encode(_fields(limits={"fuel": -1, "memory": 1, "output": 1})),
        dcbor.encode(_fields(image="i" * 32)),
        _spec().encode() + b"\x00",
        _spec().encode()[:-1],
    ],
)
def test_bytes_that_are_no_spec_are_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        JobSpec.decode(data)
