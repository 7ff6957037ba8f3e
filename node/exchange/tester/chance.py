"""Chance: what a strategy draws with `random` and `numpy.random` is the same in each run of one seed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numba
import numpy as np


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds Python's, numpy's and compiled code's generators, and gives the first two back as they were."""
    python, numpy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    _seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


@numba.njit(cache=True, nogil=True)
def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)
