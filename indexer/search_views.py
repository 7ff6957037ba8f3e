"""The read side of searches and windows, as `indexer.views`."""

from collections.abc import Sequence

from sqlmodel import Session

from indexer.fold.context import text
from indexer.page import Page, listed
from indexer.tables import Candidate, Recorder, Recording, Search, Window
from indexer.views import equal, is_set


def searches(
    session: Session,
    page: Page,
    *,
    requester: str | None = None,
    solver: str | None = None,
    version: int | None = None,
    window: str | None = None,
    status: str | None = None,
    ended: bool | None = None,
) -> Sequence[Search]:
    """`solver` keeps the searches that it has won."""
    conditions = equal(
        (Search.requester, requester),
        (Search.solver, solver),
        (Search.version_id, version),
        (Search.window_key, window),
        (Search.status, status),
    )
    return listed(session, Search, page, *conditions, *is_set(Search.ended_at, ended))


def candidates(
    session: Session,
    page: Page,
    *,
    search: int | None = None,
    solver: str | None = None,
    status: str | None = None,
) -> Sequence[Candidate]:
    return listed(
        session,
        Candidate,
        page,
        *equal((Candidate.search_id, search), (Candidate.solver, solver), (Candidate.status, status)),
    )


def windows(
    session: Session,
    page: Page,
    *,
    venue: str | None = None,
    symbol: str | None = None,
    status: str | None = None,
    cid_digest: str | None = None,
) -> Sequence[Window]:
    stored = (None if value is None else text(value) for value in (venue, symbol))
    conditions = equal(
        *zip((Window.venue, Window.symbol), stored, strict=True),
        (Window.status, status),
        (Window.cid_digest, cid_digest),
    )
    return listed(session, Window, page, *conditions)


def recordings(
    session: Session, page: Page, *, window: str | None = None, recorder: str | None = None
) -> Sequence[Recording]:
    return listed(session, Recording, page, *equal((Recording.window_key, window), (Recording.recorder, recorder)))


def recorders(session: Session, page: Page, *, is_listed: bool | None = None) -> Sequence[Recorder]:
    return listed(session, Recorder, page, *equal((Recorder.listed, is_listed)))
