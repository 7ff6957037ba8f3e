"""Windows, and who records them."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from fusion.chain.bindings.window_registry import (
    BondDeposited,
    BondWithdrawn,
    RecorderListed,
    WindowClosed,
    WindowCommitsClosed,
    WindowCommitted,
    WindowOpened,
    WindowRecorded,
    WindowRevealed,
)
from fusion.chain.words import word
from indexer.fold.context import Place, digest, hexed, text
from indexer.fold.holding import hold, let_go
from indexer.tables import Recorder, Recording, Window


def listed(event: RecorderListed, session: Session, place: Place) -> None:
    _recorder(session, event.recorder, place).listed = event.listed


def deposited(event: BondDeposited, session: Session, place: Place) -> None:
    _recorder(session, event.recorder, place).bond += event.amount
    hold(session, event.log.address, place.stake_token, event.amount)


def withdrawn(event: BondWithdrawn, session: Session, place: Place) -> None:
    session.get_one(Recorder, event.recorder).bond -= event.amount
    let_go(session, event.log.address, place.stake_token, event.amount)


def opened(event: WindowOpened, session: Session, place: Place) -> None:
    window = event.window
    session.add(
        Window(
            key=hexed(event.key),
            venue=text(window.venue),
            symbol=text(window.symbol),
            start=window.start,
            end=window.end,
            status="Committing",
            commit_by=event.commit_by,
            block=place.block,
            tx=place.tx,
        )
    )


def committed(event: WindowCommitted, session: Session, place: Place) -> None:
    session.add(
        Recording(
            window_key=hexed(event.key),
            recorder=event.recorder,
            commitment=hexed(event.commitment),
            committed_at=place.time,
            block=place.block,
            tx=place.tx,
        )
    )


def commits_closed(event: WindowCommitsClosed, session: Session, place: Place) -> None:
    session.get_one(Window, hexed(event.key)).status = "Revealing"


def revealed(event: WindowRevealed, session: Session, place: Place) -> None:
    """The first reveal tells that commits are closed, where time closed them."""
    key = hexed(event.key)
    window = session.get_one(Window, key)
    if window.status == "Committing":
        window.status = "Revealing"
    recording = session.get_one(Recording, (key, event.recorder))
    recording.cid_digest = hexed(event.cid_digest)
    recording.revealed_at = place.time


def recorded(event: WindowRecorded, session: Session, place: Place) -> None:
    window = session.get_one(Window, hexed(event.key))
    window.status = "Recorded"
    window.cid_digest = hexed(event.cid_digest)
    window.recorded_at = place.time


def closed(event: WindowClosed, session: Session, place: Place) -> None:
    """Those that did not reveal what was recorded share what was burned: each loses the same lock."""
    window = session.get_one(Window, hexed(event.key))
    window.status = word(event.status)
    window.burned = event.burned
    window.closed_at = place.time
    if not event.burned:
        return
    losing = [each for each in _recordings(session, window.key) if each.cid_digest != digest(event.cid_digest)]
    for each in losing:
        each.lost = event.burned // len(losing)
        recorder = session.get_one(Recorder, each.recorder)
        recorder.bond -= each.lost
        recorder.lost += each.lost
    let_go(session, event.log.address, place.stake_token, event.burned)


def _recordings(session: Session, key: str) -> Sequence[Recording]:
    return session.exec(select(Recording).where(col(Recording.window_key) == key)).all()


def _recorder(session: Session, address: str, place: Place) -> Recorder:
    recorder = session.get(Recorder, address)
    if recorder is None:
        recorder = Recorder(address=address, block=place.block, tx=place.tx)
        session.add(recorder)
    return recorder
