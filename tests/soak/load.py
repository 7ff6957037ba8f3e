"""A pool of sandbox workers under steady load, in a process of its own: `python -m tests.soak.load`.

It ends when its standard input is closed, and then prints how the runs ended.
"""

import json
import sys
import threading
from collections import Counter
from contextlib import suppress

import numpy as np

from fusion.content.cid import Cid
from fusion.errors import Retryable
from fusion.settings import Settings
from sandbox.code import Limits, ModuleCode
from sandbox.image import prepare
from sandbox.message import Run
from sandbox.pool import Pool

HEAD = b"import numpy as np\nimport pandas as pd\nfrom fusion.sdk import Floats, module\n\n\n@module\n"
CODE = {
    "Result": b"def run(x: Floats) -> Floats:\n    return pd.Series(x).rolling(5).mean().to_numpy()\n",
    "ModuleError": b"def run(x: Floats) -> Floats:\n    raise KeyError('no such price')\n",
    "fuel": b"def run(x: Floats) -> Floats:\n    while True:\n        pass\n",
    "memory": b"def run(x: Floats) -> Floats:\n    return x + np.ones(2**28)[: len(x)]\n",
    "deadline": b"def run(x: Floats) -> Floats:\n    while True:\n        pass\n",
}
SHARES = ("Result",) * 16 + ("ModuleError",) * 2 + ("fuel", "memory")
RARE, EVERY = "deadline", 400  # runs; it takes a second each, and may cost a process
FUEL, LITTLE = 10**11, 10**8
MEMORY = 512 << 20
OUTPUT = 1 << 20


def task(what: str, number: int) -> Run:
    """A run that ends like this, on values of its own."""
    module = ModuleCode(
        Cid.directory(bytes(31) + bytes([list(CODE).index(what)])), {"module.py": HEAD + CODE[what]}, "run"
    )
    limits = Limits(fuel=LITTLE if what == "fuel" else FUEL, memory=MEMORY, output=OUTPUT)
    values = np.arange(1_000, dtype=np.float64) + number
    return Run(module, {"x": values}, {}, limits, number, 1.0 if what == RARE else 60.0)


def main() -> None:
    """Runs as many as there are processes at once, until nobody wants more."""
    ends: Counter[str] = Counter()
    stop, guard = threading.Event(), threading.Lock()
    numbers = iter(range(1 << 62))

    def work(pool: Pool) -> None:
        while not stop.is_set():
            with guard:
                number = next(numbers)
            what = RARE if number % EVERY == EVERY - 1 else SHARES[number % len(SHARES)]
            told = "retried"
            with suppress(Retryable):
                told = str(pool.run(task(what, number)).kind)
            with guard:
                ends[told] += 1

    with Pool(prepare(Settings().images, None)) as pool:
        pool.start()
        threads = [threading.Thread(target=work, args=(pool,)) for _ in range(len(pool))]
        for thread in threads:
            thread.start()
        sys.stdin.read()
        stop.set()
        for thread in threads:
            thread.join()
    sys.stdout.write(json.dumps(dict(ends)) + "\n")


if __name__ == "__main__":
    main()
