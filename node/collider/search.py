"""The trivial search: the best of N settings by their score on training data, the same again from the same seed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fusion.content import dcbor
from fusion.errors import BadInput, FusionError
from fusion.sdk import Scalar
from node.collider.space import Space, draw

PATIENCE = 20  # draws for each trial that is not made yet, beyond which the space counts as tried out

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
    score: Score, space: Space, start: Mapping[str, Scalar], *, trials: int, seed: int, report: Report | None = None
) -> Found:
    """The best of `trials` different settings; of equal ones the first.

    Args:
        score: higher is better.
        space: what is varied.
        start: every setting's value before it is varied; tried first.
        trials: at least 1; fewer are made where the space has no more.
        seed: what the draws follow from.
        report: told how far it is.

    Raises:
        BadInput: fewer than one trial.
        FusionError: none of the settings gave a score.
    """
    if trials < 1:
        raise BadInput(f"{trials} trials: make at least 1")
    random = np.random.Generator(np.random.PCG64(seed))
    tried: set[bytes] = set()
    best: tuple[float, Mapping[str, Scalar]] | None = None
    failed = 0
    settings: dict[str, Scalar] | None = dict(start)
    while settings is not None:
        tried.add(dcbor.encode(settings))
        found = score(settings)
        if found is None:
            failed += 1
        elif best is None or found > best[0]:
            best = (found, settings)
        if report is not None:
            told = "no score yet" if best is None else f"best {best[0]:.4g}"
            report(f"{len(tried)} of {trials}, {told}", len(tried) / trials)
        settings = _another(space, start, random, tried) if len(tried) < trials else None
    if best is None:
        raise FusionError(f"none of {len(tried)} settings gave a score: run the scorer with `fusion module test`")
    return Found(best[1], best[0], len(tried), failed)


def _another(
    space: Space, start: Mapping[str, Scalar], random: np.random.Generator, tried: set[bytes]
) -> dict[str, Scalar] | None:
    """Settings that were not tried yet; None where none come."""
    for _ in range(PATIENCE):
        settings = dict(start) | draw(space, random)
        if dcbor.encode(settings) not in tried:
            return settings
    return None
