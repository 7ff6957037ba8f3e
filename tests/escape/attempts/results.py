"""Attempts to have something taken for a result that is none, or to break who reads it."""

from tests.escape.attempt import Attempt

SEND = """
import json
import struct

ANSWER = sys.modules["sandbox.guest.runner"].ANSWER
TOLD = {{
    "name": "f",
    "inputs": [["x", "float64"]],
    "outputs": [["value", "float64"]],
    "settings": [],
    "lookback": None,
    "several": False,
}}


def send(header, body=b"", handle=ANSWER):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    data = struct.pack("<I", len(text)) + text + body
    while data:
        data = data[os.write(handle, data):]
""".replace("{{", "{").replace("}}", "}")

LEAVE = "os._exit(0)"

MALFORMED = ("ModuleError MalformedFrame",)
ENDED = ("ModuleError SystemExit",)


def _sent(name: str, tries: str, frame: str) -> Attempt:
    """Sends a frame and returns, so that the runner's own comes after it."""
    return Attempt(name, tries, frame, wasm=MALFORMED, native=MALFORMED, before=SEND)


def _alone(name: str, tries: str, frame: str, *, native: tuple[str, ...] = MALFORMED) -> Attempt:
    """Sends a frame and ends the interpreter, so that nothing comes after it; in wasm that is an ending of its own."""
    return Attempt(name, tries, f"{frame}\n{LEAVE}", wasm=ENDED, native=native, before=SEND)


ATTEMPTS = (
    _alone(
        "pickle_in_the_result",
        "sends a pickle that runs a program when it is read",
        "os.write(ANSWER, b'cos\\nabort\\n(tR.')",
    ),
    _sent("pickle_before_the_result", "sends a pickle before its result", "os.write(ANSWER, b'\\x80\\x04N.')"),
    _sent(
        "lying_header_length",
        "states a header of two gibibytes",
        "os.write(ANSWER, struct.pack('<I', 1 << 31) + b'{}')",
    ),
    _alone("lying_rows", "states 2**62 rows", "send({'interface': TOLD, 'result': [['value', 'float64', 2**62]]})"),
    _sent(
        "negative_rows",
        "states fewer than no rows",
        "send({'interface': TOLD, 'result': [['value', 'float64', -5]]}, bytes(40))",
    ),
    _sent(
        "another_type",
        "states a column of objects",
        "send({'interface': TOLD, 'result': [['value', 'object', 5]]}, bytes(40))",
    ),
    _sent(
        "other_ports",
        "sends columns under names that no port has",
        "up = ['../up', 'float64']\nsend({'interface': dict(TOLD, outputs=[up]), 'result': [[*up, 5]]}, bytes(40))",
    ),
    _sent("deep_header", "nests a header deeper than any parser's stack", "send(b'[' * 100_000 + b']' * 100_000)"),
    _sent("key_twice", "names a key of the header twice", 'send(b\'{"memory": true, "memory": false}\')'),
    _sent("not_a_number", "puts numbers into a header that JSON has not", "send(b'{\"refused\": NaN}')"),
    _sent("two_frames", "sends a refusal before its result", "send({'refused': 'pay me anyway'})"),
    _alone(
        "frame_and_exit",
        "sends a refusal and leaves",
        "send({'refused': 'pay me anyway'})",
        native=("Refused",),  # as if it had declared ports that nobody has; no native outcome is attested
    ),
    Attempt(
        "spoofed_on_stdout",
        "prints what looks like a result, a frame and an answer of the process that runs it",
        """
        send({"refused": "x"}, handle=1)
        send({"interface": TOLD, "result": [["value", "float64", 5]]}, bytes(40), handle=1)
        print("RESULT ok value=[0,0,0,0,0]", {"kind": "Result"}, flush=True)
        os.write(2, b"\\0" * 16)
        return x + 1
        """,
        wasm=("Result",),
        native=("Result",),
        before=SEND,
    ),
    Attempt(
        "terminal_codes",
        "raises an error whose text would drive a terminal",
        "raise ValueError('\\x1b]0;owned\\x07\\x1b[2J\\r\\n' + chr(0x202e) + '\\0' + '\\x9b' + 'x' * 10**6)",
        wasm=("ModuleError ValueError",),
        native=("ModuleError ValueError",),
    ),
    Attempt(
        "hostile_error_name",
        "raises an error whose type has a path for its name and a text that raises",
        "raise type('../../etc/passwd', (Exception,), {'__str__': lambda self: 1 / 0})()",
        wasm=("ModuleError Exception",),
        native=("ModuleError Exception",),
    ),
    Attempt(
        "patched_runner",
        "replaces the functions that the runner checks and sends results with",
        """
        runner = sys.modules["sandbox.guest.runner"]
        runner._outputs = lambda *given: [np.zeros(1 << 16)]
        runner.json.dumps = lambda *given, **named: "{}"
        """,
        wasm=MALFORMED,
        native=("ModuleError MalformedFrame",),
    ),
    Attempt(
        "array_that_lies",
        "returns an array of another class, whose size changes when it is looked at",
        """
        class Liar(np.ndarray):
            shape = property(lambda self: (5,))
            dtype = property(lambda self: np.dtype("float64"))
        return np.zeros(100_000).view(Liar)
        """,
        wasm=("ModuleError TypeError",),
        native=("ModuleError TypeError",),
    ),
    Attempt(
        "array_over_others_memory",
        "returns an array that reads a mebibyte past its own memory",
        """
        strided = np.lib.stride_tricks.as_strided(np.zeros(1), shape=(5,), strides=(1 << 18,))
        return np.where(np.isfinite(strided), 0.0, 0.0)
        """,
        wasm=("Result",),
        native=("Result",),
    ),
    Attempt(
        "exit_in_a_hook",
        "leaves a hook that ends the interpreter after the result is sent",
        """
        load("atexit").register(os._exit, 0)
        sys.excepthook = sys.unraisablehook = lambda *given: os._exit(0)
        """,
        wasm=("Result",),
        native=("Result",),
    ),
    Attempt(
        "unicode_in_the_source",
        "hides code by characters that turn the direction of text or look like others",
        "\u0440ass = 1  # the first letter is Cyrillic\nif '\u202e' != '\u2066': must(read, KNOWN['key'])",
        wasm=("ModuleError FileNotFoundError",),
        native=("ModuleError FileNotFoundError",),
    ),
    Attempt(
        "forbidden_imports",
        "imports os by its name, which is refused before it is run",
        "import os",
        wasm=("Refused",),
        native=("Refused",),
    ),
    Attempt(
        "files_that_shadow",
        "brings files of its own that have the names of numpy and the runner",
        """
        import numpy
        if numpy.marker != "own": raise Reached("another numpy")
        if hasattr(sys.modules["numpy"], "marker"): raise Reached("the next job's numpy")
        """,
        wasm=("Result",),
        native=("Result",),
        files={"numpy.py": b'marker = "own"\n', "sandbox/guest/runner.py": b"raise SystemExit\n"},
    ),
)
