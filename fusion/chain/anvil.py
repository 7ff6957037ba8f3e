"""The local chain: how to start anvil, and the verbs by which it is funded and, in tests, bent."""

import platform
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fusion.chain.rpc import Rpc
from fusion.errors import ChainUnavailable, NotReady

ROOT = Path(__file__).resolve().parents[2]
CHAIN_ID = 31337
STATES = 256  # newest blocks whose state can be read or reorganised; logs and receipts stay for ever
START = 15.0  # seconds to answer
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


class Anvil:
    """A running anvil."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.rpc = Rpc(url)

    @staticmethod
    def binary() -> Path:
        """The program, from the project's node packages or from PATH."""
        machine = _MACHINES.get(platform.machine().lower(), platform.machine().lower())
        package = f"anvil-{platform.system().lower()}-{machine}"
        installed = ROOT / "node_modules" / "@foundry-rs" / package / "bin" / "anvil"
        if installed.is_file():
            return installed
        found = shutil.which("anvil")
        if found is None:
            raise NotReady(f"anvil is missing: neither {installed} nor on PATH; run `npm ci` in the project's folder")
        return Path(found)

    @classmethod
    def command(cls, state: Path | None, port: int, block_time: int | None) -> list[str]:
        """The command line of a local chain.

        Args:
            state: file the chain is loaded from and saved to, every two seconds and at the end; None keeps nothing.
            port: on 127.0.0.1.
            block_time: seconds a block; None makes one as soon as a transaction comes.

        Views reach back 256 blocks.
        """
        command = [str(cls.binary()), "--quiet", "--host", "127.0.0.1", "--port", str(port)]
        # Unpruned, anvil writes each block's whole state under ~/.foundry: gigabytes an hour, left there when killed.
        command += ["--chain-id", str(CHAIN_ID), "--prune-history", str(STATES)]
        if state is not None:
            command += ["--state", str(state), "--state-interval", "2"]
        if block_time is not None:
            command += ["--block-time", str(block_time)]
        return command

    @classmethod
    @contextmanager
    def run(
        cls, *, state: Path | None = None, port: int | None = None, block_time: int | None = None
    ) -> Iterator["Anvil"]:
        """An anvil for the time of a `with`, on a free port unless one is given."""
        port = port or free_port()
        if listens(port):
            raise NotReady(f"port {port} of 127.0.0.1 is in use by another program; choose another")
        anvil = cls(f"http://127.0.0.1:{port}")
        process = subprocess.Popen(cls.command(state, port, block_time), stdout=subprocess.DEVNULL)
        try:
            anvil.await_answer(process)
            yield anvil
        finally:
            process.send_signal(signal.SIGTERM)  # it saves its state first
            try:
                process.wait(START)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def await_answer(self, process: "subprocess.Popen[bytes] | None" = None, timeout: float = START) -> None:
        """Returns once it answers; NotReady when it ended, ChainUnavailable when it takes too long."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.rpc.call("eth_chainId")
            except ChainUnavailable:
                if process is not None and process.poll() is not None:
                    raise NotReady(f"anvil ended with status {process.returncode} before it answered") from None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return

    def fund(self, address: str, wei: int = 10**20) -> None:
        """Sets an account's ether; 100 unless said otherwise."""
        self.rpc.call("anvil_setBalance", address, hex(wei))

    def mine(self, blocks: int = 1) -> None:
        """Adds blocks at once."""
        self.rpc.call("anvil_mine", hex(blocks))

    def advance(self, seconds: int) -> None:
        """Moves chain time on, and adds a block at the new time."""
        self.rpc.call("evm_increaseTime", hex(seconds))
        self.rpc.call("evm_mine")

    def automine(self, *, on: bool) -> None:
        """Whether a transaction is included as soon as it comes."""
        self.rpc.call("evm_setAutomine", on)

    def reorg(self, depth: int) -> None:
        """Replaces the newest `depth` blocks, at most 255, by as many empty ones."""
        self.rpc.call("anvil_reorg", depth, [])

    def snapshot(self) -> str:
        """A mark to `restore` to, once."""
        return str(self.rpc.call("evm_snapshot"))

    def restore(self, mark: str) -> None:
        self.rpc.call("evm_revert", mark)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether anything accepts connections on that port of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
