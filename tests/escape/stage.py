"""Starts a player and calls it."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import pytest

from sandbox.image import Image
from tests.escape import ordinary
from tests.escape.attempt import Attempt, RuntimeName
from tests.escape.player import Report

User = Literal["root", "ordinary"]

USERS: tuple[User, ...] = ("root", "ordinary")

PATIENCE = 60.0  # seconds that one call may take on a busy machine


class Stage:
    """A player's process.

    Args:
        user: whom it is played as; "root" only by root, "ordinary" by anyone.
        image: the sandbox image.
        without: walls of the sandbox that are left out.
    """

    def __init__(self, user: User, image: Image, without: Collection[str] = ()) -> None:
        ours, theirs = Pipe()
        identity, folder = image.id.hex(), str(image.path)
        player = [
            "-c",
            "from tests.escape.player import main; main()",
            str(theirs.fileno()),
            identity,
            folder,
            *without,
        ]
        command = [sys.executable, *player]
        if user == "ordinary" and os.getuid() == 0:
            command = [sys.executable, str(Path(ordinary.__file__)), folder, *player]
        environment = {**os.environ, "PYTHONPATH": str(ordinary.ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        self._connection: Connection = ours
        self._process = subprocess.Popen(
            command, pass_fds=[theirs.fileno()], env=environment, cwd=ordinary.ROOT, stdin=subprocess.DEVNULL
        )
        theirs.close()

    def settle(self) -> None:
        """Takes what is there now as what should be there after every attempt."""
        self._call("settle")

    def warm(self, runtime: RuntimeName) -> None:
        """Starts a runtime; raises RuntimeError when a job that does nothing does not end well in it."""
        ended = self._call("warm", runtime)
        if not str(ended).startswith("Result "):
            raise RuntimeError(f"a job that does nothing ended with {ended}")

    def play(self, runtime: RuntimeName, attempt: Attempt) -> Report:
        report = self._call("play", runtime, attempt)
        assert isinstance(report, Report)
        return report

    def break_out(self, attempt: Attempt, walls: Collection[str] | None) -> Report:
        report = self._call("break_out", attempt, walls)
        assert isinstance(report, Report)
        return report

    def unpack(self, name: str) -> Report:
        report = self._call("unpack", name)
        assert isinstance(report, Report)
        return report

    def standing(self) -> dict[str, str]:
        """Every wall: empty where it stands for this user, else why not."""
        found = self._call("standing")
        assert isinstance(found, dict)
        return found

    def close(self) -> None:
        self._connection.close()
        for end in (lambda: None, self._process.terminate, self._process.kill):
            end()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _call(self, verb: str, *arguments: object) -> object:
        self._connection.send((verb, arguments))
        if not self._connection.poll(PATIENCE):
            raise RuntimeError(f"the player did not answer {verb} within {PATIENCE:.0f} s")
        try:
            answer = self._connection.recv()
        except EOFError:
            raise RuntimeError(f"the player ended with {self._process.wait(20)}") from None
        if isinstance(answer, Exception):
            raise answer
        return answer


Staged = Callable[[User, RuntimeName | None], Stage]
"""What gives the stage of a user on which a runtime, if any, is warm."""


def needs_x86(attempt: Attempt) -> None:
    """Skips what makes calls by their numbers where these are others."""
    if attempt.raw and platform.machine() != "x86_64":
        pytest.skip(f"its calls have other numbers on {platform.machine()}")
