"""Which walls stand is found by building them, and what is missing is said loudly with what to do."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from sandbox.jail import walls
from sandbox.jail.walls import NAMESPACES, WALLS, Wall, closed, enough, standing, usable

ROOT = Path(__file__).parents[4]

TRIED_WITHOUT = """
import platform, sys
from sandbox.jail import kernel, numbers, trial
from sandbox.jail.seccomp import Action, Profile, assemble

refused = Profile("refused", dict.fromkeys(sys.argv[1].split(","), Action.EPERM), otherwise=Action.ALLOW)
kernel.no_new_privileges()
kernel.seccomp(assemble(refused, platform.machine(), numbers.here(), 0))
trial.main()
"""


def _without(*calls: str) -> dict[Wall, str]:
    """The walls on a machine whose kernel refuses some calls."""
    ended = subprocess.run(
        [sys.executable, "-c", TRIED_WITHOUT, ",".join(calls)],
        capture_output=True,
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=True,
    )
    return {Wall(name): why for name, why in json.loads(ended.stdout).items() if why}


def test_here_all_stand_but_perhaps_cgroups() -> None:
    assert set(standing()) == WALLS
    assert usable() >= WALLS - {Wall.MEMORY, Wall.PIDS}


def test_what_lies_in_the_folder_it_is_run_in_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's checkout, or a folder that anybody may write to, holds a `json.py`."""
    for name in ("json", "sandbox", "errno"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    assert walls._tried() == dict(standing())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("calls", "missing", "told"),
    [
        (("unshare",), NAMESPACES | {Wall.ROOT}, "unshare: Operation not permitted: allow user namespaces"),
        (("pivot_root",), {Wall.ROOT}, "pivot_root: Operation not permitted"),
        (("mount",), {Wall.MOUNT, Wall.ROOT}, "mount /: Operation not permitted"),
        (("landlock_create_ruleset",), {Wall.LANDLOCK}, "use a kernel from 5.13 on"),
        (("seccomp",), {Wall.SECCOMP}, "seccomp: Operation not permitted: use a kernel with seccomp filters"),
        (("capset",), {Wall.CAPABILITIES}, "capset: Operation not permitted"),
        (("prlimit64", "setrlimit"), {Wall.RLIMITS}, "not permitted"),
    ],
)
def test_what_a_kernel_refuses_is_missing_and_nothing_else(
    calls: tuple[str, ...], missing: set[Wall], told: str
) -> None:
    found = _without(*calls)
    assert set(found) - {Wall.MEMORY, Wall.PIDS} == missing
    assert all(told in why for wall, why in found.items() if wall in missing)


def test_missing_walls_are_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "standing", lambda: {wall: "old: renew it" if wall is Wall.NET else "" for wall in Wall})
    fresh = usable.__wrapped__
    with structlog.testing.capture_logs() as logs:
        assert fresh() == WALLS - {Wall.NET}
    assert logs == [
        {"event": "a wall of the sandbox does not stand", "wall": "net", "why": "old: renew it", "log_level": "warning"}
    ]


def test_a_trial_that_fails_stands_for_no_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls.sys, "executable", "/nowhere/python")
    found = standing.__wrapped__()
    assert set(found) == WALLS
    assert all("trying the walls failed" in why for why in found.values())


def test_walls_that_need_others_fall_with_them() -> None:
    assert closed(WALLS, root=False) == closed(WALLS, root=True) == WALLS
    assert closed(WALLS - {Wall.USER}, root=True) == WALLS - {Wall.USER}
    assert closed(WALLS - {Wall.USER}, root=False) == WALLS - NAMESPACES - {Wall.ROOT}
    assert closed(WALLS - {Wall.MOUNT}, root=True) == WALLS - {Wall.MOUNT, Wall.ROOT}
    assert closed(WALLS - {Wall.NO_NEW_PRIVS}, root=True) == WALLS - {Wall.NO_NEW_PRIVS, Wall.LANDLOCK, Wall.SECCOMP}


def test_enough_is_a_filter_of_calls_and_no_way_to_files() -> None:
    assert enough(frozenset())
    assert enough(frozenset({Wall.MEMORY, Wall.PIDS, Wall.LANDLOCK}))
    assert enough(frozenset({Wall.ROOT}))
    assert not enough(frozenset({Wall.SECCOMP}))
    assert not enough(frozenset({Wall.ROOT, Wall.LANDLOCK}))
