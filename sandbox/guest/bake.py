"""Runs once in the stubbed interpreter; the memory it leaves is every job's starting point.

Its text is part of that memory: after a change, `baked_sha256` in `stub.json` has to be taken anew.
"""

import gc
import importlib
import random

import numpy as np
import pandas as pd

LIBRARY = (
    "array ast base64 binascii bisect calendar cmath collections.abc contextlib copy csv dataclasses datetime decimal "
    "enum fractions functools graphlib hashlib heapq importlib.machinery inspect io itertools json math numbers "
    "operator pkgutil re statistics string struct textwrap time types typing warnings weakref zlib "
    "numpy.fft numpy.lib.stride_tricks numpy.linalg numpy.polynomial numpy.random numpy.typing"
)
for name in LIBRARY.split():
    importlib.import_module(name)

# What is first made on first use (kernels, caches, lazily imported parts) is paid for here.
series = pd.Series([1.0, 2.0, 3.0])
series.rolling(2).mean()
series.rolling(2).std()
series.ewm(span=2).mean()
series.ewm(span=2, adjust=False).mean()
pd.DataFrame({"a": [1.0, 2.0]}).groupby([0, 1]).sum()
np.linalg.inv(np.eye(2))
np.fft.rfft(np.ones(8))
np.random.default_rng(1).normal()
np.random.seed(0)
random.seed(0)
del LIBRARY, name, series
gc.collect()
gc.freeze()
