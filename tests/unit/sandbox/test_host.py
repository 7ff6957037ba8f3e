import struct
import sys
from collections.abc import Sequence

import pytest
import wasmtime

from sandbox.code import PRINTED
from sandbox.engine import configuration
from sandbox.host import NOW, RESULT, Host

OK, BADF, INVAL, NOENT, NOSYS = 0, 8, 28, 44, 52
PAGE = 1 << 16


class Guest:
    """One page of memory and a host over it."""

    def __init__(self, *, stdin: Sequence[bytes] = (), seed: bytes = b"", output: int = 1000) -> None:
        self.store = wasmtime.Store(wasmtime.Engine(configuration(quick=True)))
        self.host = Host(self.store, memoryview(b"PK archive"), stdin=stdin, seed=seed, output=output)
        self.host.memory = wasmtime.Memory(self.store, wasmtime.MemoryType(wasmtime.Limits(1, 1)))

    def call(self, name: str, *arguments: int) -> int:
        return self.host.answer(name, arguments)

    def put(self, address: int, data: bytes) -> None:
        self.host.write(address, data)

    def u32(self, address: int) -> int:
        return int.from_bytes(self.host.read(address, 4), "little")

    def vectors(self, *vectors: tuple[int, int]) -> int:
        self.put(0, b"".join(struct.pack("<II", *vector) for vector in vectors))
        return len(vectors)


@pytest.fixture
def guest() -> Guest:
    return Guest(stdin=[b"hello", b"", b" world"])


def test_the_clock_stands_still(guest: Guest) -> None:
    assert guest.call("clock_time_get", 0, 1, 64) == OK
    assert struct.unpack("<Q", guest.host.read(64, 8)) == (NOW,)
    guest.call("clock_time_get", 1, 1, 64)
    assert struct.unpack("<Q", guest.host.read(64, 8)) == (0,)


def draws(seed: bytes) -> list[bytes]:
    guest = Guest(seed=seed)
    drawn = []
    for _ in range(3):
        assert guest.call("random_get", 100, 16) == OK
        drawn.append(guest.host.read(100, 16))
    return drawn


def test_random_numbers_follow_from_the_seed() -> None:
    assert draws(b"a") == draws(b"a")
    assert not set(draws(b"a")) & set(draws(b"b"))
    assert len(set(draws(b"a"))) == 3


def test_there_is_no_environment(guest: Guest) -> None:
    for name in ("environ_sizes_get", "args_sizes_get"):
        guest.put(0, b"\xff" * 8)
        assert guest.call(name, 0, 4) == OK
        assert guest.host.read(0, 8) == bytes(8)


@pytest.mark.parametrize(
    "name",
    [
        "sock_accept",
        "sock_recv",
        "poll_oneoff",
        "path_unlink_file",
        "path_rename",
        "fd_readdir",
        "call",
        "path_symlink",
    ],
)
def test_all_else_is_not_there(guest: Guest, name: str) -> None:
    assert guest.call(name, 0, 0, 0) == NOSYS
    assert guest.host.stopped is None


def test_input_is_read_in_order(guest: Guest) -> None:
    count = guest.vectors((100, 3), (200, 4))
    assert guest.call("fd_read", 0, 0, count, 50) == OK
    assert (guest.u32(50), guest.host.read(100, 3), guest.host.read(200, 2)) == (5, b"hel", b"lo")
    assert guest.call("fd_read", 0, 0, guest.vectors((100, 2)), 50) == OK
    assert (guest.u32(50), guest.host.read(100, 2)) == (2, b" w")
    assert guest.call("fd_read", 0, 0, count, 50) == OK
    assert guest.u32(50) == 4
    assert guest.call("fd_read", 0, 0, count, 50) == OK
    assert guest.u32(50) == 0


def opened(guest: Guest, name: bytes, how: int = 0) -> int:
    guest.put(300, name)
    return guest.call("path_open", 3, 0, 300, len(name), how, 0, 0, 0, 400)


def test_the_archive_is_the_only_file(guest: Guest) -> None:
    assert opened(guest, b"python315.zip") == OK
    fd = guest.u32(400)
    assert guest.call("fd_seek", fd, 3, 0, 410) == OK
    guest.call("fd_read", fd, 0, guest.vectors((100, 100)), 50)
    assert guest.host.read(100, guest.u32(50)) == b"archive"
    assert guest.call("fd_close", fd) == OK
    assert guest.call("fd_close", fd) == BADF
    for name in (b"/etc/passwd", b"../../etc/passwd", b"", b".", b"python315.zip\0"):
        assert opened(guest, name) == NOENT
    assert opened(guest, b"python315.zip", how=1) == NOENT  # create
    assert opened(guest, b"python315.zip", how=8) == NOENT  # truncate


