"""A local chain with its contracts, wares, accounts, a gateway, and operators that run by their command."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fusion.chain import account as accounts
from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD, deploy
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from fusion.market import trade
from node.executor.serve import GatewayServer
from sandbox.image import Image
from sandbox.worker import Worker
from tests.e2e.command import Fusion
from tests.soak.faults import RPC, Kind
from tests.soak.process import ROOT, Operator, Role, end
from tests.soak.proxy import Loop, Proxy
from tests.soak.scale import Scale
from tests.soak.wares import Ware, published

BLOCK_SECONDS = 1
WATCH = ("--watch-share", "5%", "--max-bond", "20")
LIAR = "tests.soak.liar"
STAKES = {Role.HONEST: 5_000, Role.LIAR: 10_000, Role.SILENT: 1_500}  # whole tokens
DOLLARS = 100_000 * MUSD  # what each is given
ALLOWED = 50_000 * MUSD  # what the market may take of a requester
REQUESTERS = ("rita", "rosa", "remy")
CHALLENGER = "carol"
DISK = 32  # MiB that an operator's home can hold whose disk is filled
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
CLOCK = Path(__file__).with_name("clock")  # what Python needs beside it

Say = Callable[[str], None]


class Gateway:
    """Where the inputs are had from; it can be lost and comes back at the same address."""

    def __init__(self, store: BlockStore) -> None:
        self._store = store
        self._server = GatewayServer(store, "127.0.0.1", 0)
        self._server.start()
        self.url = self._server.url

    def lose(self) -> None:
        self._server.stop()

    def restore(self) -> None:
        self._server = GatewayServer(self._store, "127.0.0.1", self._server.port)
        self._server.start()


@dataclass
class Network:
    """All that a run works with.

    Attributes:
        fusion: the command of the people, whose accounts lie in its home.
        licenses: (requester, version) -> license.
        worker: runs a job for the harness, which knows by it what the truth is.
        skipped: kinds of faults that cannot be had here -> why.
    """

    scale: Scale
    anvil: Anvil
    chain: Chain
    fusion: Fusion
    people: dict[str, Account]
    operators: dict[str, Operator]
    proxies: dict[str, Proxy]
    gateway: Gateway
    content: Content
    worker: Worker
    image: Image
    wares: dict[str, Ware]
    licenses: dict[tuple[str, int], int]
    skipped: dict[Kind, str]

    def of(self, role: Role) -> list[Operator]:
        return [each for each in self.operators.values() if each.role is role]


def abilities(honest: int) -> tuple[list[frozenset[Kind]], dict[Kind, str]]:
    """What can happen to each of the honest operators, and what cannot be had on this machine."""
    skipped: dict[Kind, str] = {}
    if os.geteuid() != 0 or shutil.which("mount") is None:
        skipped[Kind.DISK] = "a small tmpfs is mounted by root alone"
    if not FAKETIME.exists():
        skipped[Kind.CLOCK] = f"{FAKETIME.name} is missing: install the package faketime"
    share = max(1, honest // 5)  # of those with a small disk, and of those with a clock that jumps
    able = []
    for number in range(honest):
        kinds = {Kind.KILL, Kind.STOP}
        if number < share:
            kinds.add(Kind.DISK)
        elif number < 2 * share:
            kinds.add(Kind.CLOCK)
        elif number < 4 * share:
            kinds.update(RPC)
        able.append(frozenset(kinds - skipped.keys()))
    return able, skipped


@contextmanager
def opened(
    folder: Path,
    image: Image,
    scale: Scale,
    say: Say,
    *,
    breakable: bool = True,
    module: str = "cli",
    options: Sequence[str] = (),
) -> Iterator[Network]:
    """A network whose files lie in `folder`; its operators are yet to be started, and are ended with the `with`.

    Args:
        breakable: whether they get proxies, small disks and clocks that jump.
        module: that has the operators' command.
        options: of that command, beside those that each has.
    """
    with ExitStack() as stack:
        anvil = stack.enter_context(Anvil.run())
        store = BlockStore(folder / "content")
        gateway = Gateway(store)
        stack.callback(gateway.lose)
        fusion = Fusion.at(folder / "people", FUSION_RPC=anvil.url, FUSION_GATEWAYS=json.dumps([gateway.url]))
        people = {name: accounts.create(fusion.home / "keys", name) for name in ("ada", CHALLENGER, *REQUESTERS)}
        able, skipped = abilities(scale.honest) if breakable else ([frozenset[Kind]()] * scale.honest, {})
        operators = _operators(folder, scale, able, stack)
        for each in operators.values():
            each.module = LIAR if each.role is Role.LIAR else module
            each.options = options
        for each in list(operators.values())[scale.honest - scale.watchers : scale.honest]:
            each.options = (*options, *WATCH)
        keys = {name: accounts.create(each.home / "keys", "operator") for name, each in operators.items()}
        say("deploys the contracts")
        chain = _deployed(anvil, {**people, **keys}, scale)
        for home in (fusion.home, *(each.home for each in operators.values())):
            chain.deployment.save(home / "deployment.json")
        say("publishes the modules")
        wares = published(chain, people["ada"], store)
        licenses = _bought(chain, people, wares)
        for each in operators.values():
            each.address = keys[each.name].address
            if each.role is Role.SILENT:
                _stake(chain, keys[each.name], each.stake * MUSD)
        proxies = _proxies(operators, anvil, stack)
        _surround(operators, anvil, gateway, proxies)
        worker = Worker(image)
        stack.callback(worker.close)
        # From here on blocks come by the clock, as on any live chain.
        anvil.automine(on=False)
        anvil.rpc.call("evm_setIntervalMining", BLOCK_SECONDS)
        content = Content(store)
        yield Network(
            scale, anvil, chain, fusion, people, operators, proxies, gateway, content, worker, image, wares, licenses,
            skipped,
        )  # fmt: skip


def _operators(folder: Path, scale: Scale, able: list[frozenset[Kind]], stack: ExitStack) -> dict[str, Operator]:
    counts = {Role.HONEST: scale.honest, Role.LIAR: scale.liars, Role.SILENT: scale.silent}
    found: dict[str, Operator] = {}
    for role, count in counts.items():
        for number in range(count):
            name = f"{role}-{number + 1}"
            home = folder / name / "home"
            home.mkdir(parents=True)
            kinds = able[number] if role is Role.HONEST else frozenset()
            if Kind.DISK in kinds:
                size = f"size={DISK}m"
                subprocess.run(["mount", "-t", "tmpfs", "-o", size, "fusion-chaos", str(home)], check=True)
                stack.callback(subprocess.run, ["umount", "-l", str(home)], check=False)
            found[name] = Operator(name, role, home, "", STAKES[role], kinds)
    stack.callback(lambda: end(list(found.values())))
    return found


def _deployed(anvil: Anvil, keys: dict[str, Account], scale: Scale) -> Chain:
    deployer, treasury = Account.random(), Account.random()
    for each in (deployer, *keys.values()):
        anvil.fund(each.address)
    deployment = deploy(anvil.url, deployer, treasury=treasury.address, parameters=scale.parameters)
    chain = Chain.connect(anvil.url, deployment)
    for each in keys.values():
        chain.send(deployer, chain.token.mint(each.address, DOLLARS))
    return chain


def _bought(chain: Chain, people: dict[str, Account], wares: dict[str, Ware]) -> dict[tuple[str, int], int]:
    """Every requester has a license to every version, and allows the market to take its fees."""
    licenses: dict[tuple[str, int], int] = {}
    for name in REQUESTERS:
        for ware in wares.values():
            licenses[name, ware.version] = trade.buy(chain, people[name], ware.offer).license_id
        chain.send(people[name], chain.token.approve(chain.jobs.address, ALLOWED))
    chain.send(people[CHALLENGER], chain.token.approve(chain.jobs.address, ALLOWED))
    return licenses


def _stake(chain: Chain, account: Account, amount: int) -> None:
    chain.send(account, chain.staking.register(""))
    chain.send(account, chain.token.approve(chain.staking.address, amount))
    chain.send(account, chain.staking.stake(amount))


def _proxies(operators: dict[str, Operator], anvil: Anvil, stack: ExitStack) -> dict[str, Proxy]:
    loop = Loop()
    stack.callback(loop.close)
    port = urlsplit(anvil.url).port or 0
    proxies = {name: Proxy(loop, port) for name, each in operators.items() if each.able & set(RPC)}
    for each in proxies.values():
        stack.callback(each.close)
    return proxies


def _surround(operators: dict[str, Operator], anvil: Anvil, gateway: Gateway, proxies: dict[str, Proxy]) -> None:
    """What each operator finds in its environment."""
    for name, each in operators.items():
        url = proxies[name].url if name in proxies else anvil.url
        more = {"FUSION_RPC": url, "FUSION_GATEWAYS": json.dumps([gateway.url])}
        if Kind.CLOCK in each.able:
            clock_of(each).write_text("+0\n")
            more |= {
                "LD_PRELOAD": str(FAKETIME),
                "FAKETIME_TIMESTAMP_FILE": str(clock_of(each)),
                "FAKETIME_CACHE_DURATION": "1",
                "DONT_FAKE_MONOTONIC": "1",  # setting a clock does not move what counts since the machine's start
                "PYTHONPATH": os.pathsep.join([str(CLOCK), str(ROOT)]),
            }
        each.more = more


def clock_of(operator: Operator) -> Path:
    """The file that says by how much its clock is wrong."""
    return operator.home.with_name("clock")
