"""Run: one seed's commands through both engines, their journals compared all the way."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from node.exchange.core.journal import Reason, Record
from node.exchange.exchange import Journal
from tests.property.exchange_twins import ALL, PERPETUALS, Twins, told
from tests.soak.exchange.flow import Flow
from tests.soak.exchange.watch import carry_out, weigh

FEES = ((1000, 1000), (-100, 700), (0, 0), (999_999, 999_999), (150, 400), (-400, 400))
_STATE_EVERY = 50_000  # commands


@dataclass
class Outcome:
    """What a run saw.

    Attributes:
        digests: sha256 of both journals, the core's and the plain engine's.
        records, reasons: how often each was told.
    """

    seed: int
    commands: int = 0
    rows: int = 0
    digests: tuple[str, str] = ("", "")
    records: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


class Broken(Exception):
    """The engines do not answer alike, or a law is broken.

    Args:
        seed: of the flow that shows it.
        commands: how many of it show it.
    """

    def __init__(self, seed: int, commands: int, what: str) -> None:
        super().__init__(seed, commands, what)
        self.seed, self.commands, self.what = seed, commands, what

    def __str__(self) -> str:
        again = f"python -m tests.soak.exchange --first {self.seed} --seeds 1 --commands {self.commands}"
        return f"seed {self.seed}: {self.what}\nagain: {again}"


def run(seed: int, commands: int, moved: Callable[[int], None] = lambda _: None) -> Outcome:
    """Gives both engines the same commands until there were so many.

    Where the seed is divisible by 3 some markets are told what a record tells. Where it is even the compiled one gets
    whole batches, and the least room for its journal, so that it stops in their midst; else one command after another.

    Raises:
        Broken: with the seed, and where the engines differ both answers.
    """
    whole, recorded = seed % 2 == 0, seed % 3 == 0
    twins = Twins(FEES, ALL, **({"spare": 0} if whole else {}))
    flow = Flow(
        seed,
        markets=len(ALL),
        perpetuals=len(PERPETUALS),
        users=len(FEES),
        assets=len(twins.core.assets),
        recorded=recorded,
    )
    outcome, mine, theirs = Outcome(seed), sha256(), sha256()
    batch, checked = flow.opening(), 0
    while True:
        outcome.commands += len(batch)
        ended = outcome.commands >= commands
        try:
            rows = twins.core.carry_out(batch) if whole else carry_out(twins.core, batch)
            plain = twins.plain.carry_out(batch.tobytes())
            mine.update(rows.tobytes())
            theirs.update(plain)
            if mine.digest() != theirs.digest():
                raise Broken(seed, outcome.commands, _difference(rows, np.frombuffer(plain, rows.dtype)))
            twins.fold.take(rows)
            twins.rebates_are_paid_by_takers(rows)
            weigh(twins.core, batch)
            if ended or outcome.commands >= checked + _STATE_EVERY:
                twins.check(recorded=recorded)
                twins.restore()
                checked = outcome.commands
        except AssertionError as broken:
            raise Broken(seed, outcome.commands, str(broken)) from broken
        _count(outcome, rows)
        moved(len(batch))
        if ended:
            break
        flow.tell(rows)
        batch = flow.take()[: commands - outcome.commands]
    outcome.digests = mine.hexdigest(), theirs.hexdigest()
    return outcome


def _count(outcome: Outcome, rows: Journal) -> None:
    outcome.rows += len(rows)
    for record, count in zip(*np.unique(rows["kind"], return_counts=True), strict=True):
        outcome.records[Record(record).name] += int(count)
    for reason, count in zip(*np.unique(rows["reason"], return_counts=True), strict=True):
        if reason:
            outcome.reasons[Reason(reason).name] += int(count)


def _difference(mine: Journal, theirs: Journal) -> str:
    same = min(len(mine), len(theirs))
    differs = mine[:same].view("V64") != theirs[:same].view("V64")
    at = int(differs.argmax()) if differs.any() else same
    core, plain = ([told(each) for each in rows[at : at + 2]] for rows in (mine, theirs))
    return f"the core says {core}, the plain engine {plain}"
