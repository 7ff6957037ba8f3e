"""The version that answers are compared under has all the code that they come of."""

import json
import subprocess
import sys
from pathlib import Path

from node.exchange.service.maker import parts

_LOADED = """
import json, sys
from node.exchange.service import recovery
files = {name: each.__file__ for name, each in sys.modules.items() if name.startswith("node.exchange")}
print(json.dumps([each for name, each in files.items() if each]))
"""


def test_all_that_an_exchange_is_made_of_counts() -> None:
    told = subprocess.run([sys.executable, "-c", _LOADED], capture_output=True, text=True, check=True).stdout
    loaded = {Path(each).resolve() for each in json.loads(told)}
    assert len(loaded) > 50
    assert loaded <= {each.resolve() for each in parts()}


def test_what_an_exchange_is_not_made_of_does_not() -> None:
    names = {each.parent.name for each in parts()}
    assert not names & {"oracle", "tester", "facts"}
    assert {each.name for each in parts()} >= {"keeper.py", "ladder.py", "reel.py", "source.py", "around.py"}
