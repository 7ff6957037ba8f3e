"""Bindings of a made-up contract: names, types, and that they decode what they encode."""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from fusion.chain.generate import generate
from fusion.errors import NotReady


def value(name: str, kind: str, internal: str = "", **more: object) -> dict[str, object]:
    return {"name": name, "type": kind, "internalType": internal or kind, **more}


ROW = [value("account", "address"), value("kind", "uint8", "enum Kind"), value("ppm", "uint32")]


def function(name: str, inputs: list, outputs: list, mutability: str = "view") -> dict[str, object]:
    return {"type": "function", "name": name, "inputs": inputs, "outputs": outputs, "stateMutability": mutability}


ROWS = value("rows", "tuple[]", "struct IThing.Row[]", components=ROW)
ABI = [
    {"type": "constructor", "inputs": [value("owner", "address")], "stateMutability": "nonpayable"},
    function("row", [value("id", "uint256")], [value("", "tuple", "struct IThing.Row", components=ROW)]),
    function("rows", [], [ROWS]),
    function("pair", [], [value("a", "uint256"), value("owner", "address")]),
    function("put", [value("id", "uint256"), ROWS], [], "nonpayable"),
    function("move", [value("from", "address"), value("to", "address")], [], "nonpayable"),
    function("move", [value("from", "address"), value("to", "address"), value("data", "bytes")], [], "nonpayable"),
    function("self", [value("self", "bool"), value("", "bytes4")], [value("", "string")], "pure"),
    {
        "type": "event",
        "name": "Put",
        "inputs": [
            value("rowId", "uint256", indexed=True),
            value("name", "string", indexed=True),
            {**ROWS, "indexed": False},
            value("from", "address", indexed=False),
        ],
    },
    {"type": "error", "name": "Wrong", "inputs": [value("kind", "uint8", "enum Kind"), value("rowId", "uint256")]},
    {"type": "error", "name": "Empty", "inputs": []},
]
NOTICES = {"userdoc": {"methods": {"row(uint256)": {"notice": 'The row, "as is".'}}, "notice": "A thing."}}


def artifact(name: str, abi: list, code: str = "0x6001", source: str = "") -> dict[str, object]:
    target = {source or f"contracts/{name}.sol": name}
    return {
        "abi": abi,
        "bytecode": {"object": code},
        "metadata": {"output": NOTICES, "settings": {"compilationTarget": target}},
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "Thing.sol").write_text("enum Kind { None, BadRow }\ncontract Thing {}\n")
    write(tmp_path, artifact("Thing", ABI), "Thing")
    library = "node_modules/@openzeppelin/contracts/access/manager/AccessManager.sol"
    refusal = {"type": "error", "name": "NotAllowed", "inputs": [value("caller", "address")]}
    write(tmp_path, artifact("AccessManager", [refusal], source=library), "AccessManager")
    return tmp_path


def write(project: Path, compiled: dict[str, object], name: str) -> None:
    folder = project / "forge" / f"{name}.sol"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(compiled))


def run(project: Path) -> list[Path]:
    return generate(project / "contracts", project / "forge", project / "bindings")


