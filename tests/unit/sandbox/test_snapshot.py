"""A mapped start is the start that was written: same outcomes, same fuel, and nobody can change it."""

import mmap
import os

import numpy as np
import pytest

from sandbox import snapshot
from sandbox.encoding import encode
from sandbox.runtime import Runtime
from sandbox.snapshot import Snapshot

pytestmark = pytest.mark.skipif(not snapshot.AVAILABLE, reason="snapshots are mapped on Linux alone")

BODIES = (
    "return np.linalg.inv(np.outer(x, x) + np.eye(len(x)))[0]",
    "return pd.Series(x).rolling(2).std().to_numpy()",
    "return x + hash('a') % 1000 + id(object()) % 10**6",
    "raise KeyError(3)",
)


def test_mapped_and_written_starts_give_the_same(image, runtime, body, monkeypatch):
    monkeypatch.setattr(snapshot, "AVAILABLE", False)
    written = Runtime(image)
    for statements in BODIES:
        module, inputs = body(statements), {"x": np.arange(1.0, 6.0)}
        mapped, plain = (each.run(module, inputs, {}) for each in (runtime, written))
        assert mapped.fuel == plain.fuel
        assert encode(mapped, bytes(32)) == encode(plain, bytes(32))


def test_laying_copies_and_leaves_the_snapshot_as_it_is():
    kept = Snapshot(4 * mmap.PAGESIZE, [(0, b"ab"), (2 * mmap.PAGESIZE, b"cd")])
    first, second = (mmap.mmap(-1, 4 * mmap.PAGESIZE) for _ in range(2))
    for memory in (first, second):
        memory[:] = b"x" * len(memory)
        kept.lay(address(memory))
    first[0:1] = b"Z"
    assert bytes(first[:3]) == b"Zb\0"
    assert bytes(second[:3]) == b"ab\0"
    assert bytes(second[2 * mmap.PAGESIZE :][:2]) == b"cd"


def test_nobody_can_write_to_it():
    kept = Snapshot(mmap.PAGESIZE, [(0, b"ab")])
    with pytest.raises(PermissionError):
        os.pwrite(kept._file, b"!", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(kept._file, 0)
    with pytest.raises(PermissionError):
        mmap.mmap(kept._file, mmap.PAGESIZE, mmap.MAP_SHARED)


def test_its_descriptor_goes_with_it():
    number = Snapshot(mmap.PAGESIZE, [])._file
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_a_refused_mapping_is_told():
    with pytest.raises(OSError, match="cannot be mapped"):
        Snapshot(mmap.PAGESIZE, []).lay(1)


def address(memory: mmap.mmap) -> int:
    return int(np.frombuffer(memory, np.uint8).ctypes.data)
