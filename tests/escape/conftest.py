"""The suite's option and what its tests share: a stage for each user, with the runtimes on it warm."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sandbox.image import Image
from sandbox.jail.walls import WALLS, Wall
from sandbox.packages import installed
from tests.escape.attempt import RuntimeName
from tests.escape.stage import Stage, Staged, User

NEEDED = WALLS - {Wall.MEMORY, Wall.PIDS, Wall.LANDLOCK, Wall.CGROUP, Wall.UTS}
"""Without one of these attempts end in other ways than told, though perhaps in the end as harmlessly."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without",
        action="append",
        default=[],
        metavar="WALL",
        help="leave a wall of the sandbox out, to see which attempt it stops (tests/escape)",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.escape)


@pytest.fixture(scope="session")
def without(pytestconfig: pytest.Config) -> frozenset[Wall]:
    """The walls that are left out."""
    return frozenset(map(Wall, pytestconfig.getoption("--without", [])))


@pytest.fixture(scope="session")
def stage(image: Image, without: frozenset[Wall]) -> Iterator[Staged]:
    """The stage of a user, with a runtime warm; made when first asked for and kept."""
    with ExitStack() as stack:
        stages: dict[User, Stage] = {}
        warm: set[tuple[User, RuntimeName]] = set()

        def staged(user: User, runtime: RuntimeName | None) -> Stage:
            if user == "root" and os.getuid() != 0:
                pytest.skip("root's half runs as root")
            if user not in stages:
                stages[user] = stack.enter_context(Stage(user, image, without))
                stages[user].settle()
            if runtime in {"native", "jit", "host"}:
                missing = {wall: why for wall, why in stages[user].standing().items() if why and wall in NEEDED}
                if missing:
                    pytest.skip(
                        "too few walls stand here: " + "; ".join(f"{wall}: {why}" for wall, why in missing.items())
                    )
            if runtime == "jit" and not installed("numba"):
                pytest.skip("numba is not installed")
            if runtime and (user, runtime) not in warm:
                stages[user].warm(runtime)
                warm.add((user, runtime))
            return stages[user]

        yield staged