@pytest.fixture
def thing(project: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The generated module, in the place of the real bindings."""
    run(project)
    for name in ("types", "thing", "errors"):
        source = (project / "bindings" / f"{name}.py").read_text()
        (project / "bindings" / f"{name}.py").write_text(source.replace("fusion.chain.bindings", "thing_bindings"))
    monkeypatch.setitem(sys.modules, "thing_bindings", ModuleType("thing_bindings"))
    for name in ("types", "thing", "errors"):
        spec = importlib.util.spec_from_file_location(f"thing_bindings.{name}", project / "bindings" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, f"thing_bindings.{name}", module)
        spec.loader.exec_module(module)
    return sys.modules["thing_bindings.thing"]


def test_every_contract_has_a_module_and_a_json(project: Path) -> None:
    assert [path.name for path in run(project)] == [
        "AccessManager.json",
        "Thing.json",
        "__init__.py",
        "access_manager.py",
        "errors.py",
        "thing.py",
        "types.py",
    ]


def test_the_same_input_gives_the_same_bytes_and_touches_nothing(project: Path) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in run(project)}
    (project / "bindings" / "gone.py").write_text("")

    after = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in run(project)}

    assert after == before
    assert not (project / "bindings" / "gone.py").exists()


def test_signatures_are_typed(project: Path) -> None:
    run(project)
    text = (project / "bindings" / "thing.py").read_text()

    for line in (
        "    def creation(cls, owner: str) -> bytes:",
        '    def row(self, id: int, *, block: BlockTag = "latest") -> Row:',
        '        """The row, "as is"."""',
        '    def rows(self, *, block: BlockTag = "latest") -> tuple[Row, ...]:',
        '    def pair(self, *, block: BlockTag = "latest") -> tuple[int, str]:',
        "    def put(self, id: int, rows: Sequence[Row]) -> Call:",
        "    def move(self, from_: str, to: str) -> Call:",
        "    def move_with_data(self, from_: str, to: str, data: bytes) -> Call:",
        '    def self(self, self_: bool, arg1: bytes, *, block: BlockTag = "latest") -> str:',
    ):
        assert f"\n{line}\n" in text


class Node:
    """Answers every view with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def read(self, call: object, block: object) -> bytes:
        return self.answer


def test_views_return_structs_and_enums(thing: ModuleType) -> None:
    row = thing.Row(account="0x" + "11" * 20, kind=thing.Kind.BAD_ROW, ppm=5)
    word = bytes(12) + b"\x11" * 20 + (1).to_bytes(32, "big") + (5).to_bytes(32, "big")
    head = (32).to_bytes(32, "big") + (1).to_bytes(32, "big")

    assert thing.Thing(Node(word), row.account).row(1) == row
    assert thing.Thing(Node(head + word), row.account).rows() == (row,)


def test_a_writer_encodes_structs(thing: ModuleType) -> None:
    row = thing.Row(account="0x" + "11" * 20, kind=thing.Kind.BAD_ROW, ppm=5)

    call = thing.Thing(Node(b""), row.account).put(7, [row])

    assert (call.signature, call.name) == ("put(uint256,(address,uint8,uint32)[])", "Thing.put")
    assert call.data[4:36] == (7).to_bytes(32, "big")
    assert call.data[-32:] == (5).to_bytes(32, "big")


def test_no_contract_at_the_address(thing: ModuleType) -> None:
    with pytest.raises(NotReady, match="no Thing at 0x1111"):
        thing.Thing(Node(b""), "0x" + "11" * 20).pair()


def test_events_decode_by_what_is_indexed(thing: ModuleType) -> None:
    from fusion.chain.contract import LogRef, encode

    ref = LogRef(1, 0, "0x", "0x", 0, "0x")
    rows = [thing.Row("0x" + "11" * 20, thing.Kind.NONE, 1)]
    data = encode("f((address,uint8,uint32)[],address)", [rows, "0x" + "22" * 20])
    topics = [thing.Put.TOPIC, "0x" + (9).to_bytes(32, "big").hex(), "0x" + "ab" * 32]

    event = thing.Put.decode(topics, "0x" + data.hex(), ref)

    assert event == thing.Put(row_id=9, name=b"\xab" * 32, rows=tuple(rows), from_="0x" + "22" * 20, log=ref)
    assert {thing.Put.TOPIC: thing.Put} == thing.Thing.EVENTS


def test_errors_are_known_by_selector(thing: ModuleType) -> None:
    errors = sys.modules["thing_bindings.errors"].ERRORS

    assert {each.name for each in thing.Thing.ERRORS.values()} == {"Wrong", "Empty"}
    assert {each.name for each in errors.values()} == {"Wrong", "Empty", "NotAllowed"}
    wrong = next(each for each in errors.values() if each.name == "Wrong")
    assert wrong.arguments(bytes(31) + b"\1" + bytes(31) + b"\7") == {"kind": thing.Kind.BAD_ROW, "rowId": 7}


def test_a_contract_that_is_not_compiled(project: Path) -> None:
    (project / "forge" / "Thing.sol" / "Thing.json").unlink()

    with pytest.raises(NotReady, match=r"contract Thing is not compiled: .* run `make contracts`"):
        run(project)
    assert not (project / "bindings").exists()


def test_code_that_needs_linking(project: Path) -> None:
    write(project, artifact("Thing", ABI, code="0x60__$aa$__01"), "Thing")

    with pytest.raises(NotReady, match="needs linking"):
        run(project)


def test_structs_of_one_name_and_two_shapes(project: Path) -> None:
    other = value("", "tuple", "struct Other.Row", components=ROW[:1])
    write(project, artifact("Thing", [*ABI, function("other", [], [other])]), "Thing")

    with pytest.raises(NotReady, match="two structs are named Row"):
        run(project)


def test_an_enum_that_the_source_does_not_have(project: Path) -> None:
    (project / "contracts" / "Thing.sol").write_text("contract Thing {}\n")

    with pytest.raises(NotReady, match="enum Kind is in an ABI but not in contracts/"):
        run(project)


def test_a_function_named_as_the_base_class_has_it(project: Path) -> None:
    write(project, artifact("Thing", [*ABI, function("bytecode", [], [])]), "Thing")

    with pytest.raises(NotReady, match=r"Thing.bytecode\(\) has no Python name of its own"):
        run(project)
