"""From a job to what the sandbox runs: the module with its upstreams, and the input columns.

A module gets only those upstreams that its version pays: each `requires` entry must be the bundle of a version that
stands in the revenue table which the chain has for it. That is what makes recursive royalties real.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fusion.content.bundle import Bundle
from fusion.content.cid import Cid
from fusion.content.gateway import Content
from fusion.content.table import Column, read_table
from fusion.errors import BadInput, BundleError
from sandbox.code import ModuleCode

MAX_MODULES = 64  # of one job, upstreams included
MAX_BYTES = 64 * 1024 * 1024  # of their bundles together
MAX_INPUT = 256 * 1024 * 1024  # bytes of its input tables together


@dataclass(frozen=True, slots=True)
class Listing:
    """What the chain says of a version: its bundle, whether it is sealed, and the versions that it pays."""

    cid: Cid
    sealed: bool
    upstreams: tuple[int, ...]


Listings = Callable[[int], Listing]


def module_code(version: int, listings: Listings, content: Content) -> ModuleCode:
    """The module of `version` with all upstreams, each fetched by the CID that the chain has for it.

    Args:
        version: id of a published version.
        listings: what the chain says of a version.
        content: where bundles come from.

    Raises:
        BadInput: it requires what it does not pay, is sealed or native, or is too large with its upstreams.
        ContentUnavailable: a bundle cannot be had now.
        ContentError: only altered bytes were found.
    """
    return _Resolution(listings, content).module(version)


class _Resolution:
    def __init__(self, listings: Listings, content: Content) -> None:
        self._listings = listings
        self._content = content
        self._known: dict[int, ModuleCode] = {}
        self._count = 0
        self._size = 0

    def module(self, version: int) -> ModuleCode:
        if version in self._known:
            return self._known[version]
        self._count += 1
        if self._count > MAX_MODULES:
            raise BadInput(f"version {version} comes after {MAX_MODULES} other modules: a job runs no more")
        listing = self._listings(version)
        bundle = self._bundle(version, listing)
        # The same bundle may stand in two upstreams, one a copy: the older is taken.
        paid = {self._listings(upstream).cid: upstream for upstream in sorted(listing.upstreams, reverse=True)}
        requires: dict[str, ModuleCode] = {}
        for requirement in bundle.manifest.requires:
            if requirement.cid not in paid:
                raise BadInput(
                    f"version {version} requires {requirement.name!r} ({requirement.cid}), which its revenue table "
                    "does not pay: publish it with that upstream"
                )
            # An upstream's id is below its own version's: the chain refuses any other, so this ends.
            requires[requirement.name] = self.module(paid[requirement.cid])
        code = ModuleCode(cid=listing.cid, files=dict(bundle.files), entry=bundle.manifest.entry, requires=requires)
        self._known[version] = code
        return code

    def _bundle(self, version: int, listing: Listing) -> Bundle:
        if listing.sealed:
            raise BadInput(f"version {version} is sealed: this operator runs open modules alone")
        files = self._content.directory(listing.cid)
        self._size += sum(map(len, files.values()))
        if self._size > MAX_BYTES:
            raise BadInput(f"version {version} has more than {MAX_BYTES} bytes with its upstreams: a job runs no more")
        try:
            bundle = Bundle.from_files(files)
        except BundleError as error:
            raise BadInput(f"version {version} ({listing.cid}) is no bundle: {error}") from error
        if bundle.manifest.native:
            raise BadInput(f"version {version} needs {bundle.manifest.native[0]!r}: native code is never attested")
        return bundle


def input_columns(inputs: Mapping[str, Cid], content: Content) -> dict[str, Column]:
    """Port -> the column of its own name in its table, or the table's only column.

    Raises:
        BadInput: a table has several columns and none of the port's name, or the tables are too large together.
        ContentUnavailable: a table cannot be had now.
        ContentError: only altered bytes were found, or they are no table.
    """
    tables: dict[Cid, dict[str, Column]] = {}
    size = 0
    for cid in dict.fromkeys(inputs.values()):
        files = content.directory(cid)
        size += sum(map(len, files.values()))
        if size > MAX_INPUT:
            raise BadInput(f"the inputs have more than {MAX_INPUT >> 20} MiB together: a job reads no more")
        tables[cid] = read_table(files)
    columns: dict[str, Column] = {}
    for port, cid in inputs.items():
        table = tables[cid]
        if port in table:
            columns[port] = table[port]
        elif len(table) == 1:
            (columns[port],) = table.values()
        else:
            raise BadInput(f"input {port!r} is not among the columns of {cid}: {', '.join(sorted(table))[:200]}")
    return columns
