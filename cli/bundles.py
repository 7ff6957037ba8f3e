"""Bundles on this machine: a folder and what it requires, ready for the sandbox."""

from pathlib import Path

from fusion.content.bundle import Bundle, Requirement
from fusion.content.cid import Cid
from fusion.content.gateway import Content
from fusion.errors import BundleError, Retryable
from sandbox.code import ModuleCode


def local_code(folder: Path, content: Content) -> tuple[Bundle, ModuleCode]:
    """A bundle in a folder, with its upstreams from the folders beside it or from content at hand."""
    bundle = Bundle.load(folder)
    return bundle, _code(bundle, folder, content)


def _code(bundle: Bundle, folder: Path, content: Content) -> ModuleCode:
    requires = {}
    for required in bundle.manifest.requires:
        found, where = _find(required, folder, content)
        requires[required.name] = _code(found, where, content)
    return ModuleCode(bundle.cid, bundle.files, bundle.manifest.entry, requires)


def _find(required: Requirement, folder: Path, content: Content) -> tuple[Bundle, Path]:
    beside = folder.resolve().parent / required.name
    if beside.is_dir():
        bundle = Bundle.load(beside)
        if required.cid in (None, bundle.cid):
            return bundle, beside
    if required.cid is None:
        raise BundleError(f"module.toml: requires {required.name}: no folder {beside} holds it and no cid names it")
    return _fetch(required.name, required.cid, content), beside


def _fetch(name: str, cid: Cid, content: Content) -> Bundle:
    try:
        return Bundle.from_files(content.directory(cid))
    except Retryable as error:
        raise BundleError(f"module.toml: requires {name}: {error}") from error