def test_descriptors_run_out(guest: Guest) -> None:
    answers = [opened(guest, b"python315.zip") for _ in range(65)]
    assert answers == [OK] * 64 + [NOENT]


def test_positions_stay_in_range(guest: Guest) -> None:
    opened(guest, b"python315.zip")
    fd = guest.u32(400)
    assert guest.call("fd_seek", fd, -1, 0, 410) == INVAL
    assert guest.call("fd_seek", fd, 0, 7, 410) == INVAL
    assert guest.call("fd_seek", 0, 0, 0, 410) == BADF
    assert guest.call("fd_tell", fd, 410) == OK


def test_no_position_is_beyond_what_can_be_told(guest: Guest) -> None:
    opened(guest, b"python315.zip")
    fd, far = guest.u32(400), (1 << 63) - 1
    assert guest.call("fd_seek", fd, far, 0, 410) == OK
    for _ in range(3):
        assert guest.call("fd_seek", fd, far, 1, 410) == INVAL
    assert guest.host.error is None


def test_many_small_writes_take_no_more_memory_here_than_one(guest: Guest) -> None:
    for _ in range(100):
        assert guest.call("fd_write", RESULT, 0, guest.vectors(*[(100, 0)] * 5, *[(100, 1)] * 5), 50) == OK
    assert len(guest.host.result) == 500
    assert sys.getsizeof(guest.host.result) < 2 * 500


def test_a_name_as_long_as_memory_is_not_copied(guest: Guest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest.host, "read", None)
    assert guest.call("path_open", 3, 0, 0, PAGE, 0, 0, 0, 0, 400) == NOENT
    assert guest.call("path_filestat_get", 3, 0, 0, PAGE, 400) == NOENT
    assert guest.host.error is None


def test_results_and_prints_go_apart(guest: Guest) -> None:
    guest.put(100, b"result")
    guest.put(200, b"print")
    assert guest.call("fd_write", RESULT, 0, guest.vectors((100, 6)), 50) == OK
    assert guest.call("fd_write", 1, 0, guest.vectors((200, 5)), 50) == OK
    assert guest.call("fd_write", 2, 0, guest.vectors((200, 5)), 50) == OK
    assert guest.call("fd_write", 3, 0, guest.vectors((200, 5)), 50) == BADF
    assert guest.call("fd_write", 999, 0, guest.vectors((200, 5)), 50) == BADF
    assert guest.host.result == b"result"
    assert bytes(guest.host.printed) == b"printprint"


@pytest.mark.parametrize("fd", [1, 2, RESULT])
def test_all_descriptors_share_one_budget(fd: int) -> None:
    guest = Guest(output=10)
    assert guest.call("fd_write", 1, 0, guest.vectors((100, 6)), 50) == OK
    assert guest.call("fd_write", fd, 0, guest.vectors((100, 5)), 50) == NOSYS
    assert guest.host.stopped == "output"
    assert guest.call("clock_time_get", 0, 1, 64) == NOSYS  # nothing is served after a stop


def test_prints_are_kept_up_to_a_length() -> None:
    guest = Guest(output=1 << 20)
    for _ in range(4):
        guest.call("fd_write", 1, 0, guest.vectors((0, PAGE // 2)), 50)
    assert len(guest.host.printed) == PRINTED


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("clock_time_get", (0, 1, PAGE - 4)),
        ("clock_time_get", (0, 1, -4)),
        ("random_get", (PAGE - 1, 2)),
        ("fd_write", (1, PAGE - 4, 1, 0)),
        ("fd_read", (0, PAGE - 4, 1, 0)),
        ("fd_read", (0, 0, 5000, 0)),
        ("path_open", (3, 0, PAGE - 4, 100, 0, 0, 0, 0, 0)),
        ("path_open", (3, 0, 0, -1, 0, 0, 0, 0, 0)),
    ],
)
def test_addresses_outside_memory_end_the_guest(guest: Guest, name: str, arguments: tuple[int, ...]) -> None:
    guest.call(name, *arguments)
    assert guest.host.stopped == "fault"


def test_a_defect_of_the_host_is_kept_and_not_raised_through_the_guest(guest: Guest) -> None:
    guest.call("clock_time_get", 0)
    assert guest.host.stopped == "broken"
    assert isinstance(guest.host.error, TypeError)
