"""Manifest: what a recorder signs of a window.

A manifest is a raw block of deterministic CBOR, `{"body": bytes, "signature": bytes}`; the body is CBOR again. The
signature is one of EIP-712 typed data that names the window and the body's hash, so that a person at an external signer
sees what is signed.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from atom.archive.cut import Gap, Span
from atom.events import MARKET, SCHEMA_VERSION
from fusion.chain.account import Account
from fusion.chain.typed import packed, signer_of
from fusion.content import dcbor
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.errors import BadInput, ContentError

LIMIT: Final = 1 << 20
"""Most bytes of a manifest."""

LONGEST: Final = 86_400 * 10**9
"""Longest window, ns."""

_FORM: Final = "fusion-window-1"
_LATEST: Final = 2**63
_MOST_ROWS: Final = (256 << 20) // 64  # more do not fit a folder
_MOST: Final = 10_000  # gaps, pictures
_VENUE: Final = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
_KEYS: Final[Mapping[str, type | tuple[type, ...]]] = {
    "form": str,
    "schema": int,
    "venue": str,
    "symbol": str,
    "start": int,
    "end": int,
    "window": str,
    "rows": dict,
    "whole": bool,
    "gaps": list,
    "pictures": list,
    "unplaced": int,
    "lateness": int,
    "recorder": str,
    "previous": (str, type(None)),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a recorder says of a window.

    Attributes:
        venue, symbol: of which market.
        span: from and to, ns of the venue's time.
        window: root of the market's facts.
        rows: how many of each type.
        gaps: in which venue time something may be missing, and why; none where the window is whole.
        pictures: the recorder's book before a row of the window's book; None where it was not known.
        unplaced: facts left out, since the venue tells no time of their type.
        lateness: for which the recorder waited, ns.
        recorder: address that signs.
        previous: the recorder's manifest before this one, of the same market.
    """

    venue: str
    symbol: str
    span: Span
    window: Cid
    rows: Mapping[str, int]
    gaps: tuple[Gap, ...]
    pictures: tuple[tuple[int, Cid | None], ...]
    unplaced: int
    lateness: int
    recorder: str
    previous: Cid | None

    @property
    def whole(self) -> bool:
        """Whether the recorder is sure that nothing is missing."""
        return not self.gaps

    def signed(self, account: Account) -> tuple[Cid, bytes]:
        """The block, signed by its recorder."""
        body = self._body()
        block = dcbor.encode({"body": body, "signature": packed(account.sign_typed(self._typed(body)))})
        if len(block) > LIMIT:
            raise BadInput(f"the manifest of {self.symbol} on {self.venue} has {len(block)} bytes, over {LIMIT}")
        return Cid.of_block(RAW, block), block

    @classmethod
    def parse(cls, block: bytes) -> Self:
        """Reads a block; raises ContentError where it is malformed, or not signed by its recorder."""
        if len(block) > LIMIT:
            raise ContentError(f"a manifest has at most {LIMIT} bytes, this one {len(block)}")
        match dcbor.decode(block):
            case {"body": bytes(body), "signature": bytes(signature), **rest} if not rest:
                pass
            case _:
                raise ContentError("a manifest holds a body and a signature, and nothing else")
        read = cls._read(_fields(dcbor.decode(body)))
        try:
            by = signer_of(read._typed(body), signature)
        except BadInput as error:
            raise ContentError(str(error)) from error
        if by != read.recorder:
            raise ContentError(f"a manifest of {read.recorder} is signed by {by}")
        return read

    @classmethod
    def _read(cls, told: Mapping[str, Any]) -> Self:
        venue, symbol, span = told["venue"], told["symbol"], Span(told["start"], told["end"])
        if told["form"] != _FORM or told["schema"] != SCHEMA_VERSION:
            raise ContentError(
                f"a manifest of form {_shown(told['form'])} and schema {told['schema']}; "
                f"this version reads {_FORM} and {SCHEMA_VERSION}"
            )
        if not _VENUE.fullmatch(venue) or not 0 < len(symbol) <= 64 or not symbol.isprintable() or " " in symbol:
            raise ContentError(f"{_shown(venue)}, {_shown(symbol)} name no market")
        if not 0 <= span.start < span.end < _LATEST or span.end - span.start > LONGEST:
            raise ContentError(f"from {span.start} to {span.end} is no window of at most a day")
        rows = told["rows"]
        if rows.keys() != set(MARKET) or any(not _counts(count, _MOST_ROWS) for count in rows.values()):
            raise ContentError(f"rows of a manifest are {_shown(rows)}; no window holds so many, or these types")
        gaps = tuple(_gap(gap, span) for gap in told["gaps"][: _MOST + 1])
        pictures = tuple(_picture(picture, rows["book"]) for picture in told["pictures"][: _MOST + 1])
        if len(gaps) > _MOST or len(pictures) > _MOST or told["whole"] is not (not gaps):
            raise ContentError(
                f"a manifest with {len(gaps)} gaps and {len(pictures)} pictures says whole={told['whole']}"
            )
        places = [row for row, _ in pictures]
        if places[:1] != [0] or places != sorted(set(places)):
            raise ContentError("the pictures of a manifest begin at row 0 and stand in order")
        if told["unplaced"] < 0 or not 0 <= told["lateness"] <= LONGEST:
            raise ContentError(f"unplaced {told['unplaced']} or lateness {told['lateness']} is out of range")
        return cls(
            venue,
            symbol,
            span,
            _cid(told["window"], DAG_PB),
            rows,
            gaps,
            pictures,
            told["unplaced"],
            told["lateness"],
            told["recorder"],
            None if told["previous"] is None else _cid(told["previous"], RAW),
        )

    def _body(self) -> bytes:
        return dcbor.encode(
            {
                "form": _FORM,
                "schema": SCHEMA_VERSION,
                "venue": self.venue,
                "symbol": self.symbol,
                "start": self.span.start,
                "end": self.span.end,
                "window": str(self.window),
                "rows": dict(self.rows),
                "whole": self.whole,
                "gaps": [list(gap) for gap in self.gaps],
                "pictures": [[row, None if cid is None else str(cid)] for row, cid in self.pictures],
                "unplaced": self.unplaced,
                "lateness": self.lateness,
                "recorder": self.recorder,
                "previous": None if self.previous is None else str(self.previous),
            }
        )

    def _typed(self, body: bytes) -> dict[str, Any]:
        fields = [("venue", "string"), ("symbol", "string"), ("start", "uint64"), ("end", "uint64")]
        fields += [("window", "string"), ("whole", "bool"), ("body", "bytes32")]
        return {
            "types": {
                "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"}],
                "RecordedWindow": [{"name": name, "type": kind} for name, kind in fields],
            },
            "primaryType": "RecordedWindow",
            "domain": {"name": "Fusion open archive", "version": "1"},
            "message": {
                "venue": self.venue,
                "symbol": self.symbol,
                "start": self.span.start,
                "end": self.span.end,
                "window": str(self.window),
                "whole": self.whole,
                "body": hashlib.sha256(body).digest(),
            },
        }


