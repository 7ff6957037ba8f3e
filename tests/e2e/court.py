"""A network where disputes can be held: quick blocks, four honest operators, and two that do as they are told."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fusion.chain import account as accounts
from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.bindings.job_market import Posted
from fusion.chain.bindings.types import Job, Status
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD, Parameters, deploy
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from fusion.settings import Settings
from node.digest import commitment, outcome_hash
from node.executor.run import Vote, vote
from node.executor.serve import GatewayServer
from node.listings import ChainListings
from node.spec import JobSpec
from sandbox.image import Image
from sandbox.worker import Worker
from tests.e2e.command import Fusion

HONEST = ("hal", "hedy", "hugo", "hope")
PUPPETS = ("liv", "lou")
STORES = ("home", "puppets")
RECORDERS = ("rex", "ruth")
PEOPLE = ("ada", "you", "carol", "rita", "poor", "uma", *RECORDERS)
HONEST_STAKE = 1_000 * MUSD
PUPPET_STAKE = 10_000 * MUSD
DOLLARS = 100_000 * MUSD
NOBODYS = "0x000000000000000000000000000000000000dEaD"
TICK = 0.2  # seconds a block; each is a second of chain time at least
PATIENCE = 120.0  # seconds
PARAMETERS = replace(
    Parameters(),
    unbond_period=40_000,
    canary_interval=1,
    recorders=len(RECORDERS),
    recorder_quorum=len(RECORDERS),
    window_commit=600,
    window_reveal=600,
    search_reveal=600,
    search_post=600,
    windows=replace(Parameters().windows, commit=400, reveal=200, challenge=100),
)
MODULE = """
from fusion.sdk import Floats, module


@module
def {name}(bid: Floats) -> Floats:
    {body}
"""
MANIFEST = """
name = "{name}"
version = "1.0.0"
entry = "{name}"
summary = "A test module"
license = "Apache-2.0"

[inputs]
bid = "Any"

