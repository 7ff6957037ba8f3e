import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from eth_account import Account as Keys

from fusion.chain.account import Account, address_of, create, load, load_or_create, names
from fusion.errors import BadInput


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_account_opens_with_its_own_password_file(tmp_path: Path) -> None:
    made = create(tmp_path / "keys", "alice")

    assert load(tmp_path / "keys", "alice").address == made.address
    assert load_or_create(tmp_path / "keys", "alice").address == made.address
    assert address_of(tmp_path / "keys", "alice") == made.address
    assert names(tmp_path / "keys") == ["alice"]
    assert mode(tmp_path / "keys" / "alice.password") == mode(tmp_path / "keys" / "alice.json") == 0o600
    assert mode(tmp_path / "keys") == 0o700
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == ["alice.json", "alice.password"]


def test_the_key_is_on_disk_only_encrypted(tmp_path: Path) -> None:
    key = bytes(range(1, 33))
    create(tmp_path, "alice", key=key)

    assert all(key.hex() not in path.read_text().lower() for path in tmp_path.iterdir())
    assert key.hex() not in repr(load(tmp_path, "alice"))
    assert bytes(Keys.decrypt((tmp_path / "alice.json").read_text(), (tmp_path / "alice.password").read_text())) == key


def test_a_password_of_a_person_is_not_kept(tmp_path: Path) -> None:
    made = create(tmp_path, "alice", password="correct horse")

    assert names(tmp_path) == ["alice"]
    assert json.loads((tmp_path / "alice.json").read_text())["crypto"]["kdfparams"]["n"] == 2**18
    assert load(tmp_path, "alice", lambda name: "correct horse").address == made.address
    with pytest.raises(BadInput, match="has no password file; give its password"):
        load(tmp_path, "alice")
    with pytest.raises(BadInput, match="wrong password for account 'alice'"):
        load(tmp_path, "alice", lambda name: "battery")


def test_an_account_is_never_overwritten(tmp_path: Path) -> None:
    made = create(tmp_path, "alice")

    with pytest.raises(BadInput, match="an account 'alice' is already in"):
        create(tmp_path, "alice")
    assert load(tmp_path, "alice").address == made.address


def test_one_of_many_makers_wins(tmp_path: Path) -> None:
    def make(_: int) -> str | None:
        try:
            return create(tmp_path, "alice").address
        except BadInput:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = [address for address in pool.map(make, range(8)) if address]

    assert made == [load(tmp_path, "alice").address]


def test_a_crash_between_password_and_keystore_does_no_harm(tmp_path: Path) -> None:
    create(tmp_path, "alice")
    (tmp_path / "alice.json").unlink()

    assert create(tmp_path, "alice").address == load(tmp_path, "alice").address


def test_a_password_left_by_a_crash_is_not_taken_for_a_persons_account(tmp_path: Path) -> None:
    (tmp_path / "alice.password").write_text("left over")
    (tmp_path / "alice.password").chmod(0o600)
    with pytest.raises(BadInput, match=r"alice\.password is left of an account never finished: remove it"):
        create(tmp_path, "alice", password="a person's own")
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["", "../alice", "Alice", "a b", "-a", "a" * 65, "a\n"])
def test_names_that_are_no_file_names(tmp_path: Path, name: str) -> None:
    for use in (create, load, address_of):
        with pytest.raises(BadInput, match="cannot name an account"):
            use(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_account_names_those_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no account 'bob' in .*; accounts there: none"):
        load(tmp_path / "nowhere", "bob")
    create(tmp_path, "alice")
    with pytest.raises(BadInput, match=r"no account 'bob' in .*; accounts there: alice"):
        load(tmp_path, "bob")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"address": "12"}', '{"crypto": {}, "version": 3}'])
def test_a_file_that_is_no_keystore(tmp_path: Path, text: str) -> None:
    (tmp_path / "alice.json").write_text(text)
    with pytest.raises(BadInput, match=r"is no keystore"):
        load(tmp_path, "alice", lambda name: "x")
    with pytest.raises(BadInput):
        address_of(tmp_path, "alice")


def test_a_key_of_the_wrong_length() -> None:
    with pytest.raises(BadInput, match="32 bytes"):
        Account.from_key(b"short")
    with pytest.raises(BadInput, match="32 bytes"):
        Account.from_key("0xzz")


def test_signatures_are_the_accounts() -> None:
    account = Account.from_key("0x" + "01" * 32)
    transaction = {"type": 2, "chainId": 5, "nonce": 0, "gas": 21000, "maxFeePerGas": 2, "maxPriorityFeePerGas": 1}

    raw, digest = account.sign_transaction({**transaction, "to": account.address, "value": 1, "data": b""})

    assert Keys.recover_transaction(raw) == account.address
    assert len(digest) == 66
