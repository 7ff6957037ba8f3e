"""Nothing that an operator does depends on the date that its machine was set to."""

import ast
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "node" / "executor"
OF_THE_DATE = {"time", "time_ns", "now", "utcnow", "today", "localtime", "gmtime", "ctime"}
CLOCKS = {"time", "datetime", "date"}


def test_an_operator_never_asks_for_the_date() -> None:
    asked = [
        f"{path.name}:{node.lineno}"
        for path in FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in OF_THE_DATE
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in CLOCKS
    ]
    assert asked == []
