"""Bundles on this machine: a folder and what it requires, ready for the sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.content.bundle import Bundle, Requirement
from fusion.content.cid import Cid
from fusion.content.gateway import Content
from fusion.errors import BadInput, BundleError, ContentUnavailable
from sandbox.code import ModuleCode

if TYPE_CHECKING:
    from cli.session import Session
    from sandbox.port import ModuleRuntime

DEEPEST = 16  # requirements of requirements


@contextmanager
def known_content(what: str) -> Iterator[None]:
    """Turns content that nobody at hand has into bad input: the person named it, here and now."""
    try:
        yield
    except ContentUnavailable as error:
        raise BadInput(f"{what}: {error}") from error


def fetched(content: Content, cid: Cid, what: str) -> dict[str, bytes]:
    """The files of a folder, from the store or a gateway; BadInput when nobody at hand has it."""
    with known_content(what):
        return content.directory(cid)


def local_code(folder: Path, content: Content) -> tuple[Bundle, ModuleCode]:
    """A bundle in a folder, with its upstreams from the folders beside it or from content at hand."""
    bundle = Bundle.load(folder)
    return bundle, _code(bundle, folder, content, (bundle.manifest.name,))


@contextmanager
def runtime_of(session: "Session", code: ModuleCode, *, native: bool) -> "Iterator[ModuleRuntime]":
    """What runs a module here: wasm, or this machine's own code behind the jail's walls, which is never attested."""
    if not native:
        yield session.runtime
        return
    from sandbox.native import NativeRuntime
    from sandbox.order import native_packages

    with NativeRuntime(native_packages(code)) as runtime:
        yield runtime


def _code(bundle: Bundle, folder: Path, content: Content, path: tuple[str, ...]) -> ModuleCode:
    if len(path) > DEEPEST:  # content cannot require itself, but folders named by no CID can
        raise BundleError(f"module.toml: requires go round or are too deep: {' -> '.join(path[:5])} ...")
    requires = {}
    for required in bundle.manifest.requires:
        found, where = _find(required, folder, content)
        requires[required.name] = _code(found, where, content, (*path, required.name))
    return ModuleCode(bundle.cid, bundle.files, bundle.manifest.entry, requires)


def _find(required: Requirement, folder: Path, content: Content) -> tuple[Bundle, Path]:
    beside = folder.resolve().parent / required.name
    if beside.is_dir():
        bundle = Bundle.load(beside)
        if required.cid in (None, bundle.cid):
            return bundle, beside
    if required.cid is None:
        raise BundleError(f"module.toml: requires {required.name}: no folder {beside} holds it and no cid names it")
    files = fetched(content, required.cid, f"module.toml: requires {required.name}")
    return Bundle.from_files(files), beside
