"""How a node is packaged: the container and the unit name only what is there, and take nothing that the jail needs."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
import typer

from cli.main import app
from fusion.settings import Settings
from node.executor.office import LAST_WORDS
from node.executor.status import FILE, STALE, Status, since_boot, started

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE, UNIT = ROOT / "Dockerfile", ROOT / "packaging" / "fusion-operator.service"
PAGE = ROOT / "docs" / "reliability.md"
EXPOSURE = 30  # tenths of systemd's scale, on which 100 is no hardening at all
LOCKS_IN = {
    *("unshare", "clone", "clone3", "prctl", "capset", "prlimit64", "setrlimit", "seccomp"),
    *("mount", "umount2", "mount_setattr", "pivot_root"),
    *("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"),
}
"""What the sandbox calls to lock itself in: see sandbox/jail/kernel.py."""
TAKEN_AWAY = {
    "RestrictNamespaces": "the namespaces of a run",
    "PrivateUsers": "a run's own user namespace",
    "ProtectControlGroups": "the cgroups of a run",
    "MemoryDenyWriteExecute": "compiled WebAssembly",
    "ProcSubset": "the load and the memory of the machine",
}


@cache
def instructions() -> list[tuple[str, str]]:
    """(verb, rest) of each instruction of the Dockerfile, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(verb, rest.strip()) for verb, _, rest in (line.partition(" ") for line in lines)]


def of(verb: str) -> list[str]:
    return [rest for each, rest in instructions() if each == verb]


@cache
def environment() -> dict[str, str]:
    """What the image sets for whoever runs it."""
    last = max(at for at, (verb, _) in enumerate(instructions()) if verb == "FROM")
    return dict(
        part.split("=", 1) for verb, rest in instructions()[last:] if verb == "ENV" for part in shlex.split(rest)
    )


@cache
def directives() -> dict[str, list[str]]:
    """Name -> values of the unit, in their order."""
    found: dict[str, list[str]] = {}
    for line in UNIT.read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def commands_told() -> Iterator[tuple[str, list[str]]]:
    """(where, words after `fusion`) of every command that the packaging and its page name."""
    for rest in of("RUN"):
        for part in rest.split("&&"):
            words = shlex.split(part)
            if words[0] == "fusion":
                yield "Dockerfile", words[1:]
    for rest in of("CMD"):
        yield "Dockerfile", json.loads(rest)
    (line,) = directives()["ExecStart"]
    yield UNIT.name, shlex.split(line)[1:]
    for line in re.findall(
        r"^    (?:docker run .* fusion-operator|(?:/\S+/)?fusion) (.*)$", PAGE.read_text(), re.MULTILINE
    ):
        yield PAGE.name, shlex.split(line, comments=True)


def test_every_command_that_is_named_exists_with_its_options() -> None:
    told = list(commands_told())
    assert {where for where, _ in told} == {"Dockerfile", UNIT.name, PAGE.name}
    for where, words in told:
        command: object = typer.main.get_command(app)
        rest = list(words)
        while isinstance(children := getattr(command, "commands", None), Mapping):
            assert rest, f"{where}: {words} names no verb"
            verb = rest.pop(0)
            assert verb in children, f"{where}: no verb {verb!r} in {words}"
            command = children[verb]
        known = {option for each in getattr(command, "params", ()) for option in each.opts} | {"--help"}
        for word in rest:
            if word.startswith("--"):
                assert word.partition("=")[0] in known, f"{where}: {' '.join(words)} has no {word}"


def test_every_setting_that_is_named_exists() -> None:
    known = {f"FUSION_{name.upper()}" for name in Settings.model_fields}
    for path in (DOCKERFILE, UNIT, PAGE):
        named = set(re.findall(r"\bFUSION_[A-Z_]+\b", path.read_text()))
        assert named <= known, (path.name, named - known)


# The container


def test_the_dockerfile_passes_the_linter_without_an_exception() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    if not linter.exists():
        pytest.skip("hadolint is missing: install the development packages")
    done = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "hadolint" not in DOCKERFILE.read_text()
    assert not (ROOT / ".hadolint.yaml").exists()


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copied = {source for rest in of("COPY") if not rest.startswith("--from=") for source in rest.split()[:-1]}
    for source in copied:
        assert (ROOT / source).exists(), source
        assert source in allowed, f"{source} does not pass .dockerignore"
    assert set(allowed) == copied, "what passes .dockerignore is copied, and nothing else"
    (include,) = [tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]]
    for pattern in include["include"]:
        assert any(fnmatch(each, pattern) for each in copied), f"package {pattern} is not copied"


