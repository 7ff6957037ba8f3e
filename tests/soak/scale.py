"""How large a chaos run is: who takes part, how long the phases are, how often something breaks."""

from dataclasses import dataclass, replace

from fusion.chain.bindings.types import Windows
from fusion.chain.deployment import Parameters

CONFIRMATIONS = 2


@dataclass(frozen=True, slots=True)
class Scale:
    """Times in seconds of the chain, which are those of the wall unless chain time is moved.

    Attributes:
        honest, liars, silent: operators by what they do.
        jobs: to be posted in all.
        at_once: most jobs that are under way.
        commit, reveal, challenge: the windows of a job.
        down: most honest operators that are away at the same time.
        gap: mean time between two faults.
        short: least and most time that a fault lasts.
        long: of the few that outlast a commit window; zero for none.
        watchers: honest operators that run others' jobs again on suspicion, and challenge what is wrong.
        watchers_time: that they have for it before a person challenges from the command line.
        grace: an operator that is back so long before a deadline must meet it.
        spare: what every phase that somebody still has to act in keeps when chain time is moved on; None moves it on
            only where nobody has to.
        patience: for all jobs to end, once the last is posted.
    """

    honest: int
    liars: int
    silent: int
    jobs: int
    at_once: int
    commit: int
    reveal: int
    challenge: int
    down: int
    gap: float
    short: tuple[float, float]
    long: float
    watchers: int
    watchers_time: int
    grace: int
    spare: int | None
    patience: float

    @property
    def parameters(self) -> Parameters:
        """Of the deployment: unbonding takes as long as the windows make it."""
        usual = Parameters()
        windows = Windows(
            open=120,
            commit=self.commit,
            reveal=self.reveal,
            challenge=self.challenge,
            fuel_per_second=10**10,
            confirmations=CONFIRMATIONS,
        )
        return replace(usual, windows=windows, unbond_period=20_000)


def scale(operators: int, jobs: int) -> Scale:
    """Ten operators or more are two liars, a silent one and honest ones; fewer are one liar and honest ones."""
    if operators < 10:
        return Scale(
            honest=operators - 1,
            liars=1,
            silent=0,
            jobs=jobs,
            at_once=12,
            commit=400,
            reveal=400,
            challenge=40,
            down=1,
            gap=1.5,
            short=(3.0, 7.0),
            long=0.0,
            watchers=0,
            watchers_time=0,
            grace=60,
            spare=150,
            patience=240.0,
        )
    return Scale(
        honest=operators - 3,
        liars=2,
        silent=1,
        jobs=jobs,
        at_once=12,
        commit=120,
        reveal=90,
        challenge=40,
        down=3,
        gap=6.0,
        short=(5.0, 25.0),
        long=170.0,
        watchers=3,
        watchers_time=15,
        grace=30,
        spare=None,
        patience=900.0,
    )
