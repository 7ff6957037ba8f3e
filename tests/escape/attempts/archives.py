"""Bundles that attack whoever fetches or loads them: over a gateway as they travel, and as folders on disk."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fusion.content import car, dagpb, unixfs, varint
from fusion.content.bundle import MAX_BYTES, MAX_DEPTH, MAX_FILES, Bundle
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.content.dagpb import Kind, Link, Node
from fusion.content.gateway import Content
from fusion.content.store import BlockStore

MANIFEST = b"""\
name = "ema"
version = "1.0.0"
entry = "f"
summary = "Exponential moving average"
license = "Apache-2.0"
[inputs]
price = "Any series"
[outputs]
value = "Its average"
"""
FILES = {"module.toml": MANIFEST, "module.py": b"def f(): ...\n"}


@dataclass(frozen=True, slots=True)
class Archive:
    """One hostile bundle.

    Attributes:
        name: of the test.
        tries: in a few words, for the page.
        open: loads it in an empty folder, as an operator or an author would.
        refusals: the errors that it may be refused with.
    """

    name: str
    tries: str
    open: Callable[[Path], object]
    refusals: tuple[str, ...]


class _Graph(dict[Cid, bytes]):
    """Blocks, put together by whoever likes to."""

    def add(self, block: bytes, codec: int = DAG_PB) -> Cid:
        cid = Cid.of_block(codec, block)
        self[cid] = block
        return cid

    def folder(self, names: Mapping[str, bytes | Cid]) -> Cid:
        children = {name: self.add(child, RAW) if isinstance(child, bytes) else child for name, child in names.items()}
        return self.add(dagpb.encode(Node(Kind.DIRECTORY, [Link(cid, name, 1) for name, cid in children.items()])))

    def car(self, root: Cid) -> bytes:
        return car.header(root) + b"".join(car.section(cid, self[cid]) for cid in reversed(self))


@contextmanager
def _gateway(pieces: Callable[[], Iterator[bytes]], **headers: str) -> Iterator[str]:
    """The address of a gateway that answers everything with these bytes."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            try:
                for piece in pieces():
                    self.wfile.write(piece)
            except OSError:
                return  # it had enough

        def log_message(self, format: str, *given: object) -> None:  # noqa: A002 - the base class's name
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _fetched(root: Cid, pieces: Callable[[], Iterator[bytes]], folder: Path, **headers: str) -> Bundle:
    """What an operator does with a version: fetch all of it by its CID, then read it as a bundle."""
    with _gateway(pieces, **headers) as url:
        return Bundle.from_files(Content(BlockStore(folder / "content"), [url]).directory(root))


def _sent(name: str, tries: str, build: Callable[[_Graph], Cid], *refusals: str) -> Archive:
    """A graph whose every block matches its CID, sent by a gateway."""

    def opened(folder: Path) -> object:
        graph = _Graph()
        root = build(graph)
        return _fetched(root, lambda: iter([graph.car(root)]), folder)

    return Archive(name, tries, opened, refusals)


def _named(name: str, tries: str, *names: str, refusals: tuple[str, ...] = ("ContentError",)) -> Archive:
    return _sent(name, tries, lambda graph: graph.folder({**FILES, **dict.fromkeys(names, b"x")}), *refusals)


def _filled(name: str, tries: str, files: Mapping[str, bytes]) -> Archive:
    """A well-formed folder with files that no bundle may have."""

    def build(graph: _Graph) -> Cid:
        graph.update(unixfs.directory_blocks({**FILES, **files}))
        return next(reversed(graph))

    return _sent(name, tries, build, "BundleError")


def _written(name: str, tries: str, write: Callable[[Path], object]) -> Archive:
    """A folder on disk."""

    def opened(folder: Path) -> object:
        bundle = folder / "bundle"
        bundle.mkdir()
        for path, content in FILES.items():
            (bundle / path).write_bytes(content)
        write(bundle)
        return Bundle.load(bundle)

    return Archive(name, tries, opened, ("BundleError",))


def _special(kind: int, data: bytes = b"") -> bytes:
    """A UnixFS node of a kind that `dagpb.encode` does not write."""
    inner = b"\x08" + varint.encode(kind) + b"\x12" + varint.encode(len(data)) + data
    return b"\x0a" + varint.encode(len(inner)) + inner


