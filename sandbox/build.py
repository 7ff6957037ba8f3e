"""The steps from the interpreter as it was shipped to native code, each run in a process of its own.

A compile takes two gigabytes and cannot be stopped from within; in a child both end with the process.

    python -m sandbox.build stub SOURCE OUT
    python -m sandbox.build quick STUB OUT
    python -m sandbox.build bake STUB QUICK ARCHIVE OUT
    python -m sandbox.build compile BAKED OUT
"""

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import wasmtime

from fusion.errors import FusionError, NotReady
from sandbox.bake import baked
from sandbox.engine import configuration
from sandbox.stub import choice, stubbed


def stub(source: Path, out: Path) -> None:
    """Cut the interpreter down to what modules may use."""
    out.write_bytes(stubbed(source.read_bytes(), choice()))


def quick(binary: Path, out: Path) -> None:
    """Compile for the one run that bakes."""
    _compiled(binary, out, quick=True)


def bake(binary: Path, compiled: Path, archive: Path, out: Path) -> None:
    """Run the baking script and freeze the memory it leaves.

    Raises:
        NotReady: the baked binary is not the pinned one.
    """
    result = baked(binary.read_bytes(), compiled, memoryview(archive.read_bytes()))
    found = hashlib.sha256(result).hexdigest()
    if found != choice().baked_sha256:
        raise NotReady(
            f"the baked image has sha256 {found}, expected {choice().baked_sha256}: this build is not the pinned one"
        )
    out.write_bytes(result)


def final(binary: Path, out: Path) -> None:
    """Compile for jobs."""
    _compiled(binary, out, quick=False)


def _compiled(binary: Path, out: Path, *, quick: bool) -> None:
    module = wasmtime.Module(wasmtime.Engine(configuration(quick=quick)), binary.read_bytes())
    out.write_bytes(module.serialize())


_STEPS: dict[str, Callable[..., None]] = {"stub": stub, "quick": quick, "bake": bake, "compile": final}


def main(arguments: list[str]) -> int:
    """Run one step; its files are given as paths. A failure is one line on stderr."""
    threading.Thread(target=_die_with_parent, args=(os.getppid(),), daemon=True).start()
    try:
        _STEPS[arguments[0]](*map(Path, arguments[1:]))
    except (FusionError, OSError, wasmtime.WasmtimeError, MemoryError) as error:
        print(" ".join(str(error).split())[:500] or type(error).__name__, file=sys.stderr)
        return 1
    return 0


def _die_with_parent(parent: int) -> None:
    """A parent killed outright cannot stop this process, and nobody would wait for its result."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
