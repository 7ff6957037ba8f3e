"""The same run in other processes and threads, and an interrupted one."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from fusion.content.unixfs import directory_cid
from sandbox.code import Limits, ModuleCode
from sandbox.encoding import encode
from sandbox.image import Image
from sandbox.outcome import Outcome
from sandbox.runtime import Runtime

ROOT = Path(__file__).parents[2]
HEAD = """import numpy as np
import pandas as pd
from fusion.sdk import Floats, module
@module
def f(x: Floats) -> Floats:
"""
BODIES = {
    "numbers": "    m = np.outer(np.sin(x), np.exp(x / 9))\n    return np.linalg.svd(m + np.eye(len(x)))[1] + m @ x",
    "rolling": "    return pd.Series(x).rolling(7, min_periods=1).std().fillna(np.nan).to_numpy()",
    "random": "    return x + np.random.default_rng().normal(size=len(x))",
    "addresses": "    return x * 0 + hash('a') % 1000 + id(object()) % 10**6",
    "nan": "    return np.sqrt(-x) / 0.0 - np.inf * 0",
    "raises": "    return x + {}['k']",
    "loops": "    while True: pass",
    "floods": "    while True: print('x' * 1000)",
}
SCRIPT = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_sandbox_processes import documents
from sandbox.image import Image
from sandbox.runtime import Runtime
image = Path(sys.argv[1])
print(json.dumps(documents(Runtime(Image(bytes.fromhex(image.name), image)))))
"""


def code(name: str) -> ModuleCode:
    files = {"module.py": (HEAD + BODIES[name]).encode()}
    return ModuleCode(directory_cid(files), files, "f")


def run(runtime: Runtime, name: str) -> Outcome:
    limits = Limits(fuel=5 * 10**8, output=1 << 20)
    return runtime.run(code(name), {"x": np.linspace(-3, 5, 60)}, {}, limits=limits, seed=11)


def documents(runtime: Runtime) -> dict[str, list[object]]:
    """Outcome documents and fuel of all bodies."""
    found: dict[str, list[object]] = {}
    for name in BODIES:
        outcome = run(runtime, name)
        found[name] = [encode(outcome, bytes(32)).document.hex(), getattr(outcome, "fuel", None)]
    return found


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "random"}


@pytest.fixture(scope="module")
def runtime(image: Image) -> Runtime:
    return Runtime(image)


def test_outcomes_and_fuel_are_the_same_in_another_process(runtime: Runtime, image: Image) -> None:
    command = [sys.executable, "-c", SCRIPT, str(image.path), str(Path(__file__).parent)]
    other = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, cwd="/")
    assert json.loads(other.stdout) == documents(runtime)


def test_outcomes_are_the_same_in_threads(runtime: Runtime) -> None:
    names = [*BODIES] * 3
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda name: run(runtime, name), names))
    alone = {name: encode(run(runtime, name), bytes(32)).document for name in BODIES}
    for name, outcome in zip(names, outcomes, strict=True):
        assert encode(outcome, bytes(32)).document == alone[name], name


INTERRUPTED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_sandbox_processes import code
from sandbox.image import Image
from sandbox.runtime import Runtime
from sandbox.code import Limits
import numpy as np
image = Path(sys.argv[1])
runtime = Runtime(Image(bytes.fromhex(image.name), image))
print("running", flush=True)
try:
    runtime.run(code("loops"), {"x": np.ones(3)}, {}, limits=Limits(fuel=10**15), deadline=500.0)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_ends_a_run(image: Image) -> None:
    command = [sys.executable, "-c", INTERRUPTED, str(image.path), str(Path(__file__).parent)]
    with subprocess.Popen(
        command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "running\n"
            time.sleep(0.3)
            child.send_signal(signal.SIGINT)
            output, errors = child.communicate(timeout=30)
        finally:
            child.kill()
    assert (child.returncode, output, errors) == (0, "interrupted\n", "")
