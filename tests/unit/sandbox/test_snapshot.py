"""A mapped start is the start that was written: same outcomes, same fuel, and nobody can change it."""

import gc
import mmap
import os
import resource
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox import snapshot
from sandbox.encoding import encode
from sandbox.runtime import Runtime
from sandbox.snapshot import Snapshot

pytestmark = pytest.mark.skipif(not snapshot.AVAILABLE, reason="snapshots are mapped on Linux alone")

PAGE = mmap.PAGESIZE

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


def test_what_a_job_writes_is_gone_and_the_snapshot_as_it_was():
    kept = Snapshot(4 * PAGE, [(0, b"ab"), (2 * PAGE, b"cd")])
    memory = mmap.mmap(-1, 4 * PAGE)
    for _ in range(3):
        with kept.laid(address(memory)):
            assert bytes(memory[:]) == b"ab" + bytes(2 * PAGE - 2) + b"cd" + bytes(2 * PAGE - 2)
            memory[0:1] = b"Z"
            memory[3 * PAGE : 4 * PAGE] = b"x" * PAGE
        assert bytes(memory[:2]) == b"ab"  # where it was laid there is a fresh mapping


def test_two_at_a_time_do_not_see_each_other():
    kept = Snapshot(2 * PAGE, [(0, b"ab")])
    first, second = (mmap.mmap(-1, 2 * PAGE) for _ in range(2))
    with kept.laid(address(first)), kept.laid(address(second)):
        first[0:1], second[PAGE : PAGE + 1] = b"1", b"2"
        assert (first[0:2], first[PAGE : PAGE + 1]) == (b"1b", b"\0")
        assert (second[0:2], second[PAGE : PAGE + 1]) == (b"ab", b"2")


@pytest.mark.parametrize("pages", [snapshot._KEPT - 1, snapshot._KEPT, snapshot._KEPT + 1, 2 * snapshot._KEPT])
def test_a_job_that_writes_much_leaves_as_little(pages):
    size = 2 * snapshot._KEPT * PAGE
    kept = Snapshot(size, [(0, b"ab")])
    memory = mmap.mmap(-1, size)
    for _ in range(2):
        with kept.laid(address(memory)):
            view = np.frombuffer(memory, np.uint8)
            assert view[:2].tobytes() == b"ab"
            assert not view[2:].any()
            view[: pages * PAGE] = 255


@given(st.lists(st.sets(st.integers(0, 63)), max_size=6))
def test_whichever_pages_jobs_write_the_next_finds_the_snapshot(jobs):
    cells = [(page * PAGE, bytes([page + 1]) * PAGE) for page in range(0, 64, 3)]
    kept, memory = Snapshot(64 * PAGE, cells), mmap.mmap(-1, 64 * PAGE)
    fresh = b"".join(bytes([page + 1 if page % 3 == 0 else 0]) * PAGE for page in range(64))
    for written in jobs:
        with kept.laid(address(memory)):
            assert bytes(memory[:]) == fresh
            for page in written:
                memory[page * PAGE + 7] = 255
    with kept.laid(address(memory)):
        assert bytes(memory[:]) == fresh


def test_a_copy_is_used_again_and_costs_no_fault():
    kept, memory = Snapshot(256 * PAGE, [(0, b"ab")]), mmap.mmap(-1, 256 * PAGE)

    def faults() -> int:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        with kept.laid(address(memory)):
            np.frombuffer(memory, np.uint8)[:] = 1
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    first, *later = (faults() for _ in range(5))
    assert first >= 256
    assert min(later) < 128


