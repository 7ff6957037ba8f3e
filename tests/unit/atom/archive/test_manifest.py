"""A manifest says who signed what, in one form, and nothing that cannot be."""

from dataclasses import replace

import pytest

from atom.archive.cut import Gap, Span
from atom.archive.manifest import LIMIT, Manifest, _fields
from fusion.chain.account import Account
from fusion.content import dcbor
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.errors import ContentError

KEY, OTHER = Account.from_key(b"\1" * 32), Account.from_key(b"\2" * 32)
ROOT, RAW_ROOT = Cid.of_block(DAG_PB, b"window"), Cid.of_block(RAW, b"manifest")
SPAN = Span(10**18, 10**18 + 3_600 * 10**9)
TOLD = Manifest(
    "binance",
    "BTC-USDT",
    SPAN,
    ROOT,
    {"book": 5, "quote": 0, "trade": 2},
    (Gap(SPAN.start, SPAN.start + 7, "disconnect"),),
    ((0, None), (3, ROOT)),
    1,
    10**10,
    KEY.address,
    RAW_ROOT,
)
HOSTILE = {
    "rows": {"book": 10**9, "quote": 0, "trade": 0},
    "more rows": {"book": -1, "quote": 0, "trade": 0},
    "of other types": {"book": 1, "candle": 1},
    "venue": "../../etc",
    "symbol": "BTC USDT",
    "control": "BTC\x1b[2J",
    "end": SPAN.start,
    "long": SPAN.start + 10**15,
    "start": -1,
    "window": str(RAW_ROOT),
    "window path": "../../etc/passwd",
    "previous": str(ROOT),
    "whole": True,
    "gaps": [[SPAN.start - 1, SPAN.end, "earlier"]],
    "gap words": [[SPAN.start, SPAN.end, "a\nb"]],
    "pictures": [[1, None]],
    "picture beyond": [[0, None], [6, None]],
    "pictures twice": [[0, None], [0, None]],
    "picture of a file": [[0, str(RAW_ROOT)]],
    "schema": 99,
    "form": "other",
    "unplaced": -1,
    "lateness": 10**18,
}
OF = {
    "more rows": "rows",
    "of other types": "rows",
    "control": "symbol",
    "long": "end",
    "window path": "window",
    "gap words": "gaps",
    "picture beyond": "pictures",
    "pictures twice": "pictures",
    "picture of a file": "pictures",
}


def altered(**told):
    """A manifest with that in it, signed by its recorder all the same."""
    body = dcbor.decode(TOLD._body()) | told
    block = dcbor.encode({"body": dcbor.encode(body), "signature": b"\0" * 65})
    try:
        read = Manifest._read(_fields(body))
    except ContentError:
        return block  # it is refused before its signature is looked at
    return read.signed(KEY)[1]


def test_it_is_read_back_as_it_was_signed():
    cid, block = TOLD.signed(KEY)
    assert Manifest.parse(block) == TOLD
    assert cid == Cid.of_block(RAW, block)
    whole = replace(TOLD, gaps=(), previous=None)
    assert Manifest.parse(whole.signed(KEY)[1]).whole


def test_one_that_another_signed_is_refused():
    with pytest.raises(ContentError, match=f"of {KEY.address} is signed by {OTHER.address}"):
        Manifest.parse(TOLD.signed(OTHER)[1])


def test_one_that_was_altered_after_it_was_signed_is_refused():
    told = dcbor.decode(TOLD.signed(KEY)[1])
    body = dcbor.encode(dcbor.decode(told["body"]) | {"symbol": "ETH-USDT"})
    with pytest.raises(ContentError, match="is signed by"):
        Manifest.parse(dcbor.encode(told | {"body": body}))
    unplaced = dcbor.encode(dcbor.decode(told["body"]) | {"unplaced": 2})  # not among what a person is shown
    with pytest.raises(ContentError, match="is signed by"):
        Manifest.parse(dcbor.encode(told | {"body": unplaced}))


@pytest.mark.parametrize("signature", [b"", b"\0" * 65, b"\xff" * 65, b"\1" * 64 + b"\x1b", b"\1" * 66])
def test_what_is_no_signature_is_refused(signature):
    told = dcbor.decode(TOLD.signed(KEY)[1])
    with pytest.raises(ContentError):
        Manifest.parse(dcbor.encode(told | {"signature": signature}))


def test_the_second_form_of_a_signature_is_refused():
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    told = dcbor.decode(TOLD.signed(KEY)[1])
    signature = told["signature"]
    s = order - int.from_bytes(signature[32:64], "big")
    other = signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])
    with pytest.raises(ContentError, match="no signature"):
        Manifest.parse(dcbor.encode(told | {"signature": other}))


@pytest.mark.parametrize("name", HOSTILE)
def test_what_cannot_be_is_refused(name):
    with pytest.raises(ContentError):
        Manifest.parse(altered(**{OF.get(name, name): HOSTILE[name]}))


@pytest.mark.parametrize("name", ["venue", "rows", "gaps", "start", "whole"])
@pytest.mark.parametrize("value", [None, 1.5, [], {}, "no venue", True, 7, [[[]]], {"book": True}])
def test_values_of_other_kinds_are_refused(name, value):
    with pytest.raises(ContentError):
        Manifest.parse(altered(**{name: value}))


@pytest.mark.parametrize(
    "block", [b"", b"\x00", b"\xff" * 50, b"{}", dcbor.encode({}), dcbor.encode([1]), b"\x00" * (LIMIT + 1)]
)
def test_what_is_no_manifest_is_refused(block):
    with pytest.raises(ContentError):
        Manifest.parse(block)
