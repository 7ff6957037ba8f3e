"""Attempts to leave something behind for the next job, which looks for it (`CLEAN` in the player)."""

from tests.escape.attempt import EPERM, Attempt

FINE = ("Result",)
NO_CTYPES = ("ModuleError OSError",)

ATTEMPTS = (
    Attempt(
        "patched_numpy",
        "replaces functions of numpy and leaves a mark on it",
        """
        np.escaped = True
        np.sum = lambda *given, **named: 666.0
        np.ones = np.zeros
        np.core = np.lib = None
        """,
        wasm=FINE,
        native=("Result",),
    ),
    Attempt(
        "patched_language",
        "replaces built-in functions, the import system and the SDK",
        """
        builtins = sys.modules["builtins"]
        builtins.len = lambda thing: 0
        builtins.callable = lambda thing: True
        sys.modules["fusion.sdk"].module = lambda function: None
        sys.modules["json"].loads = lambda *given: {}
        sys.meta_path.clear()
        return x
        """,
        wasm=("ModuleError MalformedFrame",),
        native=("ModuleError MalformedFrame",),
    ),
    Attempt(
        "patched_memory_of_numpy",
        "overwrites constants that all arrays share: small integers, True, the numbers of numpy",
        """
        ctypes = load("ctypes")
        ctypes.c_long.from_address(id(3) + 24).value = 4
        ctypes.memset(id(np.float64), 0, 8)
        """,
        wasm=NO_CTYPES,
        native=("Result",),
    ),
    Attempt(
        "file_in_tmp",
        "writes a file where the next job would find it",
        """
        for place in ("/tmp", "/dev/shm", "/var/tmp", "."):
            try: write(f"{place}/{KNOWN['token']}")
            except OSError: continue
        """,
        wasm=FINE,
        native=("Result",),
    ),
    Attempt(
        "environment_left",
        "sets variables of the environment",
        """
        os.environ["ESCAPED"] = "x"
        try: libc().setenv(b"ESCAPED", b"x", 1)
        except OSError: pass
        """,
        wasm=FINE,
        native=("Result",),
    ),
    Attempt(
        "memory_left",
        "fills memory with a number for which the next job looks in memory it has not written",
        "held = np.full(1 << 20, 1234567.5)\ndel held",
        wasm=FINE,
        native=("Result",),
    ),
    Attempt(
        "numbers_left",
        "seeds the random numbers and sets the rounding of floats and the handling of faults",
        """
        np.random.seed(1)
        load("random").seed(1)
        np.seterr(all="raise")
        np.set_printoptions(precision=1)
        try: libc().fesetround(0xC00)
        except OSError: pass
        """,
        wasm=FINE,
        native=("Result",),
    ),
    Attempt(
        "process_left",
        "leaves a process behind that goes on after the result",
        """
        if os.fork() == 0:
            if os.fork() == 0:
                os.setsid()
                load("time").sleep(30)
            os._exit(0)
        """,
        wasm=("ModuleError AttributeError",),
        native=EPERM,
    ),
    Attempt(
        "thread_left",
        "leaves a thread behind that goes on after the result",
        """
        def spin():
            while True: np.sum = None
        load("threading").Thread(target=spin, daemon=True).start()
        """,
        wasm=("ModuleError RuntimeError",),
        native=("ModuleError RuntimeError",),
    ),
    Attempt(
        "timer_left",
        "leaves a timer and a handler that act after the result",
        """
        try: signal = load("signal")
        except ImportError: raise OSError("no signals") from None
        signal.signal(signal.SIGALRM, lambda *given: os._exit(9))
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        """,
        wasm=("ModuleError AttributeError",),
        native=("ModuleError itimer_error",),
    ),
    Attempt(
        "descriptors_left",
        "replaces the descriptors of input, output and errors",
        """
        for handle in (0, 1, 2):
            try: os.close(handle)
            except OSError: pass
        """,
        wasm=("Result",),
        native=("Result",),
    ),
    Attempt(
        "result_closed",
        "closes the descriptor on which results go",
        "os.close(sys.modules['sandbox.guest.runner'].ANSWER)",
        wasm=("ModuleError OSError",),
        native=("ModuleError SystemExit",),
    ),
)
