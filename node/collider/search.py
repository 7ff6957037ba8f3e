"""The trivial search: the best of N settings by their score on training data, the same again from the same seed."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from fusion.content import dcbor
from fusion.errors import BadInput, FusionError
from fusion.sdk import Scalar
from node.collider.space import Space, draw

PATIENCE = 20  # draws a trial, beyond which the space counts as tried out

Score = Callable[[Mapping[str, Scalar]], float | None]
"""A setting's score on the training data; None where the run gave none."""

Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes:
        settings: the best, varied and fixed ones.
        score: on the training data, so it flatters: the best of many is partly luck.
        trials: different settings tried.
        failed: those of them that gave no score.
    """

    settings: Mapping[str, Scalar]
    score: float
    trials: int
    failed: int


def search(
    score: Score,
    space: Space,
    start: Mapping[str, Scalar],
    *,
    trials: int,
    seed: int,
    threads: int = 1,
    report: Report | None = None,
) -> Found:
    """The best of `trials` different settings; of equal ones the first.

    Args:
        score: higher is better; called from several threads.
        space: what is varied.
        start: every setting's value before it is varied; tried first.
        trials: at least 1; fewer are made where the space has no more.
        seed: what the draws follow from. What is found does not depend on `threads`.
        threads: trials at once.
        report: told how far it is.

    Raises:
        BadInput: fewer than one trial.
        FusionError: none of the settings gave a score.
    """
    if trials < 1:
        raise BadInput(f"{trials} trials: make at least 1")
    drawn = _distinct(space, start, trials, seed)
    best: tuple[float, Mapping[str, Scalar]] | None = None
    failed = 0
    pool = ThreadPoolExecutor(threads)
    try:
        for made, (settings, found) in enumerate(zip(drawn, pool.map(score, drawn), strict=True), start=1):
            if found is None:
                failed += 1
            elif best is None or found > best[0]:
                best = (found, settings)
            if report is not None:
                told = "no score yet" if best is None else f"best {best[0]:.4g}"
                report(f"{made} of {len(drawn)}, {told}", made / len(drawn))
    finally:
        pool.shutdown(cancel_futures=True)
    if best is None:
        raise FusionError(f"none of {len(drawn)} settings gave a score: run the scorer with `fusion module test`")
    return Found(best[1], best[0], len(drawn), failed)


def _distinct(space: Space, start: Mapping[str, Scalar], trials: int, seed: int) -> list[dict[str, Scalar]]:
    """So many different settings, `start` first; fewer where no others come."""
    random = np.random.Generator(np.random.PCG64(seed))
    drawn = {dcbor.encode(dict(start)): dict(start)}
    for _ in range(PATIENCE * (trials - 1)):
        if len(drawn) == trials:
            break
        settings = dict(start) | draw(space, random)
        drawn.setdefault(dcbor.encode(settings), settings)
    return list(drawn.values())