def _doubling(graph: _Graph) -> Cid:
    """A file of 2**60 bytes in fifty blocks, each linked twice by the one above."""
    cid, size = graph.add(bytes(1 << 10), RAW), 1 << 10
    for _ in range(50):
        block = dagpb.encode(Node(Kind.FILE, [Link(cid, "", size)] * 2, sizes=[size] * 2, size=2 * size))
        cid, size = graph.add(block), 2 * size
    return graph.folder({**FILES, "zeros": cid})


def _wide(graph: _Graph) -> Cid:
    """A file of one block, linked two thousand times, two thousand times."""
    cid, size = graph.add(bytes(1 << 16), RAW), 1 << 16
    for count in (2_000, 2_000):
        block = dagpb.encode(Node(Kind.FILE, [Link(cid, "", size)] * count, sizes=[size] * count, size=count * size))
        cid, size = graph.add(block), count * size
    return graph.folder({**FILES, "zeros": cid})


def _lying(graph: _Graph) -> Cid:
    leaf = graph.add(b"four", RAW)
    block = dagpb.encode(Node(Kind.FILE, [Link(leaf, "", 4)], sizes=[1 << 50], size=1 << 50))
    return graph.folder({**FILES, "data.csv": graph.add(block)})


def _deep(graph: _Graph) -> Cid:
    cid = graph.folder({"x": b"x"})
    for _ in range(60):
        cid = graph.folder({"d": cid})
    return graph.folder({**FILES, "d": cid})


def _nested(graph: _Graph) -> Cid:
    """Folders of folders: 100**8 files in nine blocks."""
    cid = graph.folder({"x": b"x"})
    for _ in range(8):
        cid = graph.folder({f"{number}": cid for number in range(100)})
    return graph.folder({**FILES, "d": cid})


def _endless(folder: Path) -> object:
    root = Cid.of_block(RAW, b"never sent")
    noise = car.section(Cid.of_block(RAW, bytes(1 << 20)), bytes(1 << 20))

    def pieces() -> Iterator[bytes]:
        yield car.header(root)
        while True:
            yield noise

    return _fetched(root, pieces, folder)


def _altered(folder: Path) -> object:
    graph = _Graph()
    root = graph.folder(FILES)
    return _fetched(root, lambda: iter([graph.car(root).replace(b"def f", b"def g")]), folder)


def _other(folder: Path) -> object:
    """A sound bundle, but not the one that was asked for."""
    graph = _Graph()
    root = graph.folder(FILES)
    return _fetched(Cid.of_block(DAG_PB, b"another"), lambda: iter([graph.car(root)]), folder)


def _long_section(folder: Path) -> object:
    root = Cid.of_block(RAW, b"x")
    return _fetched(root, lambda: iter([car.header(root), varint.encode(1 << 62), bytes(100)]), folder)


def _compressed(folder: Path) -> object:
    graph = _Graph()
    root = graph.folder(FILES)
    return _fetched(root, lambda: iter([graph.car(root)]), folder, Content_Encoding="gzip")


def _manifest(name: str, tries: str, old: bytes, new: bytes) -> Archive:
    return _filled(name, tries, {"module.toml": MANIFEST.replace(old, new)})


_FETCHED = ("ContentError",)

