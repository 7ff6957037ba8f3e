"""A password file is read where nobody else can read it."""

import os
from pathlib import Path

import pytest

from fusion.chain.password import LARGEST, read
from fusion.errors import BadInput


def kept(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("data", [b"correct horse", b"correct horse\n", b"correct horse\r\n"])
def test_the_end_of_the_line_is_no_part_of_it(tmp_path: Path, data: bytes) -> None:
    assert read(kept(tmp_path / "password", data)) == "correct horse"


def test_all_else_is(tmp_path: Path) -> None:
    assert read(kept(tmp_path / "password", "  zwölf\n Boxkämpfer \n".encode(), 0o400)) == "  zwölf\n Boxkämpfer "


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o644, 0o620])
def test_what_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(BadInput, match=rf"password, with the password, can be read by others \(mode {mode:04o}\)"):
        read(kept(tmp_path / "password", b"x", mode))


def test_a_link_is_judged_by_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(kept(tmp_path / "password", b"x", 0o644))

    with pytest.raises(BadInput, match="can be read by others"):
        read(tmp_path / "link")


def test_a_credential_of_systemd_may_show_its_services_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))

    assert read(kept(tmp_path / "password", b"x", 0o440)) == "x"
    with pytest.raises(BadInput, match="can be read by others"):
        read(kept(tmp_path / "open", b"x", 0o444))
    (tmp_path / "below").mkdir()
    with pytest.raises(BadInput, match="can be read by others"):
        read(kept(tmp_path / "below" / "password", b"x", 0o440))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is no text"),
        (b"x" * (LARGEST + 1), f"longer than {LARGEST} bytes"),
    ],
)
def test_what_is_no_password(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(kept(tmp_path / "password", data))


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)

    with pytest.raises(BadInput, match="No such file"):
        read(tmp_path / "none")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(BadInput, match="is no file"):
            read(path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_refused(tmp_path: Path) -> None:
    path = kept(tmp_path / "password", b"x")
    os.chown(path, 4242, 4242)

    with pytest.raises(BadInput, match=r"belongs to another user \(4242\)"):
        read(path)
