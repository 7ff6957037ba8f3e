"""The quick look at a module's imports never allows what the full look refuses."""

import ast

from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.guest.imports import Bundle, ForbiddenImportError

NAMES = ["numpy", "pandas", "os", "socket", "math", "fusion.sdk", "requires", "numpy.ctypeslib", "module", "stats", "."]
LINES = st.one_of(
    st.sampled_from(NAMES).map("import {}".format),
    st.sampled_from(NAMES).map("import {} as x".format),
    st.tuples(st.sampled_from(NAMES), st.sampled_from(["x", "ctypeslib", "sdk, x", "(x)", "*", "x as y"])).map(
        lambda both: f"from {both[0]} import {both[1]}"
    ),
    st.sampled_from(
        ["if x: import socket", "lazy import socket", "x = 1  # import", "'import'", "# coding: utf-7", '"""']
    ),
)
TEXTS = st.lists(
    st.tuples(st.sampled_from(["", "  ", "\t"]), LINES, st.sampled_from(["\n", "\r", "; ", "\\\n", " "]))
).map(lambda parts: "".join("".join(part) for part in parts))


def bundle(source: bytes) -> Bundle:
    return Bundle(0, "", {"module.py": source, "stats.py": b""})


def refused_by_the_tree(source: bytes) -> bool:
    """What every import statement in the syntax tree says, wherever it stands."""
    here = bundle(source)
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                wanted = [(alias.name, []) for alias in names]
            case ast.ImportFrom(module=str(module), names=names, level=0):
                wanted = [(module, [alias.name for alias in names if alias.name != "*"])]
            case _:
                wanted = []
        if any(here.refusal(name, parts) for name, parts in wanted):
            return True
    return False


@given(TEXTS)
@example("import numpy\rimport socket\n")
@example("import numpy; import socket\n")
@example("import numpy, socket\n")
@example("from numpy import (\nctypeslib)\n")
@example("# coding: utf-7\nimport numpy\n+AGk-mport os\n")
@example("if 1: import socket\n")
@example("from numpy import ctypeslib\n")
def test_whatever_is_written(text: str) -> None:
    source = text.encode()
    try:
        refused = refused_by_the_tree(source)
    except (SyntaxError, ValueError):
        return
    try:
        bundle(source).compiled("module.py")
    except ForbiddenImportError:
        assert refused
    except SyntaxError:
        pass
    else:
        assert not refused


def test_the_plain_way_is_taken_where_modules_are_written_as_usual() -> None:
    source = b"import numpy as np\nfrom fusion.sdk import Floats, module\n\ndef f():\n    from math import pi\n"
    assert bundle(source)._plainly_allowed(source)
