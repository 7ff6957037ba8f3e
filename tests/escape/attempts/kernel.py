"""Attempts on the kernel: calls that no module needs and that have let others out before."""

from tests.escape.attempt import EPERM, KILLED, NO_VOTE, Attempt

NO_CTYPES = ("ModuleError OSError",)


def _calls(name: str, tries: str, *calls: tuple[object, ...], host: tuple[str, ...] = KILLED) -> Attempt:
    """Raw calls, each a number and its arguments, that all have to fail."""
    codes = tuple(f"must(syscall, {', '.join(map(repr, call))})" for call in calls)
    native = tuple("NoVote" if one in KILLED else one for one in host)
    return Attempt(name, tries, codes, wasm=NO_CTYPES, native=native, host=host)


ATTEMPTS = (
    Attempt(
        "io_uring",
        "sets up a ring by which the kernel makes calls unseen by filters",
        """
        ctypes = load("ctypes")
        must(syscall, 425, 8, ctypes.addressof(ctypes.create_string_buffer(256)))
        """,
        wasm=NO_CTYPES,
        native=NO_VOTE,
        host=KILLED,
    ),
    _calls("userfaultfd", "handles page faults itself, which makes races in the kernel easy", (323, 0)),
    _calls("userfaultfd_of_user_mode", "the same for faults of user mode alone, which needs no right", (323, 1)),
    Attempt(
        "bpf",
        "loads a program and a map into the kernel",
        """
        ctypes = load("ctypes")
        attributes = (ctypes.c_uint32 * 32)(2, 4, 8, 1)
        reach(syscall, 321, 0, ctypes.addressof(attributes), 72)
        reach(syscall, 321, 5, ctypes.addressof(attributes), 72)
        """,
        wasm=NO_CTYPES,
        native=NO_VOTE,
        host=KILLED,
    ),
    Attempt(
        "perf_event",
        "watches the processor's counters, its own and everybody's",
        """
        ctypes = load("ctypes")
        attributes = (ctypes.c_uint32 * 32)(1, 128)
        for who in (0, -1): reach(syscall, 298, ctypes.addressof(attributes), who, 0 if who else -1, -1, 0)
        """,
        wasm=NO_CTYPES,
        native=NO_VOTE,
        host=KILLED,
    ),
    _calls(
        "mount",
        "mounts a file system, binds the disk, remounts the root writable, unmounts",
        (165, b"none", b"/tmp", b"tmpfs", 0, 0),
        (165, b"/", b"/tmp", b"", 0x1000, 0),
        (165, b"none", b"/", b"", 0x20, 0),
        (166, b"/", 2),
    ),
    _calls(
        "new_mount_calls",
        "the same by the newer calls: fsopen, open_tree, move_mount, mount_setattr",
        (430, b"tmpfs", 0),
        (428, -100, b"/", 1),
        (429, -100, b"/", -100, b"/tmp", 0),
        (442, -100, b"/", 0, 0, 0),
        (433, -100, b"/", 0),
    ),
    _calls("unshare_user", "enters a user namespace of its own, where it would be root", (272, 0x10000000)),
    _calls(
        "unshare_others", "enters namespaces of its own", *((272, flag) for flag in (0x20000, 1 << 30, 1 << 29, 0x400))
    ),
    Attempt(
        "setns",
        "enters the namespaces of the operator and of the first process",
        """
        for who in (KNOWN["operator"], 1, "self"):
            for what in ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup"):
                try: handle = os.open(f"/proc/{who}/ns/{what}", os.O_RDONLY)
                except OSError: continue
                reach(syscall, 308, handle, 0)
        for handle in range(16): reach(syscall, 308, handle, 0)
        """,
        wasm=("Result",),
        native=NO_VOTE,
        host=KILLED,
    ),
    _calls(
        "keyctl",
        "reads and adds keys in the kernel's keyrings",
        (250, 0, -4, 1),
        (250, 0, -3, 1),
        (248, b"user", b"escaped", b"x", 1, -4),
        (249, b"user", b"escaped", 0, -4),
    ),
    _calls(
        "x32_calls",
        "makes calls by the numbers of another binary interface, past filters that know one",
        (0x40000000 + 39,),
        (0x40000000 + 41, 2, 1, 0),
        (0x40000000 + 57,),
        (0x40000000 + 512, 0, 0, 0),
        (0x40000000 + 520, b"/bin/sh", 0, 0),
    ),
    _calls(
        "unknown_calls",
        "makes calls by numbers that there are none of, or not yet",
        *((number,) for number in (390, 423, 500, 1000, 1 << 29, -1)),
        host=(*EPERM, *KILLED),
    ),
    _calls(
        "setuid",
        "becomes root, by every call there is",
        (105, 0),
        (119, 0, 0, 0),
        (116, 1, b"\0\0\0\0"),
        (126, b"\x22\x05\x08\x20\0\0\0\0", b"\xff" * 24),
    ),
    _calls(
        "chroot", "makes another folder the root, to climb out of it", (161, b"/tmp"), (161, b"/"), (155, b".", b".")
    ),
    _calls(
        "execve",
        "starts a program in its place",
        (59, b"/bin/sh", 0, 0),
        (59, b"/proc/self/exe", 0, 0),
        (322, -100, b"/bin/sh", 0, 0, 0),
    ),
    Attempt(
        "memfd_and_exec",
        "writes a program into memory and runs it from there",
        """
        ctypes = load("ctypes")
        handle = syscall(319, b"escaped", 0)
        os.write(handle, b"#!/bin/sh\\nexit 0\\n")
        must(syscall, 322, handle, b"", 0, 0, 0x1000)
        """,
        wasm=NO_CTYPES,
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "memfd_and_dlopen",
        "loads a library that it wrote itself",
        """
        ctypes = load("ctypes")
        for place in ("/tmp", "/dev/shm", "."):
            path = f"{place}/{KNOWN['token']}.so"
            try: write(path, b"\\x7fELF" + bytes(4096))
            except OSError: continue
            reach(ctypes.CDLL, path)
            os.remove(path)
        must(ctypes.CDLL, f"/proc/self/fd/{syscall(319, b'escaped', 0)}")
        """,
        wasm=NO_CTYPES,
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "memory_that_runs",
        "maps memory that can be written and run",
        """
        mmap = load("mmap")
        must(mmap.mmap, -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        """,
        wasm=("ModuleError AttributeError",),
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "memory_made_to_run",
        "writes memory and then has it made executable",
        """
        ctypes = load("ctypes")
        page = syscall(9, 0, 4096, 3, 0x22, -1, 0)
        ctypes.memmove(page, b"\\xc3", 1)
        reach(syscall, 10, page, 4096, 7)
        reach(syscall, 10, page, 4096, 5)
        reach(syscall, 329, page, 4096, 4, -1)
        reach(syscall, 135, 0x0400000)
        """,
        wasm=NO_CTYPES,
        native=NO_VOTE,
        host=KILLED,
    ),
    Attempt(
        "code_of_others_made_writable",
        "makes the machine code of the C library writable",
        """
        ctypes = load("ctypes")
        at = ctypes.cast(libc().getpid, ctypes.c_void_p).value
        must(syscall, 10, at & ~4095, 4096, 7)
        """,
        wasm=NO_CTYPES,
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "file_that_runs",
        "maps a file of the machine so that it can be run",
        """
        mmap = load("mmap")
        with open(os.__file__, "rb") as file:
            must(mmap.mmap, file.fileno(), 4096, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC)
        """,
        wasm=("ModuleError FileNotFoundError",),
        native=EPERM,
        host=EPERM,
    ),
    _calls(
        "ioctl",
        "types into the terminal of whoever started it, and controls devices",
        *((16, handle, call, b"x") for handle in (0, 1, 2) for call in (0x5412, 0x541C, 0x5402, 0x8901)),
        host=EPERM,
    ),
    Attempt(
        "rlimit_raise",
        "raises its own limits",
        """
        ctypes = load("ctypes")
        for which in (1, 2, 4, 6, 7, 8, 9):
            now = (ctypes.c_uint64 * 2)()
            if libc().getrlimit(which, now) == 0 and now[1] != 2**64 - 1:
                more = (ctypes.c_uint64 * 2)(now[1] + 4096, now[1] + 4096)
                reach(syscall, 160, which, ctypes.addressof(more))
                reach(syscall, 302, 0, which, ctypes.addressof(more), 0)
        """,
        wasm=NO_CTYPES,
        native=("Result",),
        host=("Result",),
    ),
    _calls(
        "filters_undone",
        "turns the filter of calls off, or puts a kinder one before it",
        (157, 22, 0, 0, 0, 0),
        (157, 38, 0, 0, 0, 0),
        (317, 0, 0, 0),
        (157, 24, 21, 0, 0, 0),
        host=EPERM,
    ),
    _calls(
        "modules_and_kernels",
        "loads a kernel module, another kernel, and restarts the machine",
        (175, b"x", 1, b""),
        (313, 0, b"", 0),
        (246, 0, 0, 0, 0),
        (320, 0, 0, 0, b"", 0),
        (169, 0xFEE1DEAD, 672274793, 0, 0),
        (167, b"/tmp", 0),
    ),
    _calls(
        "names_and_accounts",
        "slews the clock, sets the machine's name and domain, process accounting",
        (159, b"\1" + b"\0" * 255),
        (305, 0, b"\1" + b"\0" * 255),
        (170, b"escaped", 7),
        (171, b"escaped", 7),
        (163, b"/tmp/account"),
    ),
    Attempt(
        "set_the_clock",
        "sets the machine's clock, to what it is",
        """
        ctypes = load("ctypes")
        now = ctypes.addressof((ctypes.c_int64 * 2)(int(load("time").time()), 0))
        reach(syscall, 164, now, 0)
        reach(syscall, 227, 0, now)
        """,
        wasm=NO_CTYPES,
        native=NO_VOTE,
        host=KILLED,
    ),
    _calls(
        "ports_and_tables",
        "takes the machine's ports, its segment tables and its log",
        (172, 3),
        (173, 0x60, 1, 1),
        (154, 1, b"\0" * 16, 16),
        (103, 3, b"\0" * 64, 64),
        (179, 0x800002, b"/dev/vda", 0, 0),
        host=(*EPERM, *KILLED),
    ),
    _calls(
        "fanotify_and_inotify",
        "watches what others do with their files",
        (300, 0, 0),
        (253,),
        (294, 0),
        host=EPERM,
    ),
    _calls(
        "queues_and_semaphores",
        "makes System V and POSIX queues and semaphores, by which jobs could talk",
        (29, 0x465553, 4096, 0o1666),
        (64, 0x465553, 1, 0o1666),
        (68, 0x465553, 0o1666),
        (240, b"escaped", 0o102, 0o666, 0),
        host=EPERM,
    ),
)
