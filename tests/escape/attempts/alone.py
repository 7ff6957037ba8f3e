"""For each wall an attempt that this wall alone stops, with what it needs to stand.

The walls overlap, so that an attempt on all of them seldom shows what one is for. Here a payload meets one wall, and
without it the same payload gets through. `test_alone.py` plays both.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.jail.walls import Wall
from tests.escape.attempt import Attempt


@dataclass(frozen=True, slots=True)
class Alone:
    """One wall and what it is for.

    Attributes:
        needs: walls without which it cannot stand, or without which the attempt could not be made at all.
        attempt: what gets through without it.
        gives: what the payload gets instead, for the page.
    """

    needs: frozenset[Wall]
    attempt: Attempt
    gives: str


def _attempt(wall: Wall, tries: str, code: str) -> Attempt:
    return Attempt(wall.value, tries, code, wasm=(), native=(), deadline=20.0)


READ_THE_KEY = "must(read, KNOWN['key'])"

_ALL: dict[Wall, tuple[tuple[Wall, ...], str, str, str]] = {
    Wall.USER: (
        (),
        "reads the secret from the memory of another process of the same user",
        """
        ctypes = load("ctypes")
        got = ctypes.create_string_buffer(64)
        here = (ctypes.c_uint64 * 2)(ctypes.addressof(got), 32)
        there = (ctypes.c_uint64 * 2)(KNOWN["address"], 32)
        syscall(310, KNOWN["bystander"], ctypes.addressof(here), 1, ctypes.addressof(there), 1, 0)
        raise Reached(got.value)
        """,
        "no right over processes of another user namespace, though the user is the same",
    ),
    Wall.MOUNT: (
        (Wall.USER, Wall.ROOT),
        "reads the operator's keyfile",
        READ_THE_KEY,
        "the empty root needs mounts of its own, and is not entered without",
    ),
    Wall.PID: (
        (Wall.USER,),
        "sends a signal to another process of the same user",
        "must(os.kill, KNOWN['bystander'], 10)",
        "the process has no number that it could be named by",
    ),
    Wall.NET: (
        (Wall.USER,),
        "connects to a listener on this machine",
        """
        end = load("socket").socket()
        end.settimeout(5)
        must(end.connect, ("127.0.0.1", KNOWN["tcp"]))
        """,
        "a network of its own, in which nothing listens and no link is up",
    ),
    Wall.IPC: (
        (Wall.USER,),
        "attaches shared memory that every user of the machine may read",
        """
        ctypes = load("ctypes")
        raise Reached(ctypes.string_at(syscall(30, KNOWN["segment"], 0, 0), 32))
        """,
        "no such segment",
    ),
    Wall.UTS: (
        (Wall.USER,),
        "learns the machine's name",
        """
        if os.uname().nodename == KNOWN["machine"]: raise Reached(KNOWN["machine"])
        """,
        "the name `sandbox`",
    ),
    Wall.CGROUP: (
        (Wall.USER,),
        "learns in which of the machine's groups the operator runs",
        """
        if os.readlink("/proc/self/ns/cgroup") == KNOWN["groups"]: raise Reached(read("/proc/self/cgroup"))
        """,
        "groups named from its own on",
    ),
    Wall.ROOT: (
        (Wall.USER, Wall.MOUNT),
        "reads the operator's keyfile",
        READ_THE_KEY,
        "an empty root",
    ),
    Wall.LANDLOCK: (
        (Wall.NO_NEW_PRIVS,),
        "reads the operator's keyfile",
        READ_THE_KEY,
        "the file can be seen and not opened",
    ),
    Wall.SECCOMP: (
        (Wall.NO_NEW_PRIVS,),
        "connects to the operator's unix socket",
        "must(load('socket').socket(1).connect, KNOWN['unix'])",
        "no call that makes a socket",
    ),
    Wall.CAPABILITIES: (
        (Wall.USER,),
        "makes another folder the root, as whoever made a user namespace may inside it",
        "must(syscall, 161, b'/tmp')",
        "no capabilities inside its namespaces either",
    ),
    Wall.NO_NEW_PRIVS: (
        (),
        "becomes root by running a set-uid program",
        """
        reads, writes = os.pipe()
        if os.fork() == 0:
            for handle in (1, 2): os.dup2(writes, handle)
            os.execve(KNOWN["setuid"], ["x", "--help"], {"LD_SHOW_AUXV": "1"})
        os.close(writes)
        told = b""
        while part := os.read(reads, 65536): told += part
        os.wait()
        # The loader does as it is told, unless it runs with rights that whoever tells it has not.
        if b"AT_SECURE" not in told: raise Reached(told[:80])
        """,
        "the program runs with no more rights than who starts it",
    ),
    Wall.RLIMITS: (
        (),
        "takes a gibibyte of memory",
        "raise Reached(len(bytearray(1 << 30)))",
        "no more than it was given",
    ),
    Wall.MEMORY: (
        (),
        "takes half a gibibyte of memory that limits of a process do not count",
        """
        held = load("mmap").mmap(-1, 512 << 20)
        for page in range(0, 512 << 20, 4096): held[page] = 1
        raise Reached("512 MiB")
        """,
        "ended by the kernel, which counts all memory",
    ),
    Wall.PIDS: (
        (),
        "makes a hundred processes",
        """
        made = []
        try:
            for number in range(100):
                made.append(os.fork())
                if made[-1] == 0:
                    load("time").sleep(60)
                    os._exit(0)
            raise Reached("100 processes")
        finally:
            for each in made:
                os.kill(each, 9)
                os.waitpid(each, 0)
        """,
        "a few and no more",
    ),
}

ALONE: Mapping[Wall, Alone] = {
    wall: Alone(frozenset(needs), _attempt(wall, tries, code), gives)
    for wall, (needs, tries, code, gives) in _ALL.items()
}
