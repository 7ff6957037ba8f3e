"""Mirror: a peer's archive, here. Nobody has to trust it: blocks are checked by hash, manifests by signature."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import orjson

from atom.archive.archive import Archive
from atom.archive.catalogue import Entry
from atom.archive.check import check
from atom.archive.manifest import Manifest
from fusion.content.cid import RAW, Cid
from fusion.content.gateway import GatewayClient
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContentError, ContentUnavailable

PATH: Final = "/archive"
"""Where a peer tells of the last manifest of each signer and market; its gateway is at `/ipfs`."""

_MOST: Final = 200_000  # manifests of one signer and market
_MOST_BYTES: Final = 1 << 30  # of them
_LISTING: Final = 8 << 20  # bytes
_TIMEOUT: Final = 10.0

Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What came of one signer's manifests of one market.

    Attributes:
        venue, symbol, signer: as the manifests say; None where not even the first could be read.
        head: the last manifest, as the peer tells.
        windows: new ones, with their manifests.
        refused: why the rest was not taken; None where nothing was refused.
        later: whether that may pass later, as where the peer went away.
    """

    venue: str | None
    symbol: str | None
    signer: str | None
    head: str
    windows: int
    refused: str | None = None
    later: bool = False


class Peer:
    """A peer's archive over HTTP.

    Args:
        url: of its API, such as `http://127.0.0.1:8000`.

    Raises:
        BadInput: that is no address.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._gateway = GatewayClient([f"{self.url}/ipfs"])
        self._small = GatewayClient([f"{self.url}/ipfs"], limit=2 << 20)

    def heads(self) -> list[Cid]:
        """The last manifest of each signer and market, as it says.

        Raises:
            ContentUnavailable: it does not answer.
            ContentError: its answer is no list of manifests.
        """
        told = self._listing()
        try:
            heads = [Cid.parse(entry["manifest"]) for entry in orjson.loads(told)["heads"]]
        except (ValueError, KeyError, TypeError, AttributeError, BadInput) as error:
            raise ContentError(f"{self.url}{PATH} is no list of an archive") from error
        if any(head.codec != RAW for head in heads):
            raise ContentError(f"{self.url}{PATH} lists what is no manifest")
        return heads

    def manifest(self, cid: Cid, store: BlockStore) -> Manifest:
        """A manifest of the peer, kept in `store`."""
        if cid.codec != RAW:
            raise ContentError(f"{cid} is no manifest")
        if not store.has(cid):
            self._small.fetch(cid, store)
        return Manifest.parse(store.get(cid))

    def window(self, told: Manifest, store: BlockStore) -> None:
        """All that a manifest names, kept in `store` and checked."""
        for root in (told.window, *(cid for _, cid in told.pictures if cid is not None)):
            self._gateway.fetch(root, store)
        check(told, store)

    def _listing(self) -> bytes:
        here: dict[str, httpx.BaseTransport | None] = {"all://127.0.0.1": None, "all://localhost": None}
        told = bytearray()
        try:
            with (
                httpx.Client(timeout=_TIMEOUT, mounts=here, headers={"Accept-Encoding": "identity"}) as client,
                client.stream("GET", f"{self.url}{PATH}") as response,
            ):
                if response.status_code != 200:
                    raise ContentUnavailable(f"{self.url}{PATH} answers HTTP {response.status_code}; is it an archive?")
                for chunk in response.iter_raw():
                    told += chunk
                    if len(told) > _LISTING:
                        raise ContentError(f"{self.url}{PATH} tells more than {_LISTING >> 20} MiB")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            why = " ".join(str(error).split()) or type(error).__name__
            raise ContentUnavailable(f"{self.url} does not answer: {why}") from error
        return bytes(told)


def mirror(
    archive: Archive,
    peer: Peer,
    *,
    signers: Sequence[str] = (),
    market: tuple[str | None, str | None] = (None, None),
    report: Progress = lambda stage, part: None,
) -> Iterator[Mirrored]:
    """Takes what a peer has and this archive lacks, each chain of manifests from its oldest on.

    A window is added once it is here as a whole and true; so a mirror that was interrupted goes on there. What is wrong
    ends its own chain alone.

    Args:
        archive: where it goes.
        peer: whose it is.
        signers: recorders whose manifests are wanted; all by default.
        market: venue and symbol that are wanted; None for any.
        report: told of progress.

    Raises:
        ContentUnavailable: the peer does not answer.
        ContentError: it is no archive.
        FusionError: the disk refuses.
    """
    heads = peer.heads()
    for place, head in enumerate(heads):
        if archive.catalogue.has(head):
            if (told := archive.manifest(head)) and _wanted(told, signers, market):
                yield Mirrored(told.venue, told.symbol, told.recorder, str(head), 0)
            continue
        with tempfile.TemporaryDirectory(prefix="fusion-mirror-") as folder:
            chain = _Chain(archive, peer, BlockStore(Path(folder)), head)
            taken = chain.take(
                lambda told: _wanted(told, signers, market),
                partial(_part, report, place, len(heads)),
            )
            if taken is not None:
                yield taken


def _part(report: Progress, place: int, of: int, stage: str, part: float) -> None:
    """Tells of progress in one of so many."""
    report(stage, (place + part) / of)


class _Chain:
    """The manifests of one signer and market, from a head back to those that are here."""

    def __init__(self, archive: Archive, peer: Peer, staged: BlockStore, head: Cid) -> None:
        self._archive, self._peer, self._staged, self._head = archive, peer, staged, head

    def take(self, wanted: Callable[[Manifest], bool], report: Progress) -> Mirrored | None:
        last: Manifest | None = None
        windows = 0
        refused, later = None, False
        try:
            last = self._peer.manifest(self._head, self._staged)
            if not wanted(last):
                return None
            missing = self._missing(last)
            for place, cid in enumerate(reversed(missing)):
                told = self._peer.manifest(cid, self._staged)
                report(f"{told.symbol} on {told.venue}", place / len(missing))
                self._add(cid, told)
                windows += 1
        except (ContentError, ContentUnavailable) as error:
            refused, later = str(error), isinstance(error, ContentUnavailable)
        if last is None:
            return Mirrored(None, None, None, str(self._head), 0, refused, later)
        return Mirrored(last.venue, last.symbol, last.recorder, str(self._head), windows, refused, later)

    def _missing(self, last: Manifest) -> list[Cid]:
        found = [self._head]
        told, size = last, 0
        while told.previous is not None and not self._archive.catalogue.has(told.previous):
            before = self._peer.manifest(told.previous, self._staged)
            if (before.recorder, before.venue, before.symbol) != (last.recorder, last.venue, last.symbol):
                raise ContentError(
                    f"manifest {told.previous} is of another signer or market than that which follows it"
                )
            if before.span.end > told.span.start:
                raise ContentError(f"manifest {told.previous} ends after the one that follows it begins")
            found.append(told.previous)
            size += len(self._staged.get(told.previous))
            if len(found) > _MOST or size > _MOST_BYTES:
                raise ContentError(
                    f"{self._head} follows more than {_MOST} manifests, or {_MOST_BYTES >> 20} MiB of them"
                )
            told = before
        return found

    def _add(self, cid: Cid, told: Manifest) -> None:
        with tempfile.TemporaryDirectory(prefix="fusion-mirror-") as folder:
            staged = BlockStore(Path(folder))
            self._peer.window(told, staged)
            for root in (told.window, *(each for _, each in told.pictures if each is not None)):
                order = [block for block, _ in staged.blocks_of(root)]
                self._archive.content.put_all((block, staged.get(block)) for block in reversed(order))
        self._archive.content.put(cid, self._staged.get(cid))
        self._archive.catalogue.add(Entry.of(cid, told))


def _wanted(told: Manifest, signers: Sequence[str], market: tuple[str | None, str | None]) -> bool:
    venue, symbol = market
    return (not signers or told.recorder in signers) and venue in {None, told.venue} and symbol in {None, told.symbol}
