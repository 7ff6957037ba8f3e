"""Posting, solving and showing searches: what the verbs of `fusion collider` do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.bundles import fetched, known_content
from cli.output import Lines, Moment
from cli.session import Session
from cli.values import Setting, pairs, parse_settings
from fusion import money
from fusion.chain.bindings.types import Candidate, CandidateStatus, JobTerms, SearchStatus, SearchTerms, WindowKey
from fusion.chain.client import Chain
from fusion.chain.words import words
from fusion.content.cid import Cid
from fusion.content.table import read_table
from fusion.errors import BadInput
from fusion.market import search as market
from fusion.market.splits import percent
from fusion.market.window import window_of
from node.collider.record import QUOTES
from node.collider.scorer import Scorer, check_scorer
from node.collider.search import Found, Report, search
from node.collider.space import parse_space
from node.collider.template import Template
from node.inputs import feed_table, port_columns
from node.listings import ChainListings
from node.resolve import module_code
from node.spec import JobSpec
from node.terms import check_terms
from sandbox.capacity import cores
from sandbox.code import Limits
from sandbox.pool import Pool

if TYPE_CHECKING:
    from fusion.sdk import Interface
    from sandbox.code import ModuleCode

TRIALS = "trials"  # under the home: scores that were found here
STAGES = {
    SearchStatus.OPEN: "solvers commit",
    SearchStatus.AWAITING: "its window is not recorded yet",
    SearchStatus.REVEALING: "solvers reveal",
    SearchStatus.SCORING: "candidates are scored",
}


@dataclass(frozen=True)
class Asked:
    """What `fusion collider post` was asked for; amounts in base units, times in seconds."""

    version: int
    window: WindowKey
    commit_by: int
    reward: int
    bond: int
    fee: int
    n: int
    k: int
    assurance_ppm: int
    fuel: int
    seed: int


def terms_for(session: Session, asked: Asked) -> SearchTerms:
    """The terms of a search; BadInput for a version that is no scorer, or terms that the chain would refuse."""
    chain, now = session.chain, session.chain.now()
    window = asked.window
    if not now < asked.commit_by <= window.start:
        raise BadInput(
            f"solvers would commit until {Moment(asked.commit_by)}, and the window begins at {Moment(window.start)}: "
            f"let --commit-by lie between now, {Moment(now)}, and the window"
        )
    check_terms(
        chain,
        JobTerms(asked.version, 0, 0, 0, asked.fee, 0, asked.fuel, asked.assurance_ppm, asked.n, asked.k),
    )
    if asked.reward < asked.fee or not asked.reward:
        raise BadInput(f"a reward of {money.show(asked.reward)} is below the fee of a scoring job: offer more")
    if not asked.bond:
        raise BadInput("a bond of 0.00 would let solvers commit to everything and reveal what turns out well: ask more")
    _, interface = _scorer(session, asked.version)
    _check_ports(interface)
    template = Template.of(
        asked.version, list(interface.inputs), limits=Limits(fuel=asked.fuel), image=session.image.id, seed=asked.seed
    )
    return SearchTerms(
        window=window,
        version=asked.version,
        fuel=asked.fuel,
        fee=asked.fee,
        assurance_ppm=asked.assurance_ppm,
        n=asked.n,
        k=asked.k,
        reward=asked.reward,
        bond=asked.bond,
        commit_by=asked.commit_by,
        template=template.pieces,
    )


@dataclass(frozen=True)
class Attempt:
    """What `fusion collider solve` was asked for.

    Attributes:
        vary: setting -> range or choice, as written.
        fixed: settings with one value.
        data: training data; None takes `feed`.
    """

    vary: Mapping[str, str]
    fixed: Mapping[str, Setting]
    trials: int
    seed: int
    data: Cid | None
    feed: str
    workers: int


@dataclass(frozen=True)
class Solved:
    """The best settings, and how they were found; `rows` are those of the training data."""

    found: Found
    rows: int
    remembered: int


def solve(session: Session, search_id: int, attempt: Attempt, report: Report) -> Solved:
    """Searches the settings of a search's scorer on training data of this machine."""
    spec = spec_of(session, search_id)
    code, interface = _scorer(session, spec.version)
    start = settled(interface, attempt.fixed)
    space = parse_space(attempt.vary, interface)
    if attempt.data is None:
        table = feed_table(attempt.feed)
    else:
        table = read_table(fetched(session.content, attempt.data, "--data"))
    columns = port_columns(table, interface.inputs, {})
    with Pool(session.image, min(attempt.workers, attempt.trials)) as pool:
        scorer = Scorer(
            code,
            columns,
            pool.run,
            limits=spec.limits,
            seed=spec.seed,
            image=spec.image,
            memory=session.settings.home / TRIALS / f"{code.cid}.jsonl",
        )
        found = search(scorer, space, start, trials=attempt.trials, seed=attempt.seed, threads=len(pool), report=report)
    return Solved(found, len(next(iter(columns.values()))), scorer.remembered)


