"""`fusion atom`: the open archive."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.options import Json
from cli.session import Session

if TYPE_CHECKING:
    from atom.archive.archive import Archive
    from atom.archive.publish import Published

RECORDER: Final = "recorder"
_Signer = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Recorder whose word counts alone.")]


def publish(
    account: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="ACCOUNT",
            help="Account that signs; `recorder` is made when first used.",
            envvar="FUSION_ACCOUNT",
        ),
    ] = RECORDER,
    venue: Annotated[str | None, typer.Option(help="Venue id; all by default.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Such as BTC-USDT; all by default.")] = None,
    length: Annotated[int, typer.Option(help="Seconds of a window.", min=1, max=86_400)] = 3_600,
    lateness: Annotated[int, typer.Option(help="Seconds for which a window waits after its end.", min=0)] = 10,
    as_json: Json = False,
) -> None:
    """Publishes what was recorded, in signed windows.

    A window is closed once the venue's time is well past its end. `fusion api serve` serves it to whoever mirrors.
    """
    from atom.archive.publish import publish as run
    from atom.store import Store
    from cli.output import progress, rows
    from fusion.chain.account import load_or_create
    from fusion.errors import BadInput

    session = Session()
    store = Store(session.settings.home / "atom")
    markets = [each for each in store.symbols() if venue in {None, each[0]} and symbol in {None, each[1]}]
    if not markets:
        raise BadInput(
            f"nothing of {symbol or 'any symbol'} on {venue or 'any venue'} is recorded; see `fusion atom ls`"
        )
    if account == RECORDER:
        load_or_create(session.settings.keys, RECORDER)
    by = session.account(account)
    with progress("publish") as report:
        found = run(
            _archive(session),
            store,
            by,
            markets=markets,
            length=length * 10**9,
            lateness=lateness * 10**9,
            report=report,
        )
        told = [_told(each) for each in found]
    rows(told if as_json else [_shown(one) for one in told], as_json=as_json)


def mirror(
    url: Annotated[str, typer.Argument(help="A peer's API, such as http://127.0.0.1:8000.")],
    signer: Annotated[list[str] | None, typer.Option(metavar="ADDRESS", help="Recorder; all by default.")] = None,
    venue: Annotated[str | None, typer.Option(help="Venue id; all by default.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Such as BTC-USDT; all by default.")] = None,
    as_json: Json = False,
) -> None:
    """Mirrors a peer's archive. All of it is checked, by hash and by signature. Run it again to go on."""
    from dataclasses import asdict

    from atom.archive.mirror import Peer
    from atom.archive.mirror import mirror as run
    from cli.output import progress, rows
    from fusion.errors import ContentError, ContentUnavailable

    session = Session()
    signers = [session.address(each, "--signer") for each in signer or ()]
    with progress("mirror") as report:
        found = list(run(_archive(session), Peer(url), signers=signers, market=(venue, symbol), report=report))
    rows([asdict(each) for each in found], as_json=as_json)
    refused = [each for each in found if each.refused]
    if refused:
        first = min(refused, key=lambda each: each.later)  # what stays wrong comes before what may pass
        kind = ContentUnavailable if first.later else ContentError
        raise kind(f"{len(refused)} of {len(found)} chains were not taken whole: {first.refused}")


def backfill(
    venue: Annotated[str, typer.Option(help="Venue id.")],
    symbol: Annotated[str, typer.Option(help="Such as BTC-USDT.")],
    begin: Annotated[str, typer.Option("--from", metavar="TIME", help="Such as 2024-08-08T23:00, UTC.")],
    end: Annotated[str, typer.Option("--to", metavar="TIME", help="Such as 2024-08-09T00:00, UTC.")],
    url: Annotated[str | None, typer.Argument(help="A peer's API, which is mirrored first.")] = None,
    signer: _Signer = None,
    as_json: Json = False,
) -> None:
    """Fills the store with mirrored windows.

    Where it has nothing of its own; the rows are marked as without arrival.
    """
    from dataclasses import asdict

    from atom.archive.backfill import backfill as run
    from atom.archive.cut import Span
    from atom.archive.mirror import Peer
    from atom.archive.mirror import mirror as get
    from atom.market import nanoseconds
    from atom.store import Store
    from cli.output import progress, rows
    from fusion.errors import BadInput

    session = Session()
    span = Span(nanoseconds(begin), nanoseconds(end))
    if span.start >= span.end:
        raise BadInput(f"--from {begin} is not before --to {end}")
    by = None if signer is None else session.address(signer, "--signer")
    archive = _archive(session)
    with progress("backfill") as report:
        if url is not None:
            for each in get(archive, Peer(url), signers=[by] if by else [], market=(venue, symbol), report=report):
                if each.refused:
                    typer.echo(f"not mirrored: {each.refused}", err=True)
        store = Store(session.settings.home / "atom")
        filled = list(run(archive, store, venue, symbol, span=span, signer=by, report=report))
    told = [{**asdict(each), "span": None, "start": each.span.start, "end": each.span.end} for each in filled]
    for one in told:
        del one["span"]
    rows(told, as_json=as_json)


def _archive(session: Session) -> "Archive":
    from atom.archive.archive import Archive

    return Archive.at(session.settings.home, session.settings.content)


def _told(one: "Published") -> dict[str, object]:
    return {
        "venue": one.told.venue,
        "symbol": one.told.symbol,
        "start": one.told.span.start,
        "end": one.told.span.end,
        "cid": str(one.told.window),
        "rows": sum(one.told.rows.values()),
        "whole": one.told.whole,
        "manifest": str(one.manifest),
        "signer": one.told.recorder,
        "gaps": [gap._asdict() for gap in one.told.gaps],
        "unplaced": one.told.unplaced,
    }


def _shown(one: dict[str, object]) -> dict[str, object]:
    """What fits a line."""
    from datetime import UTC, datetime

    told = {name: one[name] for name in ("venue", "symbol", "start", "end", "rows", "whole", "cid")}
    for name in ("start", "end"):
        told[name] = f"{datetime.fromtimestamp(int(str(one[name])) // 10**9, UTC):%Y-%m-%dT%H:%M:%S}"
    return told
