"""What colluding operators expect of one job: every scheme open to them, priced by the rules of JobMarket.

They have equal stakes and are of one mind. They see who is drawn before they commit, so they choose for each job anew;
on a panel they vote for their lie when they hold its majority, and for the truth when they do not. What a requester,
a challenger or a watcher of theirs is paid counts as theirs. Amounts are in base units of one jobFee, `FEE`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from bench.seats import drawn, panel_of
from fusion.market import verdict
from fusion.market.verdict import Called, Fault, Outcome, Quiet, Stake, Trial

FEE = 1_000_000_000  # so large that what division leaves over is nothing
TRUTH, LIE = b"truth", b"lie"


class Scheme(Enum):
    """What a coalition may do with a job once it sees the seats."""

    HONEST = "runs the job"
    LIES = "lies in all its seats"
    CHALLENGES = "challenges the right result, to win the panel"
    REFUSES = "says that the inputs cannot be had, to be given a panel"
    SELF_CHALLENGES = "lies, and challenges its own lie"


@dataclass(frozen=True, slots=True)
class Game:
    """One kind of job, and who attacks it.

    Attributes:
        operators: all that can be drawn.
        colluders: those of them that are of one mind.
        n: seats.
        k: equal outcomes needed.
        assurance_ppm: d.
        lock_multiple: S in jobFees.
        gain: what a lie that becomes final is worth to them, in jobFees.
        requests: whether they posted the job themselves, from a sock puppet.
        watch: chance that an outsider runs a proposed job again and challenges a lie.
        dissent: chance that an honest seat which sees a lie proposed challenges it.
    """

    operators: int
    colluders: int
    n: int
    k: int
    assurance_ppm: int
    lock_multiple: int = 10
    gain: float = 0.0
    requests: bool = False
    watch: float = 0.0
    dissent: float = 1.0

    @property
    def lock(self) -> int:
        return self.lock_multiple * FEE

    @property
    def audit(self) -> float:
        return self.assurance_ppm / verdict.WHOLE

    def taken_for(self, fault: Fault) -> int:
        """Of an operator that has nothing at stake but this lock."""
        return verdict.taken_for(fault, Stake(free=0, locked=self.lock, unbonding=0, lock=self.lock))

    def panel(self, *, audited: bool) -> int:
        return panel_of(self.operators - self.n - audited)

    def noticed(self, h: int) -> float:
        """Chance that a lie which h seats proposed is challenged."""
        return 1 - (1 - self.watch) * (1 - (self.dissent if h < self.n else 0.0))

    def can(self, scheme: Scheme, h: int) -> bool:
        """Whether h seats allow a scheme."""
        match scheme:
            case Scheme.HONEST | Scheme.CHALLENGES:
                return True
            case Scheme.LIES | Scheme.SELF_CHALLENGES:
                return h >= self.k
            case Scheme.REFUSES:
                return h > 0 and self.n - h < self.k and h < self.k


@dataclass(frozen=True, slots=True)
class Ending:
    """How a job may end, and with which chance; `panelists` are the coalition's, None where no panel sat."""

    chance: float
    audited: bool
    auditor: bool
    called: Called | None
    panelists: int | None


@dataclass(frozen=True, slots=True)
class Books:
    """Who keeps what of one job, in base units, beyond what they had before it.

    Attributes:
        coalition: its operators, its challenger and its requester where it sends them, and the gain of a final lie.
        challenger: whoever challenged, the cost of running the job apart.
        requester: without what a right result is worth to it, or a wrong one costs it.
    """

    coalition: float
    challenger: float
    requester: float


def books(game: Game, scheme: Scheme, h: int, ending: Ending) -> Books:
    """Pays out one job by the rules."""
    lied = scheme in (Scheme.LIES, Scheme.SELF_CHALLENGES)
    proposed = LIE if lied else TRUTH
    seats = _attested(game, scheme, h)
    slashed, bond, panelists = 0, 0, ending.panelists or 0
    if ending.called is None:
        payments = verdict.by_quorum(FEE, game.assurance_ppm, seats, proposed)
        false = lied
    else:
        size = game.panel(audited=ending.audited)
        false = 2 * panelists > size and scheme is not Scheme.SELF_CHALLENGES
        ours: Outcome = LIE if false else TRUTH
        panel = [ours] * panelists + [TRUTH] * (size - panelists)
        final = ours
        guilty = verdict.wrong(seats, final)
        honest_auditor = ending.called is Called.AUDIT and false
        bond = verdict.bond_of(FEE, game.lock) if ending.called is Called.CHALLENGE else 0
        trial = Trial(
            fee=FEE,
            assurance_ppm=game.assurance_ppm,
            base=0,
            called=ending.called,
            bond=bond,
            proposed=Quiet.ABSENT if scheme is Scheme.REFUSES else proposed,
            seats=seats,
            panel=panel,
            slashed=(sum(guilty) + sum(verdict.wrong(panel, final)) + honest_auditor) * game.lock,
        )
        payments = verdict.by_panel(trial)
        slashed = sum(guilty[:h]) * game.lock + sum(verdict.refused(trial)) * game.taken_for(Fault.WITHHELD)

    challenger, requester = payments.challenger - bond, payments.requester - FEE
    audit_pay = verdict.fee_of(FEE, game.assurance_ppm, game.n).seat if ending.auditor else 0
    coalition = (
        sum(payments.seats[:h]) + sum(payments.panel[:panelists]) + audit_pay - slashed + game.gain * FEE * false
    )
    if scheme in (Scheme.CHALLENGES, Scheme.SELF_CHALLENGES):
        coalition += challenger
    if game.requests:
        coalition += requester
    return Books(coalition, challenger, requester)