ARCHIVES = (
    _named("dots_in_a_name", "names a file `../escaped`, above its folder", "../escaped"),
    _named("only_dots", "names files `.` and `..`", ".", ".."),
    _named("absolute_name", "names a file `/etc/cron.d/escaped`", "/etc/cron.d/escaped"),
    _named("backslash_name", "names a file `..\\escaped`, a path on other systems", "..\\escaped"),
    _named("drive_name", "names a file `C:escaped`", "C:escaped", refusals=("BundleError",)),
    _named("nul_in_a_name", "names a file with a NUL, after which some stop reading", "escaped\0.txt"),
    _named("empty_name", "names a file with nothing", ""),
    _named("hidden_name", "brings `.git/hooks` and the like", ".gitconfig", refusals=("BundleError",)),
    _named("case_twins", "names files that some disks hold for one", "a.csv", "A.csv", refusals=("BundleError",)),
    _sent(
        "name_twice",
        "names two files the same, so that one reader sees one and another the other",
        lambda graph: graph.add(
            dagpb.encode(
                Node(Kind.DIRECTORY, [Link(graph.add(text, RAW), "module.py", 1) for text in (b"x = 1\n", b"x = 2\n")])
            )
        ),
        *_FETCHED,
    ),
    _named("turned_name", "names a file so that it is shown backwards", "evil\u202egpj.py", refusals=("BundleError",)),
    _named("twin_in_unicode", "names files that look the same", "\xe9.csv", "e\u0301.csv", refusals=("BundleError",)),
    _named("lookalike", "names a file with a Cyrillic letter", "m\u043edule.py", refusals=("BundleError",)),
    _named("invisible_name", "names a file with a space of no width", "module\u200b.py", refusals=("BundleError",)),
    _named("terminal_in_a_name", "names a file so that it drives a terminal", "\x1b[2J", refusals=("BundleError",)),
    _sent(
        "symlink_node",
        "links to `/etc/passwd`",
        lambda graph: graph.folder({**FILES, "passwd": graph.add(_special(4, b"/etc/passwd"))}),
        *_FETCHED,
    ),
    _sent(
        "sharded_folder",
        "brings a folder in a form that is not read",
        lambda graph: graph.folder({**FILES, "many": graph.add(_special(5))}),
        *_FETCHED,
    ),
    _sent("doubling_file", "packs 2**60 bytes into fifty blocks", _doubling, *_FETCHED),
    _sent("wide_file", "packs 256 GiB into three blocks", _wide, *_FETCHED),
    _sent("nested_folders", "packs 100**8 files into nine blocks", _nested, *_FETCHED),
    _sent("deep_folders", "nests folders sixty deep", _deep, *_FETCHED),
    _sent("lying_size", "states a size that its file has not", _lying, *_FETCHED),
    _filled("too_many_files", "brings more files than a bundle may have", {f"f{n}": b"" for n in range(MAX_FILES)}),
    _filled("too_many_bytes", "brings more bytes than a bundle may have", {"zeros": bytes(MAX_BYTES)}),
    _filled("too_deep", "nests folders deeper than a bundle may", {"d/" * MAX_DEPTH + "x": b""}),
    _filled("native_library", "brings a shared library", {"fast.so": b"\x7fELF"}),
    _filled("native_library_in_disguise", "brings machine code under the name of a table", {"data.csv": b"\x7fELF"}),
    _filled("nul_in_the_source", "hides code behind a NUL", {"module.py": b"x = 1\0\nimport os\n"}),
    _filled("compiled_python", "brings what Python runs in place of the source", {"__pycache__/module.pyc": b"x"}),
    _manifest("code_for_an_entry", "names code where a function's name is due", b'"f"', b"\"__import__('os')\""),
    _manifest("path_for_a_name", "names itself `../../etc`", b'"ema"', b'"../../etc"'),
    _manifest("nested_manifest", "nests values deeper than a parser's stack", b'"1.0.0"', b"[" * 5000 + b"]" * 5000),
    _manifest("huge_manifest", "states a number of a million digits", b'"1.0.0"', b"1" * 10**6),
    Archive("endless_answer", "sends blocks for ever", _endless, _FETCHED),
    Archive("altered_block", "sends a block that is not what its CID says", _altered, _FETCHED),
    Archive("another_bundle", "sends a bundle that nobody asked for", _other, _FETCHED),
    Archive("long_section", "states a block of 2**62 bytes", _long_section, _FETCHED),
    Archive("compressed_answer", "sends bytes that unpack to more", _compressed, ("ContentUnavailable",)),
    _written("symlink", "links to a file outside", lambda bundle: (bundle / "passwd").symlink_to("/etc/passwd")),
    _written("symlinked_folder", "links to a folder outside", lambda bundle: (bundle / "etc").symlink_to("/etc")),
    _written("pipe", "puts a pipe, at which a reader waits for ever", lambda bundle: os.mkfifo(bundle / "data.csv")),
    _written("huge_file", "puts a file of a terabyte", lambda bundle: _sparse(bundle / "zeros", 1 << 40)),
)


def _sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)
