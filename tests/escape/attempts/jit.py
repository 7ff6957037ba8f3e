"""Attempts of modules that declare a package which makes machine code: memory may become executable there, no more."""

from tests.escape.attempt import EPERM, NO_VOTE, Attempt

_FILES = {
    "module.toml": b"""\
name = "jit"
version = "1.0.0"
entry = "f"
summary = "Makes machine code"
license = "Apache-2.0"
native = ["numba"]
[inputs]
x = "Any series"
[outputs]
value = "The same"
"""
}

_RUN = '''
def run(code):
    """Machine code of its own, with what it leaves in the register for results."""
    ctypes = load("ctypes")
    page = syscall(9, 0, 4096, 3, 0x22, -1, 0)
    ctypes.memmove(page, code, len(code))
    syscall(10, page, 4096, 5)
    return ctypes.CFUNCTYPE(ctypes.c_long)(page)()
'''


def _attempt(name: str, tries: str, code: str, native: tuple[str, ...]) -> Attempt:
    return Attempt(name, tries, code, wasm=(), native=native, before=_RUN, files=_FILES)


ATTEMPTS = (
    _attempt(
        "writable_and_executable",
        "maps memory that can be written and run at once",
        "must(syscall, 9, 0, 4096, 7, 0x22, -1, 0)",
        EPERM,
    ),
    _attempt(
        "made_writable_and_executable",
        "has memory made writable and executable at once",
        "must(syscall, 10, syscall(9, 0, 4096, 3, 0x22, -1, 0), 4096, 7)",
        EPERM,
    ),
    _attempt(
        "file_mapped_to_run",
        "maps a file so that it can be run",
        """
        with open(os.__file__, "rb") as file:
            must(syscall, 9, 0, 4096, 5, 2, file.fileno(), 0)
        """,
        EPERM,
    ),
    _attempt(
        "machine_code_that_forks",
        "makes a process by machine code of its own",
        r"""
        number = run(b"\xb8\x39\x00\x00\x00\x0f\x05\xc3")
        if number == 0: os._exit(0)
        if number > 0: raise Reached(number)
        raise OSError(-number, os.strerror(-number))
        """,
        EPERM,
    ),
    _attempt(
        "machine_code_of_32_bits",
        "makes calls of the older processor's interface by machine code, past filters that know one",
        r"raise Reached(run(b'\xb8\x14\x00\x00\x00\xcd\x80\xc3'))",
        NO_VOTE,
    ),
    _attempt(
        "machine_code_that_traces",
        "attaches to another process by machine code of its own",
        r"raise Reached(run(b'\xb8\x65\x00\x00\x00\x0f\x05\xc3'))",
        NO_VOTE,
    ),
)
