"""What a peer gives is taken where it is true, and refused with one line where it is not."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from atom.archive.catalogue import Entry
from atom.archive.cut import Span
from atom.archive.mirror import Peer, mirror
from atom.events import Action, Flag
from atom.store.parquet import on_steps
from atom.window import add_window, read_window
from fusion.content.cid import Cid
from fusion.errors import BadInput, ContentError, ContentUnavailable
from tests.unit.atom.archive.home import SECOND, Home


@pytest.fixture
def mine(tmp_path):
    return Home(tmp_path / "mine", 9)


def took(mine, url, **options):
    (told,) = mirror(mine.archive, Peer(url), **options)
    return told


def lie(home, told):
    """Puts a manifest that says so at the head of a home's, well signed."""
    head = home.archive.catalogue.heads()[0]
    cid, block = replace(told, previous=head.manifest).signed(home.account)
    home.archive.content.put(cid, block)
    home.archive.catalogue.add(Entry.of(cid, told))


def last(home):
    return home.archive.manifest(home.archive.catalogue.heads()[0].manifest)


def after(told):
    return Span(told.span.end, told.span.end + 10 * SECOND)


def held(mine):
    return [entry.window for entry in mine.archive.catalogue.of_market("simulated", "SIM-USD")]


def test_all_of_it_comes_and_then_nothing_more(published, serve, mine):
    url = serve(published)
    assert took(mine, url).windows == 3
    assert took(mine, url) == replace(took(mine, url), windows=0, refused=None)
    assert held(mine) == held(published)
    for entry in mine.archive.catalogue.of_market("simulated", "SIM-USD"):
        mine.archive.content.read_directory(entry.window)


def test_who_is_not_asked_for_is_left_out(published, serve, mine):
    url = serve(published)
    assert list(mirror(mine.archive, Peer(url), signers=[mine.account.address])) == []
    assert list(mirror(mine.archive, Peer(url), market=("binance", None))) == []
    assert took(mine, url, signers=[published.account.address], market=("simulated", "SIM-USD")).windows == 3


def test_a_mirror_is_mirrored_in_its_turn(published, serve, mine, tmp_path):
    took(mine, serve(published))
    third = Home(tmp_path / "third")
    assert took(third, serve(mine)).signer == published.account.address
    assert held(third) == held(published)


def test_one_that_was_cut_off_goes_on_there(theirs, serve, mine):
    window = theirs.archive.catalogue.of_market("simulated", "SIM-USD")[1].window
    place = theirs.archive.content._path(window)
    content = place.read_bytes()
    place.unlink()
    url = serve(theirs)
    told = took(mine, url)
    assert (told.windows, told.later) == (1, True)
    place.write_bytes(content)
    assert took(mine, url).windows == 2


LIES = {
    "count": lambda told: replace(told, span=after(told), rows=told.rows | {"trade": told.rows["trade"] + 1}),
    "many": lambda told: replace(told, span=after(told), rows=dict.fromkeys(told.rows, 10**6)),
    "span": lambda told: replace(told, span=after(told)),
    "venue": lambda told: replace(told, span=after(told), venue="binance"),
    "overlap": lambda told: replace(told, span=Span(told.span.start + 1, told.span.end + 1)),
    "missing": lambda told: replace(told, span=after(told), window=Cid.directory(b"\7" * 32)),
    "no window": lambda told: replace(told, span=after(told), window=told.pictures[0][1], pictures=((0, None),)),
    "no picture": lambda told: replace(told, pictures=((0, told.window),), span=after(told)),
    "another's": lambda told: replace(told, span=after(told), recorder=Home(None, 5).account.address),
}


@pytest.mark.parametrize("name", LIES)
def test_a_manifest_that_lies_is_refused_and_nothing_of_it_kept(name, theirs, serve, mine):
    told = last(theirs)
    count = told.rows["trade"]
    assert count
    lie(theirs, LIES[name](told))
    (taken,) = (one for one in mirror(mine.archive, Peer(serve(theirs))) if one.refused)
    assert "\n" not in taken.refused
    assert taken.windows == (0 if name in {"overlap", "venue", "another's"} else 3)
    assert len(held(mine)) == (0 if name == "overlap" else 3)
    assert not mine.archive.content.has(Cid.parse(taken.head))


def finer(events):
    """The same on a scale ten times as fine."""
    of = replace(events.instrument, tick=events.instrument.tick.scaleb(-1))
    tables = {kind: on_steps(kind, rows, events.instrument, of) for kind, rows in events.tables().items()}
    return replace(events, instrument=of, **tables)


def flagged(rows, name, value):
    rows = rows.copy()
    rows[name][len(rows) // 2] = value
    return rows


WINDOWS = {
    "order": lambda events: replace(events, trade=events.trade[::-1]),
    "twice": lambda events: replace(events, trade=np.repeat(events.trade, 2)),
    "picture": lambda events: replace(events, book=flagged(events.book, "flags", Flag.SNAPSHOT)),
    "clear": lambda events: replace(events, book=flagged(events.book, "action", Action.CLEAR)),
    "action": lambda events: replace(events, book=flagged(events.book, "action", 99)),
    "side": lambda events: replace(events, trade=flagged(events.trade, "side", 3)),
    "negative": lambda events: replace(events, trade=flagged(events.trade, "price", -1)),
    "flag": lambda events: replace(events, trade=flagged(events.trade, "flags", 1 << 15)),
    "scale": finer,
    "vast": lambda events: replace(events, instrument=replace(events.instrument, tick=Decimal("1E+999999"))),
    "nan": lambda events: replace(events, instrument=replace(events.instrument, tick=Decimal("NaN"))),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_a_window_in_another_form_is_refused(name, theirs, serve, mine):
    told = last(theirs)
    events = read_window(theirs.archive.content.read_directory(told.window))
    events = WINDOWS[name](replace(events, trade=events.trade.copy(), book=events.book.copy()))
    for rows in events.tables().values():
        rows["ts_event"] += 10 * SECOND
    window = add_window(theirs.archive.content, events)
    rows = {kind: len(rows) for kind, rows in events.tables().items()}
    lie(theirs, replace(told, span=after(told), window=window, rows=rows))
    taken = took(mine, serve(theirs))
    assert taken.refused
    assert (taken.windows, taken.later) == (3, False)
    assert not mine.archive.content.has(window)


def test_altered_bytes_are_refused(theirs, serve, mine):
    path = theirs.archive.content._path(last(theirs).window)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    taken = took(mine, serve(theirs))
    assert taken.windows == 2
    assert taken.refused


@pytest.mark.parametrize(
    "listing",
    [b"", b"[]", b'{"heads": 1}', b'{"heads": [{"manifest": "../../etc"}]}', b'{"heads": [{}]}', b"x" * (9 << 20)],
)
def test_what_is_no_listing_is_refused(listing, published, serve, mine):
    with pytest.raises(ContentError):
        list(mirror(mine.archive, Peer(serve(published, listing)), signers=[]))


def test_a_listing_that_names_a_window_is_refused(published, serve, mine):
    window = str(last(published).window)
    with pytest.raises(ContentError, match="no manifest"):
        list(mirror(mine.archive, Peer(serve(published, b'{"heads": [{"manifest": "%s"}]}' % window.encode()))))


def test_who_does_not_answer_may_later(mine):
    with pytest.raises(ContentUnavailable, match="does not answer"):
        list(mirror(mine.archive, Peer("http://127.0.0.1:1")))
    with pytest.raises(BadInput, match="is not an address"):
        Peer("ftp://example.org")
