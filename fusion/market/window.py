"""Recording windows: a listed recorder ties a bond, commits to what a window held, and reveals it once others have."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from eth_utils.crypto import keccak

from fusion.chain.account import Account
from fusion.chain.bindings.types import WindowKey, WindowStatus
from fusion.chain.bindings.window_registry import RecorderListed, WindowCommitted, WindowOpened
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import encode
from fusion.chain.words import words
from fusion.content.cid import Cid
from fusion.errors import BadInput, ContractRefused
from fusion.market.kept import Kept
from fusion.market.trade import check_funds
from fusion.money import show

FOLDER = "recordings"  # under the home


@dataclass(frozen=True)
class Recording(Kept):
    """What a recorder keeps secret until it reveals. `key`, `digest` and `salt` are 64 hexadecimal digits each."""

    recorder: str
    key: str
    digest: str
    salt: str


@dataclass(frozen=True)
class Window:
    """A window as it stands.

    Attributes:
        table: root of its table, once it is recorded.
        recorded_at: second in which it was; zero until then.
    """

    key: bytes
    status: WindowStatus
    table: Cid | None
    recorded_at: int


def window_of(chain: Chain, key: bytes) -> Window:
    """Where a window is now; its status is NONE until somebody has committed to it."""
    status, digest, recorded_at = chain.windows.window_of(key)
    return Window(key, status, Cid.directory(digest) if any(digest) else None, recorded_at)


def opened(chain: Chain) -> dict[bytes, WindowKey]:
    """The windows that somebody has committed to, oldest first."""
    return {each.key: each.window for each in chain.find(WindowOpened)}


def recorders(chain: Chain) -> list[str]:
    """The accounts that may record now."""
    listed: dict[str, bool] = {}
    for each in chain.find(RecorderListed):
        listed[each.recorder] = each.listed
    return [account for account, still in listed.items() if still]


def deposit(chain: Chain, account: Account, amount: int) -> Receipt:
    """Adds to a recorder's bond, base units of the stake token."""
    check_funds(chain, account.address, amount, "the bond")
    if chain.token.allowance(account.address, chain.windows.address) < amount:
        chain.send(account, chain.token.approve(chain.windows.address, amount))
    return chain.send(account, chain.windows.deposit(amount))


def withdraw(chain: Chain, account: Account, amount: int) -> Receipt:
    """Owes the recorder what it takes out of its free bond; `fusion revenue claim` pays it."""
    free = chain.windows.recorder(account.address).free
    if amount > free:
        raise BadInput(f"{account.address} has {show(free)} of its bond free: {show(amount)} cannot be withdrawn now")
    return chain.send(account, chain.windows.withdraw(amount))


def commit(chain: Chain, account: Account, window: WindowKey, table: Cid, folder: Path) -> Receipt | None:
    """Commits to a window's table and keeps the opening in `folder`; None where that was done before.

    Raises:
        BadInput: the account may not record, its bond is too low, the window is not over or its commits are, or it
            committed to another table.
        ContractRefused: the chain's state changed on the way.
    """
    key = chain.windows.key_of(window)
    before = committed(chain, account.address, key, folder)
    if before is not None:
        if before.digest != table.digest.hex():
            first = Cid.directory(bytes.fromhex(before.digest))
            raise BadInput(
                f"{account.address} committed to {first} here, and this feed gives {table}: give the same feed"
            )
        return None
    _check_recorder(chain, account.address)
    _check_time(chain, window, key)
    salt = secrets.token_bytes(32)
    said = _commitment(chain, key, account.address, table.digest, salt)
    path = Recording(said.hex(), account.address, key.hex(), table.digest.hex(), salt.hex()).save(folder)
    try:
        return chain.send(account, chain.windows.commit_window(window, said))
    except (BadInput, ContractRefused):  # of another failure it is not known whether it stands
        path.unlink()
        raise


def reveal(chain: Chain, account: Account, key: bytes, folder: Path) -> Receipt | None:
    """Reveals what the account committed to; None where that was done before.

    Raises:
        BadInput: reveals have not begun or are over, or no opening of this account is in `folder`.
    """
    mine = committed(chain, account.address, key, folder)
    if mine is None:
        raise BadInput(f"no recording of 0x{key.hex()} by {account.address} is kept in {folder} and stands on chain")
    for each in chain.windows.recordings(key):
        if each.recorder == account.address and any(each.cid_digest):
            return None
    return chain.send(account, chain.windows.reveal_window(key, bytes.fromhex(mine.digest), bytes.fromhex(mine.salt)))


def close(chain: Chain, account: Account, key: bytes) -> Receipt | None:
    """Frees the locks of a window's recorders, or burns them, if it is time; None where it is not, or others did."""
    if not closable(chain, key):
        return None
    try:
        return chain.send(account, chain.windows.close_window(key))
    except ContractRefused as refusal:
        if refusal.error != "AlreadyClosed":  # by another recorder, a moment ago
            raise
        return None


def closable(chain: Chain, key: bytes) -> bool:
    """Whether all that committed to a window have revealed, or the window failed, and the locks are not freed yet."""
    said = chain.windows.recordings(key)
    revealed = bool(said) and all(any(each.cid_digest) for each in said)
    failed = chain.windows.window_of(key)[0] == WindowStatus.FAILED
    return (revealed or failed) and any(chain.windows.recorder(each.recorder).locked for each in said)


def committed(chain: Chain, account: str, key: bytes, folder: Path) -> Recording | None:
    """The kept opening of what an account committed to for a window; None where it did not, or not from here."""
    stands = {each.commitment.hex() for each in chain.find(WindowCommitted, key=key, recorder=account)}
    return next((each for each in Recording.all_in(folder) if each.commitment in stands), None)


def _commitment(chain: Chain, key: bytes, account: str, digest: bytes, salt: bytes) -> bytes:
    """As `WindowRegistry.recordingOf`, computed here so that no endpoint sees what is committed to."""
    types = "recording(uint256,address,bytes32,address,bytes32,bytes32)"
    return keccak(encode(types, [chain.deployment.chain_id, chain.windows.address, key, account, digest, salt]))


def _check_recorder(chain: Chain, account: str) -> None:
    stored, rules = chain.windows.recorder(account), chain.windows.rules()
    if not stored.listed:
        raise BadInput(f"{account} is no recorder: the network's admin lists one with `fusion protocol recorder`")
    if stored.free < rules.lock:
        raise BadInput(
            f"{account} has {show(stored.free)} of its bond free, and each window ties {show(rules.lock)}: add to it "
            "with `fusion window bond`"
        )


def _check_time(chain: Chain, window: WindowKey, key: bytes) -> None:
    now, status = chain.now(), chain.windows.window_of(key)[0]
    if now < window.end:
        raise BadInput(f"the window ends in {window.end - now} s: it is recorded after that")
    if status not in (WindowStatus.NONE, WindowStatus.COMMITTING):
        raise BadInput(f"the window is {words(status)}: it takes no more commits")
    late = now - window.end - chain.windows.rules().commit
    if late > 0:
        raise BadInput(f"commits to the window closed {late} s ago")
