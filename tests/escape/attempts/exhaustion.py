"""Attempts to use up the machine: processor, memory, disk, processes, output."""

from sandbox.code import Limits
from tests.escape.attempt import EPERM, MIB, NO_VOTE, Attempt

FULL = ("LimitHit memory",)

ATTEMPTS = (
    Attempt(
        "fork_bomb",
        "forks until nothing more can be forked",
        """
        for number in range(300):
            if os.fork() == 0:
                load("time").sleep(5)
                os._exit(0)
        raise Reached("300 processes")
        """,
        wasm=("ModuleError AttributeError",),
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "thread_bomb",
        "starts threads until nothing more can be started",
        """
        for number in range(300):
            load("threading").Thread(target=load("time").sleep, args=(5,), daemon=True).start()
        raise Reached("300 threads")
        """,
        wasm=("ModuleError RuntimeError",),
        native=("ModuleError RuntimeError",),
        host=("ModuleError RuntimeError",),
    ),
    Attempt(
        "raw_clone3",
        "makes a process by the raw call clone3",
        """
        ctypes = load("ctypes")
        arguments = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17)
        if syscall(435, ctypes.addressof(arguments), 64) == 0:
            os._exit(0)
        raise Reached("a process")
        """,
        wasm=("ModuleError OSError",),
        native=("ModuleError OSError",),
        host=("ModuleError OSError",),
    ),
    Attempt(
        "raw_clone_and_vfork",
        "makes a process by the raw calls clone, fork and vfork",
        """
        for number in (56, 57, 58):
            try:
                if syscall(number, 17, 0, 0, 0, 0) == 0:
                    os._exit(0)
            except OSError:
                continue
            raise Reached(number)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "memory_bomb",
        "allocates 2 GiB at once",
        "bytearray((1 << 31) - 64)",
        wasm=("LimitHit memory",),
        native=FULL,
        host=("ModuleError MemoryError",),
    ),
    Attempt(
        "memory_bomb_slowly",
        "allocates and touches 4 MiB after 4 MiB",
        """
        held = []
        while len(held) < 512: held.append(bytes(b"x") * (4 << 20))
        raise Reached("2 GiB")
        """,
        wasm=("LimitHit memory",),
        native=FULL,
        host=("ModuleError MemoryError",),
    ),
    Attempt(
        "memory_bomb_of_arrays",
        "touches numpy arrays of 32 MiB until none is left",
        "held = [np.ones(4 << 20) for number in range(64)]\nraise Reached('2 GiB')",
        wasm=("LimitHit memory",),
        native=FULL,
        host=("ModuleError MemoryError",),
    ),
    Attempt(
        "memory_bomb_shared",
        "touches shared anonymous memory, which no heap limit counts",
        """
        held = []
        for number in range(64):
            held.append(load("mmap").mmap(-1, 32 << 20))
            held[-1].write(b"x" * (32 << 20))
        raise Reached("2 GiB")
        """,
        wasm=("ModuleError OSError",),
        native=FULL,
        host=EPERM,
    ),
    Attempt(
        "memory_bomb_in_a_file_of_memory",
        "fills a memfd, which no heap limit counts",
        """
        file = os.memfd_create("escaped")
        for number in range(512):
            os.write(file, b"x" * (4 << 20))
        raise Reached("2 GiB")
        """,
        wasm=("ModuleError AttributeError",),
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "disk_fill",
        "writes a file until the disk is full",
        """
        for place in (KNOWN["home"], "/tmp", "/var/tmp", "/dev/shm", "."):
            try:
                file = open(f"{place}/{KNOWN['token']}", "wb")
            except OSError:
                continue
            for number in range(256):
                file.write(b"x" * (1 << 20))
            raise Reached(place)
        """,
        wasm=("Result",),
        native=("ModuleError OSError",),
        host=("Result",),
    ),
    Attempt(
        "inode_fill",
        "makes empty files until the disk has no room for names",
        """
        for place in (KNOWN["home"], "/tmp", "/var/tmp", "/dev/shm", "."):
            try:
                for number in range(200_000):
                    open(f"{place}/{KNOWN['token']}-{number}", "wb").close()
            except OSError:
                continue
            raise Reached(place)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "endless_loop",
        "loops for ever",
        "while True: pass",
        wasm=("LimitHit fuel",),
        native=("LimitHit deadline",),
        deadline=1.0,
    ),
    Attempt(
        "endless_loop_that_catches_everything",
        "loops for ever and catches whatever would end it",
        """
        while True:
            try:
                while True: pass
            except BaseException: pass
        """,
        wasm=("LimitHit fuel",),
        native=("LimitHit deadline",),
        deadline=1.0,
    ),
    Attempt(
        "ignored_signals",
        "ignores every signal, then loops for ever",
        """
        try:
            signal = load("signal")
            for number in range(1, 65):
                try: signal.signal(number, signal.SIG_IGN)
                except (OSError, ValueError): pass
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        except (ImportError, AttributeError):
            pass
        while True: pass
        """,
        wasm=("LimitHit fuel",),
        native=("LimitHit deadline",),
        deadline=1.0,
    ),
    Attempt(
        "sleep",
        "sleeps for a year",
        "load('time').sleep(3e7)",
        wasm=("ModuleError OSError",),
        native=("LimitHit deadline",),
        deadline=1.0,
    ),
    Attempt(
        "huge_stdout",
        "prints a gibibyte",
        "for number in range(1024): print('x' * (1 << 20), flush=True)",
        wasm=("LimitHit output",),
        native=("LimitHit output",),
    ),
    Attempt(
        "huge_result",
        "writes a gibibyte where results go",
        "for number in range(1024): os.write(sys.modules['sandbox.guest.runner'].ANSWER, b'x' * (1 << 20))",
        wasm=("LimitHit output",),
        native=("LimitHit output",),
    ),
    Attempt(
        "huge_returned_column",
        "returns two hundred thousand times the rows it was given",
        "return np.zeros(1_000_000)",
        wasm=("ModuleError ValueError",),
        native=("ModuleError ValueError",),
    ),
    Attempt(
        "inflate_bomb",
        "unpacks 60 kB of zlib into two gibibytes",
        """
        zlib = load("zlib")
        packed = zlib.compressobj(9)
        small = b"".join([*(packed.compress(bytes(1 << 20)) for number in range(64)), packed.flush()])
        held = []
        for number in range(32): held.append(zlib.decompress(small))
        raise Reached("2 GiB")
        """,
        wasm=("LimitHit memory",),
        native=FULL,
        limits=Limits(fuel=10**10, memory=160 * MIB, output=MIB),
    ),
    Attempt(
        "recursion",
        "calls itself for ever",
        "return f(x)",
        wasm=("ModuleError RecursionError",),
        native=("ModuleError RecursionError",),
    ),
    Attempt(
        "recursion_below_the_limit_of_python",
        "lifts Python's limit of recursion, then overflows the machine's stack",
        """
        sys.setrecursionlimit(10**9)
        class Deep:
            def __repr__(self): return repr([self])
        repr(Deep())
        """,
        wasm=("ModuleError RecursionError", *NO_VOTE),
        native=NO_VOTE,
        deadline=3.0,
    ),
    Attempt(
        "huge_number",
        "computes 10**10**9, one operation that takes hours",
        "return x + 10**10**9",
        wasm=("LimitHit fuel",),
        native=("LimitHit deadline",),
        deadline=1.0,
    ),
    Attempt(
        "slow_pattern",
        "matches a regular expression that takes 2**40 steps",
        "load('re').match('(a+)+$', 'a' * 40 + 'b')",
        wasm=("LimitHit fuel",),
        native=("LimitHit deadline",),
        deadline=1.0,
    ),
    Attempt(
        "open_files_bomb",
        "opens descriptors until none is left",
        """
        try: held = [os.dup(0) for number in range(5000)]
        except AttributeError: raise OSError("no dup") from None
        raise Reached("5,000 descriptors")
        """,
        wasm=("ModuleError OSError",),
        native=("ModuleError OSError",),
        host=EPERM,
    ),
    Attempt(
        "crash",
        "reads address 0 by ctypes",
        "load('ctypes').string_at(0)",
        wasm=("ModuleError OSError",),
        native=NO_VOTE,
    ),
)
