"""What the doctor says of the sandbox's walls, and when it is not content."""

import pytest

from cli.doctor import _walls
from sandbox.jail import walls
from sandbox.jail.walls import Wall


def _missing(*missing: Wall) -> dict[Wall, str]:
    return {wall: "not here: move" if wall in missing else "" for wall in Wall}


@pytest.mark.parametrize(
    ("missing", "content"),
    [
        ((), True),
        ((Wall.MEMORY, Wall.PIDS), True),
        ((Wall.LANDLOCK,), True),
        ((Wall.MOUNT, Wall.ROOT), True),
        ((Wall.USER, Wall.NET, Wall.MOUNT, Wall.ROOT), True),
        ((Wall.SECCOMP,), False),
        ((Wall.ROOT, Wall.LANDLOCK), False),
        ((Wall.MOUNT, Wall.LANDLOCK), False),
        (tuple(Wall), False),
    ],
)
def test_a_wall_a_row_and_only_what_keeps_strangers_out_is_needed(
    missing: tuple[Wall, ...], content: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walls, "standing", lambda: _missing(*missing))
    findings = list(_walls())
    assert [each.what for each in findings] == [f"wall {wall.value}" for wall in Wall]
    assert {each.what for each in findings if not each.ok} == {f"wall {wall.value}" for wall in missing}
    assert all(each.advice == "missing: not here: move" for each in findings if not each.ok)
    assert all(each.ok or not each.needed for each in findings) is content
