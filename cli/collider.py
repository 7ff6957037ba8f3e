"""`fusion collider`: post searches, solve them, and walk them to their reward."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Data, Feed, Fuel, Json, Seed, Settings
from cli.session import Session

if TYPE_CHECKING:
    from fusion.chain.client import Chain

POLL = 0.25  # seconds

app = typer.Typer(no_args_is_help=True, help="Search settings for modules: post, solve and settle searches.")

SearchId = Annotated[int, typer.Argument(metavar="SEARCH", help="The search's number.", min=1, max=2**63)]
Timeout = Annotated[float, typer.Option(help="Seconds to wait at most.", min=0)]


@app.command()
def post(
    scorer: Annotated[int, typer.Argument(help="Version that scores: it returns one number, score.", min=1, max=2**63)],
    account: As,
    reward: Annotated[str, typer.Option(help="For the best candidate.")],
    opens: Annotated[str, typer.Option(help="When the window begins: 15m from now, or a date with its time.")],
    lasts: Annotated[str, typer.Option(help="How long the window is, as in 6h.")],
    commit_by: Annotated[
        str | None, typer.Option(help="Last moment to commit; when the window begins if absent.")
    ] = None,
    venue: Annotated[str, typer.Option(help="Venue of the window.")] = "simulated",
    symbol: Annotated[str, typer.Option(help="Symbol of the window.")] = "SIM-USD",
    bond: Annotated[str, typer.Option(help="What each candidate puts up until it is revealed.")] = "1",
    fee: Annotated[str, typer.Option(help="Fee of a scoring job, which each solver pays.")] = "0.3",
    seats: Annotated[int, typer.Option("--seats", "-n", help="Operators of a scoring job.", min=1, max=7)] = 3,
    quorum: Annotated[
        int | None, typer.Option("--quorum", "-k", help="Equal outcomes needed; a majority if absent.", min=1, max=7)
    ] = None,
    assurance: Annotated[str, typer.Option(metavar="PERCENT", help="How likely a scoring job is audited.")] = "0%",
    fuel: Fuel = 10**11,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Posts a search. Who commits the settings that score best on a window of data yet to come has the reward."""
    from cli.output import Moment, record
    from cli.searches import Asked, terms_for
    from cli.values import parse_moment, parse_seconds
    from fusion import money
    from fusion.chain.bindings.types import WindowKey
    from fusion.market import search as market
    from fusion.market.splits import parse_percent

    session = Session()
    signer = session.account(account)
    now = session.chain.now()
    start = parse_moment(opens, "--opens", now)
    window = WindowKey(venue, symbol, start, start + parse_seconds(lasts, "--lasts"))
    asked = Asked(
        version=scorer,
        window=window,
        commit_by=start if commit_by is None else parse_moment(commit_by, "--commit-by", now),
        reward=money.parse(reward, "--reward"),
        bond=money.parse(bond, "--bond"),
        fee=money.parse(fee, "--fee"),
        n=seats,
        k=seats // 2 + 1 if quorum is None else quorum,
        assurance_ppm=parse_percent(assurance, "--assurance"),
        fuel=fuel,
        seed=seed,
    )
    search_id, receipt = market.post(session.chain, signer, terms_for(session, asked))
    record(
        {
            "search": search_id,
            "commit_by": Moment(asked.commit_by),
            "start": Moment(window.start),
            "end": Moment(window.end),
            "key": "0x" + session.chain.windows.key_of(window).hex(),
            "tx": receipt.tx_hash if receipt else None,
        },
        as_json=as_json,
    )