[outputs]
value = "What comes of it"
"""


@dataclass
class Court:
    """`fusion` is the command of the people, whose accounts and those of the puppets lie in its home."""

    fusion: Fusion
    anvil: Anvil
    chain: Chain
    keys: dict[str, Account]
    worker: Worker
    content: Content

    # What people do

    def publish(self, folder: Path, name: str, body: str) -> int:
        """A version of ada's, of one column in and one out."""
        (folder / name).mkdir()
        (folder / name / "module.toml").write_text(MANIFEST.format(name=name))
        (folder / name / "module.py").write_text(MODULE.format(name=name, body=body))
        return int(self.fusion.json("module", "publish", str(folder / name), "--as", "ada")["version"])

    @contextmanager
    def running(self, *options: str) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
        """`fusion module run` in the background, and its job."""
        before = self.chain.jobs.job_count()
        with self.fusion.start("module", "run", *options, "--json") as process:
            try:
                self.until(lambda: self.chain.jobs.job_count() > before or process.poll() is not None)
                assert self.chain.jobs.job_count() > before, process.communicate()
                yield before + 1, process
            finally:
                process.kill()

    def ended(self, running: "subprocess.Popen[str]") -> Any:
        """What it printed in the end."""
        said, complained = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0, complained
        return json.loads(said)

    # What puppets do

    def seated(self, job_id: int) -> list[str]:
        """The puppets that sit in the job, once it is assigned."""
        self.until(lambda: self.job(job_id).status != Status.OPEN)
        seats = {seat.operator for seat in self.chain.jobs.seats(job_id)}
        return [name for name in PUPPETS if self.keys[name].address in seats]

    def truth(self, job_id: int) -> Vote:
        """What an honest operator finds."""
        (posted,) = self.chain.find(Posted, job_id=job_id)
        spec = JobSpec.decode(posted.spec)
        return vote(spec, ChainListings(self.chain), self.content, self.worker.run, time.monotonic() + PATIENCE)

    def lie(self, job_id: int) -> Vote:
        """Another outcome, the same from everyone who lies."""
        honest = self.truth(job_id)
        document = honest.document[:-1] + bytes([honest.document[-1] ^ 1])
        return replace(honest, document=document, outcome_hash=outcome_hash(honest.kind, document))

    def commit(self, job_id: int, votes: Mapping[str, Vote]) -> None:
        """These puppets commit as soon as they may."""
        self.until(lambda: self.job(job_id).status == Status.ASSIGNED and self._ready(job_id))
        for name, each in votes.items():
            me, market = self.keys[name], self.chain.jobs
            chain_id = self.chain.deployment.chain_id
            said = commitment(
                chain_id, market.address, job_id, me.address, outcome=each.outcome_hash, salt=each.salt
            )  # fmt: skip
            self.chain.send(me, market.commit(job_id, said))

    def reveal(self, job_id: int, votes: Mapping[str, Vote]) -> None:
        """These puppets reveal what they committed to."""
        self.until(lambda: self.job(job_id).status == Status.COMMITTED and self._ready(job_id))
        for name, each in votes.items():
            self.chain.send(self.keys[name], self.chain.jobs.reveal(job_id, each.kind, each.document, each.salt))

    def behave(self, job_id: int) -> None:
        """All puppets of a job do what an honest operator does."""
        votes = {name: self.truth(job_id) for name in self.seated(job_id)}
        if votes:
            self.commit(job_id, votes)
            self.reveal(job_id, votes)

    # What the chain says

    def job(self, job_id: int) -> Job:
        return self.chain.jobs.job(job_id)

    def wealth(self, *names: str) -> int:
        """All that these have together: in the wallet, owed by the ledger, at stake."""
        token = self.chain.token
        return sum(token.balance_of(self.keys[name].address) + self.owed(name) + self.stake(name) for name in names)

    def owed(self, name: str) -> int:
        return self.chain.ledger.claimable(self.keys[name].address, self.chain.token.address)

    def stake(self, name: str) -> int:
        held = self.chain.staking.operator(self.keys[name].address)
        return held.free + held.locked + held.unbonding

    def burnt(self) -> int:
        return self.chain.ledger.claimable(NOBODYS, self.chain.token.address)

    def pass_deadline(self, job_id: int) -> None:
        """The time of the job's present phase is over."""
        self.anvil.advance(self.job(job_id).deadline - self.chain.now() + 1)

    def final(self, job_id: int) -> None:
        """Returns once the job is over; neither a challenge nor a puppet that should audit it is waited for."""
        self.until(lambda: self._decided(job_id))
        if self.job(job_id).status == Status.PROPOSED:
            self.anvil.advance(PARAMETERS.windows.challenge + 1)
        self.until(lambda: self.job(job_id).status in (Status.FINAL, Status.FAILED))

    def until(self, true: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < end, f"not within {PATIENCE:.0f} s"
            time.sleep(0.1)

    def _decided(self, job_id: int) -> bool:
        job = self.job(job_id)
        if job.status == Status.AUDITED:
            puppets = {self.keys[name].address for name in PUPPETS}
            left = self.chain.panel.panel(job.panel_id).deadline - self.chain.now()
            if left >= 0 and puppets & {seat.operator for seat in self.chain.panel.seats(job.panel_id)}:
                self.anvil.advance(left + 1)
        return job.status in (Status.PROPOSED, Status.FINAL, Status.FAILED)

    def _ready(self, job_id: int) -> bool:
        return self.chain.head().number + 1 >= self.job(job_id).ready_block


@contextmanager
def held(folder: Path, image: Image) -> Iterator[Court]:
    """A court in a folder, for the time of a `with`."""
    with ExitStack() as stack:
        anvil = stack.enter_context(Anvil.run())
        server, puppets = (GatewayServer(BlockStore(folder / each / "content"), "127.0.0.1", 0) for each in STORES)
        for each in (server, puppets):
            each.start()
            stack.callback(each.stop)
        gateways = {"FUSION_RPC": anvil.url, "FUSION_GATEWAYS": json.dumps([server.url])}
        fusion = Fusion.at(folder / "home", **gateways)
        keys = {name: accounts.create(fusion.home / "keys", name) for name in (*PEOPLE, *PUPPETS)}
        keys |= {name: accounts.create(folder / name / "keys", "operator") for name in HONEST}
        chain = _deployed(anvil, keys)
        chain.deployment.save(fusion.home / "deployment.json")
        for name in PUPPETS:
            _stake(chain, keys[name], puppets.url)
        for name in HONEST:
            chain.deployment.save(folder / name / "deployment.json")
            stack.callback(_end, _operator(folder / name, gateways))
        content = Content(BlockStore(folder / "puppets" / "content"), [server.url])
        worker = Worker(image)
        stack.callback(worker.close)
        stop = threading.Event()
        clock = threading.Thread(target=_tick, args=(anvil, stop))
        clock.start()
        stack.callback(clock.join)
        stack.callback(stop.set)
        court = Court(fusion, anvil, chain, keys, worker, content)
        court.until(lambda: chain.staking.candidate_count() == len(HONEST) + len(PUPPETS))
        yield court


def _deployed(anvil: Anvil, keys: Mapping[str, Account]) -> Chain:
    deployer, treasury = Account.random(), Account.random()
    for each in (deployer, *keys.values()):
        anvil.fund(each.address)
    deployment = deploy(anvil.url, deployer, treasury=treasury.address, parameters=PARAMETERS)
    chain = Chain.connect(anvil.url, deployment)
    for name, each in keys.items():
        if name != "poor":
            chain.send(deployer, chain.token.mint(each.address, DOLLARS))
    for name in RECORDERS:
        chain.send(deployer, chain.windows.list_recorder(keys[name].address, listed=True))
    return chain


def _stake(chain: Chain, account: Account, endpoint: str) -> None:
    chain.send(account, chain.staking.register(endpoint))
    chain.send(account, chain.token.approve(chain.staking.address, PUPPET_STAKE))
    chain.send(account, chain.staking.stake(PUPPET_STAKE))


def _operator(home: Path, gateways: dict[str, str]) -> "subprocess.Popen[bytes]":
    """`fusion operator start`, as a person would; what it says is in a file beside its home."""
    environment = {"FUSION_HOME": str(home), "FUSION_CACHE": str(Settings().cache), "PATH": "/usr/bin:/bin"}
    command = ["operator", "start", "--as", "operator", "--stake", str(HONEST_STAKE // MUSD), "--claim-at", "1000000"]
    command += ["--workers", "1"]
    with home.with_suffix(".log").open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *command], env=environment | gateways, stdout=out, stderr=out
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tick(anvil: Anvil, stop: threading.Event) -> None:
    """Blocks come whether or not anyone sends, as on any live chain."""
    while not stop.wait(TICK):
        anvil.mine()
