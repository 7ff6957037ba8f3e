"""Loaded by Python at its start where this folder is on its path: in operators whose clock jumps.

`time.sleep` asks for an absolute time of the monotonic clock, which libfaketime 0.9.10 takes for one of the clock that
it fakes, and refuses. Sleeping by `select` says the same in seconds from now.
"""

import os
import select
import time

if "libfaketime" in os.environ.get("LD_PRELOAD", ""):
    time.sleep = lambda seconds: (select.select([], [], [], float(seconds)), None)[1]
