"""A reel hands out the same commands, whole times together, whether they are in memory or in a file."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fusion.errors import StorageFull
from node.exchange.core.command import COMMAND
from node.exchange.exchange import Commands
from node.exchange.replay import reel
from node.exchange.replay.reel import Reel, wound


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    monkeypatch.setattr(reel, "PART", 4)
    rows = np.zeros(40, COMMAND)
    rows["time"] = np.repeat(np.arange(1, 9), [1, 3, 1, 9, 2, 20, 1, 3])
    rows["ref"] = np.arange(40)
    return rows


@pytest.mark.parametrize("filed", [False, True])
def test_parts_are_all_there_is_and_never_part_a_time(commands: Commands, tmp_path: Path, filed: bool) -> None:
    whole = wound([commands[:7], commands[7:7], commands[7:]], tmp_path / "all") if filed else Reel(commands)
    for of, rows in (
        (whole, commands),
        (whole.cut(3), commands[3:]),
        (whole.cut(5, 30), commands[5:30]),
        (whole.cut(5, 30).cut(2, 99), commands[7:30]),
    ):
        parts = [each.copy() for each in of.parts()]
        assert np.concatenate(parts).tobytes() == rows.tobytes()
        assert len({int(each["time"][0]) for each in parts}) == len(parts) > 1
        assert all(one["time"][-1] < two["time"][0] for one, two in pairwise(parts))
        assert (len(of), of.begin, of.end) == (len(rows), rows["time"][0], rows["time"][-1])
        assert of.digest() == Reel(rows).digest()
    assert [whole.at(time) for time in (0, 1, 4, 8, 9)] == np.searchsorted(commands["time"], (0, 1, 4, 8, 9)).tolist()
    assert not list(whole.cut(40).parts())


def test_a_file_that_finds_no_room_is_told_and_is_gone(commands: Commands, tmp_path: Path) -> None:
    with pytest.raises(StorageFull, match="takes no more"):
        wound([commands], tmp_path / "no" / "where")
