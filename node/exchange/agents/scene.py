"""Scene: what all agents know alike: what the asset is worth, and how much is going on.

The logarithm of the fair price is a diffusion with jumps that is pulled back to where it began. Its volatility is not
steady: its logarithm is the sum of three parts that forget over half a minute, ten minutes and four hours, which
together decay about as slowly as in real markets; and the busier it is, the oftener agents wake.

Sources: Merton, "Option pricing when underlying stock returns are discontinuous", 1976; Calvet and Fisher, "How to
forecast long-run volatility", 2004, for volatility as a product of parts with different memory.
"""

import math
from typing import Any, Final

import numpy as np

from node.exchange.agents.chance import exponential_function, logarithm, normal, uniform
from node.exchange.core.compiled import Int, jit

STEP: Final = 100_000_000
"""ns between steps of the fair price."""
_SECONDS = STEP / 1e9
_MEMORY = (30.0, 600.0, 14_400.0)  # s
_DAY = 86_400.0

SCENE = np.dtype(
    [
        ("first", "<i8"),  # number of the first market
        ("second", "<i8"),  # of the other, or the first once more
        ("time", "<i8"),  # up to which it is told, ns
        ("chance", "<u8"),
        ("start", "<f8"),  # fair price at first, ticks of the first market
        ("worth", "<f8"),  # logarithm over `start` of what the asset is worth
        ("away", "<f8"),  # logarithm over `start` of the fair price: what people take it to be worth
        ("fair", "<f8"),  # ticks of the first market
        ("learn", "<f8"),  # share of the way to the mid that the fair price goes in a second
        ("anchor", "<f8"),  # share of the way to the worth that it goes in a second
        ("pull", "<f8"),  # share of `worth` that a day takes back
        ("sigma", "<f8"),  # standard deviation a square root of a second
        ("jumps", "<f8"),  # a day
        ("leap", "<f8"),  # standard deviation of a jump
        ("unrest", "<f8"),  # standard deviation of the volatility's logarithm
        ("quick", "<f8"),  # its parts, each of variance 1
        ("middle", "<f8"),
        ("slow", "<f8"),
        ("bustle", "<f8"),  # power of the volatility by which wake-ups come oftener
        ("activity", "<f8"),  # wake-ups a wake-up in quiet times
        ("buyers", "<i8"),  # of the herd
        ("herd", "<i8"),  # how many they are
        ("sample", "<i8"),  # when the next sample is due, ns
        ("every", "<i8"),  # ns between samples; 0: none
    ]
)


@jit
def _forget(value: float, seconds: float, draw: float) -> float:
    kept = 1.0 - _SECONDS / seconds
    return kept * value + math.sqrt(1.0 - kept * kept) * draw


@jit
def advance(scene: Any, now: Int, mid: float) -> None:
    """Lets time pass up to `now`; `mid` is the first market's, ticks. Draws do not depend on how often it is asked."""
    while scene.time + STEP <= now:
        scene.time += STEP
        scene.quick = _forget(scene.quick, _MEMORY[0], normal(scene))
        scene.middle = _forget(scene.middle, _MEMORY[1], normal(scene))
        scene.slow = _forget(scene.slow, _MEMORY[2], normal(scene))
        unrest = scene.unrest * (scene.quick + scene.middle + scene.slow) / math.sqrt(3.0)
        volatility = exponential_function(unrest - scene.unrest * scene.unrest)
        scene.activity = exponential_function(scene.bustle * unrest)
        news = scene.sigma * volatility * math.sqrt(_SECONDS) * normal(scene)
        news -= scene.pull * scene.worth * (_SECONDS / _DAY)
        if uniform(scene) < scene.jumps * _SECONDS / _DAY:
            news += scene.leap * normal(scene)
        scene.worth += news
        scene.away += news + scene.anchor * _SECONDS * (scene.worth - scene.away)
        scene.away += scene.learn * _SECONDS * (logarithm(mid / scene.start) - scene.away)
        scene.fair = scene.start * exponential_function(scene.away)