def test_it_is_built_of_what_is_pinned() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    pythons = [rest.split()[0] for rest in of("FROM") if rest.startswith("python:")]
    assert wanted == ">=3.11,<3.12"
    assert set(pythons) == {"python:3.11-slim-bookworm"}
    installs = [part.strip() for rest in of("RUN") for part in rest.split("&&") if "pip install" in part]
    assert all("-r requirements.lock" in each or "--no-deps" in each for each in installs)
    engines = json.loads((ROOT / "package.json").read_text())["engines"]["node"]
    assert any(rest.startswith(f"node:{engines.removeprefix('>=')}-") for rest in of("FROM"))
    forge = next(word for rest in of("RUN") for word in rest.split() if word.endswith("/forge"))
    assert f'"{Path(forge).parents[1].relative_to("node_modules")}"' in (
        ROOT / "package-lock.json"
    ).read_text().replace("node_modules/", "")


def test_it_runs_as_an_ordinary_user_behind_an_init_with_its_home_in_a_volume() -> None:
    (user,) = of("USER")
    assert user.partition(":")[0].isdigit()
    assert int(user.partition(":")[0]) > 0
    assert json.loads(of("ENTRYPOINT")[0]) == ["tini", "--", "fusion"]
    assert of("VOLUME") == [environment()["FUSION_HOME"]] == of("WORKDIR")[-1:]


@pytest.mark.parametrize(("silent", "healthy"), [(0.0, True), (STALE + 5.0, False)])
def test_it_is_healthy_while_its_operator_writes_its_status(tmp_path: Path, *, silent: float, healthy: bool) -> None:
    me, now = os.getpid(), since_boot() - silent
    Status(
        operator="0x",
        endpoint="",
        image="",
        pid=me,
        started=started(me),
        written=now,
        block=0,
        time=0,
        jobs={},
        free=0,
        locked=0,
        unbonding=0,
        claimable=0,
        claimed=0,
    ).save(tmp_path / FILE)
    (told,) = of("HEALTHCHECK")
    program, *arguments = json.loads(told.partition("CMD ")[2])
    assert program == "python"
    environment = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode == 0) is healthy, done.stderr


def test_it_carries_no_secret() -> None:
    secret = re.compile(r"PASSWORD|SECRET|TOKEN|MNEMONIC|PRIVATE|_KEY", re.IGNORECASE)
    assert not of("ARG")
    assert not [name for name in environment() if secret.search(name)]
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*", "only what is named reaches the build"


# The unit


def test_the_unit_gives_the_password_by_a_credential_and_nothing_else_secret() -> None:
    (credential,) = directives()["LoadCredential"]
    name = credential.partition(":")[0]
    assert f"FUSION_PASSWORD_FILE=%d/{name}" in directives()["Environment"]


def test_the_unit_stops_an_operator_as_it_wants_to_be_stopped() -> None:
    assert directives()["KillSignal"] == ["SIGTERM"]
    assert directives()["KillMode"] == ["mixed"]  # the sandbox is ended by the operator, then by systemd
    assert int(directives()["TimeoutStopSec"][0]) > 2 * LAST_WORDS
    assert directives()["Restart"] == ["on-failure"]


def test_the_unit_takes_nothing_away_that_a_run_needs() -> None:
    for name, what in TAKEN_AWAY.items():
        assert name not in directives(), f"{name} takes away {what}"
    assert {"memory", "pids"} <= set(directives()["Delegate"][0].split())


def _analyze(*arguments: str) -> str:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is missing: install systemd")
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_no_fault_in_the_unit(tmp_path: Path) -> None:
    program = directives()["ExecStart"][0].split()[0]
    there = tmp_path / UNIT.name
    there.write_text(UNIT.read_text().replace(program, str(Path(sys.executable))))
    assert UNIT.name not in _analyze("verify", str(there))


def test_systemd_counts_the_unit_among_the_hardened() -> None:
    _analyze("security", "--offline=true", f"--threshold={EXPOSURE}", str(UNIT))


def test_the_calls_that_lock_a_run_in_pass_the_units_filter() -> None:
    denied: set[str] = set()
    for value in directives()["SystemCallFilter"]:
        names = {call for word in value.lstrip("~").split() for call in _calls(word)}
        denied = denied | names if value.startswith("~") else denied - names
    assert "ptrace" in denied
    assert not denied & LOCKS_IN


@cache
def _calls(word: str) -> set[str]:
    """A call, or all calls of a group and its groups."""
    if not word.startswith("@"):
        return {word}
    lines = [line.strip() for line in _analyze("syscall-filter", word).splitlines()]
    return {call for line in lines[1:] if line and not line.startswith("#") for call in _calls(line)}
