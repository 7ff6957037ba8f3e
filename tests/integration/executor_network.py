"""A chain that goes on by itself, an author who buys its own wares, and operators by name."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from fusion.chain import account as accounts
from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.bindings.job_market import Finalized
from fusion.chain.bindings.types import Job, Offer, Sells, Status
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD, Parameters, deploy
from fusion.content.bundle import Bundle
from fusion.content.cid import Cid
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from fusion.content.table import add_table
from fusion.market import publish, trade
from node import request
from node.executor.background import in_thread
from node.executor.daemon import Daemon, Terms
from node.executor.serve import GatewayServer
from node.spec import JobSpec
from sandbox.code import Limits
from sandbox.image import Image

STAKE = 5_000 * MUSD
FEE = 100_001  # base units; three do not share it evenly
NEVER = 10**12  # is owed to nobody
FUEL = 2 * 10**10
BURNED = "0x000000000000000000000000000000000000dEaD"

DOUBLE = """
from fusion.sdk import Floats, module


@module
def run(price: Floats, *, factor: float = 2.0) -> Floats:
    return factor * price
"""


@dataclass
class Network:
    """What tests do with it: publish, post, run operators, and see who is owed what."""

    anvil: Anvil
    chain: Chain
    author: Account
    carol: Account
    store: BlockStore
    gateway: str
    image: Image
    homes: dict[str, Path]
    keys: dict[str, Account]
    licenses: dict[int, int] = field(default_factory=dict)

    def publish(self, name: str, code: str, requires: Mapping[str, Cid] | None = None) -> tuple[int, Cid]:
        lines = [
            f'name = "{name}"',
            'version = "1.0.0"\nentry = "run"\nsummary = "A test module"\nlicense = "Apache-2.0"',
            '[inputs]\nprice = "Any series"\n[outputs]\nvalue = "What comes of it"\n[requires]',
            *(f'{key} = {{version = "1.0.0", cid = "{cid}"}}' for key, cid in (requires or {}).items()),
        ]
        bundle = Bundle.from_files({"module.toml": "\n".join(lines).encode(), "module.py": code.encode()})
        version = publish.publish(self.chain, self.author, bundle, self.store).version_id
        terms = Offer(self.chain.token.address, version, 0, MUSD, 0, 0, 0, 0, Sells.LICENSES)
        offer, _ = trade.set_offer(self.chain, self.author, terms)
        self.licenses[version] = trade.buy(self.chain, self.author, offer).license_id
        return version, bundle.cid

    def post(
        self,
        version: int,
        *,
        n: int,
        k: int,
        rows: int = 10,
        limits: Limits | None = None,
        seed: int = 1,
        assurance_ppm: int = 0,
    ) -> int:
        prices = add_table(self.store, {"price": np.linspace(1.0, 2.0, rows)})
        spec = JobSpec(version, {"price": prices}, limits=limits or Limits(fuel=FUEL), image=self.image.id, seed=seed)
        license_id = self.licenses[version]
        return request.post(
            self.chain, self.author, spec, fee=FEE, n=n, k=k, license_id=license_id, assurance_ppm=assurance_ppm
        ).job_id

    def until(self, job_id: int, done: Callable[[Job], bool], timeout: float = 60.0) -> Job:
        end = time.monotonic() + timeout
        while True:
            job = self.chain.jobs.job(job_id)
            if done(job):
                return job
            assert time.monotonic() < end, f"job {job_id} is still {request.read(self.chain, job_id)}"
            time.sleep(0.05)

    def ended(self, job_id: int) -> request.Answer:
        return request.answer(self.chain, job_id, self.until(job_id, lambda job: job.status >= Status.FINAL))

    def paid(self, job_id: int) -> tuple[str, ...]:
        (final,) = self.chain.find(Finalized, job_id=job_id)
        return tuple(final.paid)

    def owed(self) -> dict[str, int]:
        """What the ledger owes each operator."""
        token = self.chain.token.address
        return {name: self.chain.ledger.claimable(key.address, token) for name, key in self.keys.items()}

    def daemon(self, name: str, kind: type[Daemon] = Daemon, *, claim_at: int = NEVER) -> Daemon:
        home = self.homes[name]
        content = Content(BlockStore(home / "content"), [self.gateway])
        terms = Terms(stake=STAKE, claim_at=claim_at, poll=0.1)
        return kind(home, self.chain, self.keys[name], content=content, image=self.image, terms=terms)

    def command(self, name: str, *options: str) -> list[str]:
        script = Path(__file__).with_name("executor_process.py")
        image = [self.image.id.hex(), str(self.image.path)]
        return [sys.executable, str(script), str(self.homes[name]), self.anvil.url, *image, self.gateway, *options]

    def staked(self, *names: str) -> None:
        """Returns once they can be drawn."""
        end = time.monotonic() + 20.0
        addresses = [self.keys[name].address for name in names]
        while any(self.chain.staking.operator(each).free < STAKE // 2 for each in addresses):
            assert time.monotonic() < end
            time.sleep(0.05)


@contextmanager
def opened(
    folder: Path, names: Sequence[str], image: Image, parameters: Parameters | None = None, *, tick: float = 0.2
) -> Iterator[Network]:
    """A fresh network whose homes lie in `folder`; its chain has a block every `tick` seconds."""
    with ExitStack() as stack:
        anvil = stack.enter_context(Anvil.run())
        deployer, author, carol = (Account.random() for _ in range(3))
        homes = {name: folder / name for name in names}
        keys = {name: accounts.create(home / "keys", "operator") for name, home in homes.items()}
        for each in (deployer, author, carol, *keys.values()):
            anvil.fund(each.address)
        deployment = deploy(anvil.url, deployer, treasury=deployer.address, parameters=parameters)
        chain = Chain.connect(anvil.url, deployment)
        for each in (author, carol, *keys.values()):
            chain.send(deployer, chain.token.mint(each.address, 100_000 * MUSD))
        for home in homes.values():
            deployment.save(home / "deployment.json")
        store = BlockStore(folder / "content")
        server = GatewayServer(store, "127.0.0.1", 0)
        server.start()
        stack.callback(server.stop)
        stop = threading.Event()
        clock = threading.Thread(target=_tick, args=(anvil, tick, stop))
        clock.start()
        stack.callback(clock.join)
        stack.callback(stop.set)
        yield Network(anvil, chain, author, carol, store, server.url, image, homes, keys)


def _tick(anvil: Anvil, seconds: float, stop: threading.Event) -> None:
    """Blocks come whether or not anyone sends, as on any live chain."""
    while not stop.wait(seconds):
        anvil.mine()


class Running:
    """Daemons in threads, by name; what one raises is raised at the end."""

    def __init__(self, daemons: Mapping[str, Daemon]) -> None:
        self.daemons = daemons
        self._stop = threading.Event()
        self._ended = [in_thread(partial(each.run, self._stop)) for each in daemons.values()]

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for each in self._ended:
            each.result(timeout=30.0)