@app.command()
def solve(
    search_id: SearchId,
    account: As,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=RANGE", help="What is searched: span=2:200, span=2:200:log or mode=a|b."),
    ] = None,
    settings: Settings = None,
    trials: Annotated[int, typer.Option(help="Different settings to try.", min=1)] = 64,
    seed: Seed = 0,
    data: Data = None,
    feed: Feed = "simulated",
    workers: Annotated[int | None, typer.Option(help="Runs at once; one a core if absent.", min=1)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Search, and commit to nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Searches settings on training data and commits to the best. What it finds stays secret until it is revealed."""
    from cli.output import progress, record
    from cli.searches import attempt_of, check_open, solve
    from fusion.market import search as market
    from node.collider.template import encode_candidate

    session = Session()
    attempt = attempt_of(vary=vary, settings=settings, trials=trials, seed=seed, data=data, feed=feed, workers=workers)
    signer = session.account(account)
    check_open(session.chain, search_id)
    with progress("search") as report:
        solved = solve(session, search_id, attempt, report)
    found, candidate = solved.found, None
    if not dry_run:
        folder, chosen = session.settings.home / market.FOLDER, encode_candidate(found.settings)
        candidate = market.commit(session.chain, signer, search_id, chosen, folder=folder, score=found.score)
    record(
        {
            "search": search_id,
            "candidate": candidate,
            "settings": dict(found.settings),
            "training_score": found.score,
            "training_rows": solved.rows,
            "trials": found.trials,
            "failed": found.failed,
            "remembered": solved.remembered,
        },
        as_json=as_json,
    )


@app.command()
def commit(search_id: SearchId, account: As, settings: Settings = None, as_json: Json = False) -> None:
    """Commits to settings that were found elsewhere. What is not set has its default."""
    from cli.output import record
    from cli.searches import settings_for
    from cli.values import parse_settings
    from fusion.market import search as market
    from node.collider.template import encode_candidate

    session = Session()
    given = parse_settings(settings or [])
    signer = session.account(account)
    market.search_of(session.chain, search_id)
    chosen = settings_for(session, search_id, given)
    folder = session.settings.home / market.FOLDER
    candidate = market.commit(session.chain, signer, search_id, encode_candidate(chosen), folder=folder)
    record({"search": search_id, "candidate": candidate, "settings": chosen}, as_json=as_json)


@app.command()
def reveal(search_id: SearchId, account: As, timeout: Timeout = 600, as_json: Json = False) -> None:
    """Reveals an account's candidates, once the window is recorded. Their bonds are owed to it again."""
    from cli.output import progress, record
    from fusion.chain.bindings.types import SearchStatus
    from fusion.market import search as market

    session = Session()
    signer = session.account(account)
    with progress("reveal") as report:
        report("waiting for the window", 0.3)
        _wait_while(session.chain, search_id, (SearchStatus.OPEN, SearchStatus.AWAITING), timeout)
        report("revealing", 0.8)
        mine = market.reveal(session.chain, signer, search_id, session.settings.home / market.FOLDER)
    record({"search": search_id, "revealed": mine}, as_json=as_json)


@app.command()
def score(
    search_id: SearchId,
    account: As,
    candidate: Annotated[
        list[int] | None, typer.Option("--candidate", help="Which; the account's own if absent.", min=1)
    ] = None,
    per_run: Annotated[int | None, typer.Option(metavar="OFFER", help="Pay this offer's price for one run.")] = None,
    timeout: Timeout = 600,
    as_json: Json = False,
) -> None:
    """Has candidates scored on the window by operators. It needs a license of the scorer or --per-run."""
    from cli.jobs import telling
    from cli.output import progress, rows
    from fusion.chain.bindings.types import CandidateStatus
    from fusion.errors import BadInput
    from fusion.market import search as market
    from node.collider import score as scoring

    session = Session()
    signer = session.account(account)
    chain = session.chain
    market.search_of(chain, search_id)
    known = market.candidates_of(chain, search_id)
    wanted = candidate or [
        number
        for number, each in known.items()
        if each.solver == signer.address and each.status == CandidateStatus.REVEALED
    ]
    for number in wanted:
        if number not in known:
            raise BadInput(f"search {search_id} has no candidate {number}; they are 1 to {len(known)}")
    if not wanted:
        raise BadInput(f"search {search_id} has no candidate of {signer.address} that is revealed and not scored")
    how = scoring.Payment(per_run, timeout)
    with progress("score") as report:
        found = [scoring.score(chain, signer, search_id, number, how=how, moved=telling(report)) for number in wanted]
    rows([{"candidate": each.candidate_id, "job": each.job_id, "score": each.score} for each in found], as_json=as_json)


@app.command()
def settle(search_id: SearchId, account: As, as_json: Json = False) -> None:
    """Ends a search that is over. The best is owed the reward, or what is due goes back; anyone may do it."""
    from cli.output import record
    from fusion import money
    from fusion.chain.words import words
    from fusion.market import search as market

    session = Session()
    signer = session.account(account)
    chain = session.chain
    done = market.settle(chain, signer, search_id)
    found = market.search_of(chain, search_id)
    winner = chain.searches.candidate(search_id, found.best).solver if found.best else None
    record(
        {
            "search": search_id,
            "status": words(found.status),
            "best": found.best or None,
            "solver": winner,
            "reward": money.Units(found.reward if winner else 0),
            "done": done,
        },
        as_json=as_json,
    )


@app.command()
def show(search_id: SearchId, as_json: Json = False) -> None:
    """Shows a search. That is where it stands, its window, and its candidates with their scores."""
    from cli.output import record
    from cli.searches import shown

    record(shown(Session().chain, search_id), as_json=as_json)


@app.command("list")
def list_searches(last: Annotated[int, typer.Option(help="Most to list.", min=1)] = 20, as_json: Json = False) -> None:
    """Lists searches, newest first."""
    from cli.output import rows
    from cli.searches import listed

    rows(listed(Session().chain, last), as_json=as_json)


def _wait_while(chain: "Chain", search_id: int, states: tuple[object, ...], timeout: float) -> None:
    """Waits until a search is in none of these states; Retryable beyond the time."""
    from fusion.chain.words import words
    from fusion.errors import Retryable
    from fusion.market import search as market

    end = time.monotonic() + timeout
    while (status := market.search_of(chain, search_id).status) in states:
        if time.monotonic() >= end:
            raise Retryable(f"search {search_id} is still {words(status)}: ask again later")
        time.sleep(POLL)