def endings(game: Game, scheme: Scheme, h: int) -> Iterator[Ending]:
    """Every way a job may end when h of its seats are the coalition's; the chances sum to one."""
    left, others = game.operators - game.n, game.colluders - h
    honest = left - others
    if scheme is Scheme.REFUSES:
        yield from _with_panel(game, 1.0, others, Called.NO_QUORUM, audited=False, auditor=False)
        return
    for audited, auditor, chance in (
        (False, False, 1 - game.audit),
        (True, True, game.audit * others / left),
        (True, False, game.audit * honest / left),
    ):
        if not chance:
            continue
        remaining = others - auditor
        lied = scheme in (Scheme.LIES, Scheme.SELF_CHALLENGES)
        if lied and audited and not auditor:
            yield from _with_panel(game, chance, remaining, Called.AUDIT, audited=True, auditor=False)
            continue
        challenged = {Scheme.HONEST: 0.0, Scheme.LIES: game.noticed(h)}.get(scheme, 1.0)
        yield Ending(chance * (1 - challenged), audited, auditor, None, None)
        yield from _with_panel(game, chance * challenged, remaining, Called.CHALLENGE, audited=audited, auditor=auditor)


def expected(game: Game, scheme: Scheme, h: int) -> Books:
    """What is expected, in jobFees, when the coalition holds h seats and follows a scheme."""
    parts = [(each.chance / FEE, books(game, scheme, h, each)) for each in endings(game, scheme, h)]
    return Books(
        coalition=sum(chance * kept.coalition for chance, kept in parts),
        challenger=sum(chance * kept.challenger for chance, kept in parts),
        requester=sum(chance * kept.requester for chance, kept in parts),
    )


def best(game: Game, h: int) -> Scheme:
    """What pays best when h seats are held; honesty where nothing pays more."""
    return max(
        (scheme for scheme in Scheme if game.can(scheme, h)), key=lambda scheme: expected(game, scheme, h).coalition
    )


def temptation(game: Game) -> float:
    """JobFees per job that the coalition expects above honesty, choosing anew for each job."""
    chances = drawn(game.operators, game.colluders, game.n)
    return sum(float(chance) * above_honesty(game, best(game, h), h) for h, chance in enumerate(chances) if chance)


def above_honesty(game: Game, scheme: Scheme, h: int) -> float:
    """JobFees that the coalition expects of a scheme above what honesty pays it."""
    return expected(game, scheme, h).coalition - expected(game, Scheme.HONEST, h).coalition


def threshold(game: Game, scheme: Scheme) -> float:
    """The least gain, in jobFees, from which a scheme pays more than honesty, in the seats that suit it best."""
    least = float("inf")
    for h, chance in enumerate(drawn(game.operators, game.colluders, game.n)):
        if not chance or not game.can(scheme, h):
            continue
        at_nothing = above_honesty(replace(game, gain=0.0), scheme, h)
        slope = above_honesty(replace(game, gain=1.0), scheme, h) - at_nothing
        if slope > 0:
            least = min(least, max(0.0, -at_nothing / slope))
    return least


@dataclass(frozen=True, slots=True)
class Farm:
    """Farming the assurance pool with canaries: own jobs whose answer is known, paid back by the pool.

    Attributes:
        given: what was given to the pool, in jobFees; canaries are paid back out of it alone.
        deposited: what the assured jobs of others paid in since the last canary; no more is ever paid back.
        own_jobs: assured jobs the farmer posts itself, to reach the interval or to raise what is paid back.
    """

    given: float
    deposited: float
    own_jobs: int

    def payback(self, game: Game) -> float:
        own = self.own_jobs * verdict.fee_of(FEE, game.assurance_ppm, game.n).pool / FEE
        return min(self.given, self.deposited + own)


def farmed(game: Game, farm: Farm) -> float:
    """JobFees expected of one canary: the operators' share of its fee, which is paid back, less what own jobs cost."""
    share = game.colluders / game.operators
    parts = verdict.fee_of(FEE, game.assurance_ppm, game.n)
    own_job = (parts.operators * share + game.audit * share * parts.seat) / FEE - 1
    return farm.own_jobs * own_job + farm.payback(game) * share


def _attested(game: Game, scheme: Scheme, h: int) -> list[Outcome]:
    """What the seats say, the coalition's first."""
    match scheme:
        case Scheme.HONEST | Scheme.CHALLENGES:
            own: Outcome = TRUTH
        case Scheme.LIES | Scheme.SELF_CHALLENGES:
            own = LIE
        case Scheme.REFUSES:
            own = Quiet.UNAVAILABLE
    return [own] * h + [TRUTH] * (game.n - h)


def _with_panel(
    game: Game, chance: float, others: int, called: Called, *, audited: bool, auditor: bool
) -> Iterator[Ending]:
    eligible = game.operators - game.n - audited
    for panelists, odds in enumerate(drawn(eligible, others, panel_of(eligible))):
        yield Ending(chance * float(odds), audited, auditor, called, panelists)
