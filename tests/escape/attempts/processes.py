"""Attempts on other processes."""

from tests.escape.attempt import EPERM, KILLED, NO_VOTE, Attempt

NO_CTYPES = ("ModuleError OSError",)
NO_SIGNAL = ("ModuleError AttributeError",)

ATTEMPTS = (
    Attempt(
        "signal_the_bystander",
        "ends another process of the same user",
        "must(os.kill, KNOWN['bystander'], 9)",
        wasm=NO_SIGNAL,
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "signal_the_operator",
        "ends the operator",
        """
        reach(lambda: os.kill(KNOWN["operator"], 9))
        reach(syscall, 234, KNOWN["operator"], KNOWN["operator"], 9)
        reach(syscall, 129, KNOWN["operator"], 9, 0)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "signal_the_parent",
        "ends the process that started it, and whatever else it can name",
        """
        for number in range(0, 5):
            if number != os.getpid():
                reach(lambda: os.kill(number, 9))
        reach(lambda: os.kill(os.getppid(), 9))
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "signal_everyone",
        "sends a signal to every process that it may",
        "must(os.kill, -1, 15)",
        wasm=NO_SIGNAL,
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "pidfd",
        "opens another process and takes its descriptors",
        """
        handle = syscall(434, KNOWN["bystander"], 0)
        reach(syscall, 424, handle, 9, 0, 0)
        for number in range(32): reach(syscall, 438, handle, number, 0)
        raise Reached("a process")
        """,
        wasm=NO_CTYPES,
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "ptrace",
        "attaches to another process as a debugger",
        "must(syscall, 101, 16, KNOWN['bystander'], 0, 0)",
        wasm=NO_CTYPES,
        native=NO_VOTE,
        host=KILLED,
    ),
    Attempt(
        "ptrace_seize",
        "seizes another process, and asks to be traced itself",
        """
        reach(syscall, 101, 0x4206, KNOWN["bystander"], 0, 0)
        reach(syscall, 101, 0, 0, 0, 0)
        """,
        wasm=("Result",),
        native=NO_VOTE,
        host=KILLED,
    ),
    Attempt(
        "process_vm_readv",
        "reads the secret from another process's memory",
        """
        ctypes = load("ctypes")
        got = ctypes.create_string_buffer(64)
        here = (ctypes.c_uint64 * 2)(ctypes.addressof(got), 64)
        there = (ctypes.c_uint64 * 2)(KNOWN["address"], 64)
        syscall(310, KNOWN["bystander"], ctypes.addressof(here), 1, ctypes.addressof(there), 1, 0)
        raise Reached(got.value)
        """,
        wasm=NO_CTYPES,
        native=NO_VOTE,
        host=KILLED,
    ),
    Attempt(
        "process_vm_writev",
        "writes to another process's memory",
        """
        ctypes = load("ctypes")
        given = ctypes.create_string_buffer(b"x" * 64)
        here = (ctypes.c_uint64 * 2)(ctypes.addressof(given), 64)
        there = (ctypes.c_uint64 * 2)(KNOWN["address"], 64)
        must(syscall, 311, KNOWN["bystander"], ctypes.addressof(here), 1, ctypes.addressof(there), 1, 0)
        """,
        wasm=NO_CTYPES,
        native=NO_VOTE,
        host=KILLED,
    ),
    Attempt(
        "limits_of_others",
        "takes the operator's memory and files away by limits, priorities and processors",
        """
        ctypes = load("ctypes")
        none = ctypes.addressof((ctypes.c_uint64 * 2)(0, 0))
        for who in (KNOWN["operator"], KNOWN["bystander"]):
            for which in range(16): reach(syscall, 302, who, which, none, 0)
            reach(syscall, 141, 0, who, 19)
            reach(syscall, 203, who, 8, none)
            reach(syscall, 144, who, 0, none)
        """,
        wasm=NO_CTYPES,
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "compare_processes",
        "learns about others by kcmp, getpgid, getsid and the schedulers' calls",
        """
        for who in (KNOWN["operator"], KNOWN["bystander"]):
            reach(syscall, 312, who, who, 0, 0, 0)
            reach(syscall, 121, who)
            reach(syscall, 124, who)
            reach(syscall, 145, who)
        """,
        wasm=("Result",),
        native=NO_VOTE,
        host=KILLED,
    ),
    Attempt(
        "leave_the_session",
        "leaves its session and group, so as to outlive whoever ends them",
        """
        reach(lambda: os.setsid())
        reach(lambda: os.setpgid(0, KNOWN["operator"]))
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
)