def _fields(told: object) -> Mapping[str, Any]:
    if not isinstance(told, dict) or told.keys() != _KEYS.keys():
        raise ContentError(f"the body of a manifest holds {', '.join(_KEYS)}")
    for name, kind in _KEYS.items():
        if not isinstance(told[name], kind) or (kind is int and isinstance(told[name], bool)):
            raise ContentError(f"{name} of a manifest is {_shown(told[name])}")
    return told


def _counts(value: object, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _gap(told: object, span: Span) -> Gap:
    match told:
        case [int(start), int(end), str(why)] if (
            span.start <= start <= end <= span.end and len(why) <= 120 and why.isprintable()
        ):
            return Gap(start, end, why)
    raise ContentError(f"{_shown(told)} is no gap of the window")


def _picture(told: object, rows: int) -> tuple[int, Cid | None]:
    match told:
        case [int(row), None] if _counts(row, rows):
            return row, None
        case [int(row), str(cid)] if _counts(row, rows):
            return row, _cid(cid, DAG_PB)
    raise ContentError(f"{_shown(told)} is no picture of a book of {rows} rows")


def _cid(text: str, codec: int) -> Cid:
    try:
        cid = Cid.parse(text)
    except BadInput as error:
        raise ContentError(str(error)) from error
    if cid.codec != codec or str(cid) != text:
        raise ContentError(f"{text[:80]!r} is not the kind of CID that stands there")
    return cid


def _shown(value: object) -> str:
    return f"{value!r:.80}"