@pytest.mark.parametrize("missing", ["mremap", "pagemap", "all of it", "half of it"])
def test_nothing_is_left_where_the_kernel_does_less(missing, monkeypatch):
    """Kernels before 5.13 leave no mapping behind, and there may be no /proc."""
    if missing == "mremap":
        monkeypatch.setattr(snapshot, "_MOVE", 8)
    elif missing == "pagemap":
        monkeypatch.setattr(snapshot.page_map, "_file", None)
    else:
        monkeypatch.setattr(os, "pread", lambda _file, size, _at: bytes(0 if missing == "all of it" else size // 2))
    kept, memory = Snapshot(2 * PAGE, [(0, b"ab")]), mmap.mmap(-1, 2 * PAGE)
    for _ in range(3):
        with kept.laid(address(memory)):
            assert bytes(memory[:]) == b"ab" + bytes(2 * PAGE - 2)
            memory[:] = b"x" * 2 * PAGE


@pytest.mark.parametrize("error", [OSError, MemoryError])
def test_a_copy_that_cannot_be_cleaned_is_not_used_again_and_nobody_is_bothered(error, monkeypatch):
    kept, memory = Snapshot(2 * PAGE, [(0, b"ab")]), mmap.mmap(-1, 2 * PAGE)

    def fails(*_: object) -> None:
        raise error

    for _ in range(3):
        with kept.laid(address(memory)):
            assert bytes(memory[:2]) == b"ab"
            memory[0:2] = b"xx"
            monkeypatch.setattr(snapshot.page_map, "written", fails)
        monkeypatch.undo()
    assert not kept._idle


def test_where_nothing_is_moved_a_start_is_mapped_anew(monkeypatch):
    """A kernel that refuses to leave a mapping behind has unmapped the target by then."""
    monkeypatch.setattr(snapshot, "_can_move", lambda _: False)
    monkeypatch.setattr(snapshot, "_move", None)
    kept, memory = Snapshot(2 * PAGE, [(0, b"ab")]), mmap.mmap(-1, 2 * PAGE)
    for _ in range(3):
        with kept.laid(address(memory)):
            assert bytes(memory[:]) == b"ab" + bytes(2 * PAGE - 2)
            memory[:] = b"x" * 2 * PAGE


def test_nothing_is_left_where_a_copy_cannot_come_home(monkeypatch):
    kept, memory = Snapshot(2 * PAGE, [(0, b"ab")]), mmap.mmap(-1, 2 * PAGE)
    for _ in range(3):
        with kept.laid(address(memory)):
            assert bytes(memory[:2]) == b"ab"
            memory[0:2] = b"xx"
            monkeypatch.setattr(snapshot, "_MOVE", 8)
        monkeypatch.undo()


def test_a_forks_child_asks_for_its_own_pages():
    """Its parent's would say that what the child has written is as it was."""
    kept, memory = Snapshot(8 * PAGE, [(0, b"ab")]), mmap.mmap(-1, 8 * PAGE, mmap.MAP_PRIVATE)
    with kept.laid(address(memory)):
        pass
    child = os.fork()
    if child == 0:
        try:
            with kept.laid(address(memory)):
                memory[:] = b"x" * 8 * PAGE
            with kept.laid(address(memory)):
                os._exit(0 if bytes(memory[:]) == b"ab" + bytes(8 * PAGE - 2) else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0


def test_nobody_can_write_to_it():
    kept = Snapshot(PAGE, [(0, b"ab")])
    with pytest.raises(PermissionError):
        os.pwrite(kept.file, b"!", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(kept.file, 0)
    with pytest.raises(PermissionError):
        mmap.mmap(kept.file, PAGE, mmap.MAP_SHARED)


def test_its_descriptor_and_its_addresses_go_with_it():
    def mapped() -> int:
        return Path("/proc/self/maps").read_text().count("fusion start")

    gc.collect()
    before = mapped()
    kept, memory = Snapshot(PAGE, []), mmap.mmap(-1, PAGE)
    number = kept.file
    with kept.laid(address(memory)):
        assert mapped() > before
    del kept, memory
    assert mapped() == before
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


def test_a_refused_mapping_is_told():
    kept = Snapshot(PAGE, [])
    with pytest.raises(OSError, match="cannot be mapped"), kept.laid(1):
        pass


def address(memory: mmap.mmap) -> int:
    return int(np.frombuffer(memory, np.uint8).ctypes.data)
