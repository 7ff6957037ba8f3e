"""Accounts of a home: made, taken over, and opened with a password from a file or a terminal."""

import io
import json
import os
import pty
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as Keys

from cli.main import main

PASSWORD = "correct horse"
KEY = "0x" + "05" * 32
ADDRESS = Keys.from_key(KEY).address


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def fusion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs a command in this process, whose packages are loaded already, without a terminal."""

    def run(*arguments: str, **environment: str) -> Done:
        with monkeypatch.context() as patch:
            for name, value in (surroundings(tmp_path) | environment).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["fusion", *arguments])
            patch.setattr(sys, "stdin", io.StringIO(""))
            with pytest.raises(SystemExit) as ended:
                main()
        return Done(ended.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def told(fusion: Callable[..., Done]) -> Callable[..., Any]:
    def run(*arguments: str, **environment: str) -> Any:
        done = fusion(*arguments, "--json", **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def surroundings(home: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": str(home), "FUSION_HOME": str(home / "fusion")}


def secret(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def keystore(path: Path) -> Path:
    path.write_text(json.dumps(Keys.encrypt(KEY, PASSWORD, kdf="scrypt", iterations=2)))
    return path


def typed(home: Path, lines: list[str], *arguments: str) -> tuple[int, str]:
    """Runs a command at a terminal where these lines are typed; its exit status, and all that the terminal showed."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [sys.executable, "-m", "cli", *arguments], surroundings(home))
    shown = b""
    for line in lines:
        while not shown.endswith(b": "):  # the last blank comes once nothing is echoed any more
            shown += os.read(terminal, 1024)
        os.write(terminal, line.encode() + b"\n")
        shown += b"<typed>"
    try:
        while more := os.read(terminal, 1024):
            shown += more
    except OSError:  # the other end was closed
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def test_a_new_account_keeps_its_random_password_unless_told_otherwise(tmp_path: Path, fusion, told) -> None:
    file = str(secret(tmp_path / "password", PASSWORD))
    kept = told("account", "new", "kept")
    own = told("account", "new", "own", "--own-password", FUSION_PASSWORD_FILE=file)

    assert told("account", "list") == [
        {"name": "kept", "address": kept["address"], "signs": "here"},
        {"name": "own", "address": own["address"], "signs": "here, with its password"},
    ]
    assert not (tmp_path / "fusion" / "keys" / "own.password").exists()
    assert fusion("account", "address", "own").stdout.strip() == own["address"]


def test_a_private_key_is_taken_over_and_encrypted(tmp_path: Path, fusion, told) -> None:
    key = secret(tmp_path / "key", KEY + "\n")

    assert told("account", "import", "mine", str(key))["address"] == ADDRESS
    written = "".join(path.read_text() for path in (tmp_path / "fusion" / "keys").iterdir())
    assert KEY[2:] not in written

    key.chmod(0o644)
    done = fusion("account", "import", "again", str(key))
    assert done.returncode == 2
    assert "can be read by others (mode 0644)" in done.stderr


def test_a_keystore_of_another_program_keeps_its_password(tmp_path: Path, fusion, told) -> None:
    file, right = keystore(tmp_path / "UTC--geth"), str(secret(tmp_path / "password", PASSWORD + "\n"))
    wrong = str(secret(tmp_path / "wrong", "battery"))

    refused = fusion("account", "import", "mine", str(file), FUSION_PASSWORD_FILE=wrong)
    assert (refused.returncode, "does not open it" in refused.stderr) == (2, True)
    assert told("account", "list") == []

    told("account", "import", "mine", str(file), FUSION_PASSWORD_FILE=right)
    assert told("account", "address", "mine") == {"name": "mine", "address": ADDRESS}


@pytest.mark.parametrize("text", ["", "nothing", "0x12", "{}", '{"version": 3}'])
def test_what_holds_no_key_is_refused(tmp_path: Path, text: str, fusion, told) -> None:
    password = str(secret(tmp_path / "password", PASSWORD))
    done = fusion("account", "import", "mine", str(secret(tmp_path / "key", text)), FUSION_PASSWORD_FILE=password)

    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert told("account", "list") == []


def test_without_a_terminal_or_a_file_a_password_is_asked_for_in_words(tmp_path: Path, fusion) -> None:
    done = fusion("account", "new", "own", "--own-password")

    assert done.returncode == 2
    assert "account 'own' has a password of its own: set FUSION_PASSWORD_FILE" in done.stderr


def test_a_password_typed_at_a_terminal_is_not_shown(tmp_path: Path) -> None:
    status, shown = typed(tmp_path, [PASSWORD, PASSWORD], "account", "new", "own", "--own-password")

    assert status == 0, shown
    assert "Password of account own" in shown
    assert PASSWORD not in shown
    found = json.loads((tmp_path / "fusion" / "keys" / "own.json").read_text())
    assert Keys.from_key(Keys.decrypt(found, PASSWORD)).address in shown


def test_an_address_needs_a_signer_or_a_keystore_here(tmp_path: Path, fusion, told) -> None:
    secret(tmp_path / "key", KEY)
    lower = fusion("account", "fund", ADDRESS.lower())
    assert (lower.returncode, f"no account of this home has address {ADDRESS}" in lower.stderr) == (2, True)

    told("account", "import", "mine", str(tmp_path / "key"))
    # The keystore with that address is opened; what is missing after it is the network.
    assert "deployment" in fusion("account", "fund", ADDRESS).stderr
    mistyped = fusion("account", "fund", ADDRESS[:-1] + "0")
    assert "give an address of 0x and 40 hexadecimal digits" in mistyped.stderr
