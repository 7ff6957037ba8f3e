"""`fusion assurance canaries`: canaries that post themselves."""

import threading
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Data, Feed, Fuel, Inputs, Json, Settings, Version
from cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.plans import Plan
    from node.sponsor import Sponsor

POLL = 1.0  # seconds; a wrong answer must be brought before a panel within the challenge window
LONGEST_PAUSE = 30.0  # seconds, while the chain is away
SIMULATED = "simulated"


def canaries(
    version: Version,
    account: As,
    every: Annotated[str, typer.Option(help="Time between two of them on average, such as 6h; each comes by chance.")],
    fund: Annotated[str, typer.Option(help="Tokens that they may cost altogether, beyond what they give back.")],
    offer: Annotated[int, typer.Option(help="Pays for each run, or for a license where it sells no runs.", min=1)],
    submit_as: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Who commits to them, so that --as is not known for canaries.")
    ] = None,
    data: Data = None,
    feed: Feed = SIMULATED,
    inputs: Inputs = None,
    settings: Settings = None,
    fee: Annotated[str, typer.Option(help="Fee for the operators.")] = "0.3",
    seats: Annotated[int, typer.Option("--seats", "-n", help="Operators that run each.", min=1, max=7)] = 3,
    quorum: Annotated[int | None, typer.Option("--quorum", "-k", help="Equal outcomes needed.", min=1, max=7)] = None,
    assurance: Annotated[str, typer.Option(metavar="PERCENT", help="How likely an auditor runs each again.")] = "0%",
    fuel: Fuel = 10**11,
    as_json: Json = False,
) -> None:
    """Posts canaries until it is told to stop. Each comes from a fresh account that it funds.

    Each has another seed, and other data where the feed is simulated. A later start goes on with those under way.
    """
    from cli.assurance import CANARIES, DEADLINE
    from cli.output import record
    from cli.runs import known_outcome, work_of
    from cli.signals import stop_on_signal
    from cli.values import parse_seconds
    from fusion import money
    from fusion.errors import BadInput
    from fusion.market import trade
    from fusion.market.splits import parse_percent
    from node.spec import JobSpec
    from node.sponsor import Sponsor, Terms

    session = Session()
    terms = Terms(
        every=parse_seconds(every, "--every"),
        budget=money.parse(fund, "--fund"),
        offer=offer,
        fee=money.parse(fee, "--fee"),
        n=seats,
        k=seats // 2 + 1 if quorum is None else quorum,
        assurance_ppm=parse_percent(assurance, "--assurance"),
    )
    if terms.every < 1:
        raise BadInput(f"--every is {every!r}: give a second or more")
    sold = trade.offer(session.chain, offer)
    if sold.version != version:
        raise BadInput(f"offer {offer} is for version {sold.version}, not {version}: give one that sells it")

    def prepare(seed: int) -> tuple[JobSpec, bytes]:
        fresh = f"{SIMULATED}:{seed}" if feed == SIMULATED and data is None else feed
        work = work_of(version, data=data, feed=fresh, inputs=inputs, settings=settings, fuel=fuel, seed=seed)
        found = [known_outcome(session, work, DEADLINE) for _ in range(2)]
        if found[0] != found[1]:
            raise BadInput(f"two runs of version {version} ended differently on this machine: it can know no answer")
        return found[0]

    sponsor = Sponsor(
        session.chain,
        funder=session.account(account),
        committer=session.account(submit_as or account),
        folder=session.settings.home / CANARIES,
        terms=terms,
        prepare=prepare,
    )
    stop = stop_on_signal()
    for plan in _ended(sponsor, stop):
        units = money.Units(plan.put_in - plan.returned)
        record({"canary": plan.name, "job": plan.job_id, "ended": plan.ending, "cost": units}, as_json=as_json)


def _ended(sponsor: "Sponsor", stop: threading.Event) -> "Iterator[Plan]":
    """Those that end, until `stop` is set; while the chain is away, it waits and says so once."""
    from fusion import log
    from fusion.errors import Retryable

    failures = 0
    while not stop.is_set():
        try:
            yield from sponsor.step()
            failures = 0
        except Retryable as error:
            failures += 1
            (log.get().warning if failures == 1 else log.get().debug)("waiting", error=str(error))
        stop.wait(min(POLL * 2 ** min(failures, 10), LONGEST_PAUSE))
