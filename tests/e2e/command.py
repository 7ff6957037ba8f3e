"""The `fusion` command with a home and ports of its own, spoken to as a person would."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from fusion.chain.anvil import free_port
from fusion.settings import Settings


@dataclass(frozen=True)
class Fusion:
    """The command with a home and ports of its own."""

    home: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, home: Path, **more: str) -> "Fusion":
        ports = {"FUSION_RPC": f"http://127.0.0.1:{free_port()}", "FUSION_API_PORT": str(free_port())}
        given = {"FUSION_HOME": str(home), "FUSION_CACHE": str(Settings().cache)} | ports | more
        return cls(home, {name: value for name, value in os.environ.items() if not name.startswith("FUSION_")} | given)

    @property
    def rpc(self) -> str:
        return self.environment["FUSION_RPC"]

    def __call__(self, *arguments: str, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            capture_output=True,
            text=True,
            cwd=cwd,
            env=self.environment | more,
            timeout=300,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """The command in the background."""
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def json(self, *arguments: str, cwd: Path | None = None, **more: str) -> Any:
        """The last line of a command that must succeed."""
        done = self(*arguments, "--json", cwd=cwd, **more)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def query(self, text: str) -> dict[str, Any]:
        """The data of a GraphQL query that must succeed."""
        url = f"http://127.0.0.1:{self.environment['FUSION_API_PORT']}/graphql"
        answer = httpx.post(url, json={"query": text}, timeout=20).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data


def refused(fusion: Fusion, *arguments: str, code: int = 2, **more: str) -> str:
    """What the command says of a call that it refuses: one line, and nothing on stdout."""
    done = fusion(*arguments, **more)
    assert done.returncode == code, (done.returncode, done.stderr)
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("fusion: ")
    assert "fault in Fusion itself" not in done.stderr
    return done.stderr