def attempt_of(
    *,
    vary: Sequence[str] | None,
    settings: Sequence[str] | None,
    trials: int,
    seed: int,
    data: str | None,
    feed: str,
    workers: int | None,
) -> Attempt:
    """The attempt that options name; BadInput where one cannot be read."""
    return Attempt(
        vary=pairs(vary or [], "--vary"),
        fixed=parse_settings(settings or []),
        trials=trials,
        seed=seed,
        data=None if data is None else Cid.parse(data),
        feed=feed,
        workers=cores() if workers is None else workers,
    )


def check_open(chain: Chain, search_id: int) -> None:
    """BadInput where a search takes no more candidates."""
    found = market.search_of(chain, search_id)
    if found.status != SearchStatus.OPEN:
        raise BadInput(f"search {search_id} is {words(found.status)}: it takes no more candidates")


def spec_of(session: Session, search_id: int) -> JobSpec:
    """What all scoring jobs of a search have in common; BadInput where it is for another sandbox."""
    spec = Template(market.terms_of(session.chain, search_id).template).blank()
    if spec.image != session.image.id:
        raise BadInput(
            f"search {search_id} is for sandbox image {spec.image.hex()}, this machine has {session.image.id.hex()}: "
            "use the Fusion it was posted with"
        )
    return spec


def settings_for(session: Session, search_id: int, given: Mapping[str, Setting]) -> dict[str, Setting]:
    """All settings of a search's scorer, with those given; BadInput where one does not fit."""
    _, interface = _scorer(session, spec_of(session, search_id).version)
    return settled(interface, given)


def settled(interface: "Interface", given: Mapping[str, Setting]) -> dict[str, Setting]:
    """Every setting's value; BadInput where one does not fit."""
    try:
        return interface.settle(given)
    except (TypeError, ValueError) as error:
        raise BadInput(f"--set: {error}") from None


def shown(chain: Chain, search_id: int) -> dict[str, object]:
    """A search with its window and its candidates."""
    found, terms = market.search_of(chain, search_id), market.terms_of(chain, search_id)
    window = window_of(chain, found.window_key)
    candidates = market.candidates_of(chain, search_id)
    settings = market.revealed(chain, search_id)
    told: dict[str, object] = {
        "search": search_id,
        "status": words(found.status),
        "requester": found.requester,
        "scorer": found.version,
        "reward": money.Units(found.reward),
        "bond": money.Units(found.bond),
        "job": f"{found.k} of {found.n} for {money.show(found.fee)}, assurance {percent(found.assurance_ppm)}",
        "commit_by": Moment(found.commit_by),
        "window": Lines(
            {
                "venue": terms.window.venue,
                "symbol": terms.window.symbol,
                "start": Moment(terms.window.start),
                "end": Moment(terms.window.end),
                "key": "0x" + found.window_key.hex(),
                "status": words(window.status),
                "table": str(window.table) if window.table else None,
            }
        ),
    }
    if found.status in STAGES:
        told |= {"now": STAGES[found.status], "seconds_left": max(0, found.deadline - chain.now())}
    if found.status == SearchStatus.FAILED:
        told["failed"] = market.failure_of(chain, search_id)
    told["best"] = found.best or None
    template = Template(terms.template)
    return told | {
        "candidates": [
            {
                "candidate": number,
                "solver": each.solver,
                "status": words(each.status),
                "score": score_told(each),
                "settings": _settings(template, settings[number]) if number in settings else None,
            }
            for number, each in candidates.items()
        ]
    }


def listed(chain: Chain, last: int) -> list[dict[str, object]]:
    """The newest searches, newest first."""
    count = chain.searches.search_count()
    rows: list[dict[str, object]] = []
    for number in range(count, max(0, count - last), -1):
        found = chain.searches.search(number)
        rows.append(
            {
                "search": number,
                "status": words(found.status),
                "scorer": found.version,
                "reward": money.Units(found.reward),
                "commit_by": Moment(found.commit_by),
                "candidates": found.committed,
                "best": found.best or None,
                "requester": found.requester,
            }
        )
    return rows


def score_told(candidate: Candidate) -> float | None:
    """A candidate's score, once it has one."""
    return market.score_value(candidate.score) if candidate.status == CandidateStatus.SCORED else None


def _settings(template: Template, candidate: bytes) -> dict[str, object] | str:
    """A stranger's settings; its bytes where they are none."""
    try:
        return dict(template.spec(Cid.directory(bytes(32)), candidate).settings)
    except BadInput:
        return "0x" + candidate.hex()


def _scorer(session: Session, version: int) -> "tuple[ModuleCode, Interface]":
    with known_content(f"version {version}"):
        code = module_code(version, ChainListings(session.chain), session.content)
    interface = session.runtime.describe(code)
    check_scorer(interface)
    return code, interface


def _check_ports(interface: "Interface") -> None:
    """A search feeds its scorer from the columns of a window, and nothing else."""
    for port, dtype in interface.inputs.items():
        if QUOTES.get(port) != dtype:
            known = ", ".join(f"{name} ({kind})" for name, kind in QUOTES.items())
            raise BadInput(f"{interface.name} has a port {port} ({dtype}), and a window has {known}")
