"""The local network: which services it has, what each is given, and what is made before they start."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from sqlalchemy.exc import DBAPIError

from api.health import LAG
from cli.supervisor import JOURNAL, Service, Supervisor, fusion_command
from fusion.chain import account as accounts
from fusion.chain.account import Account
from fusion.chain.anvil import Anvil, listens
from fusion.chain.client import Chain
from fusion.chain.deployment import LOCAL, MUSD, Deployment, Parameters, Roles, deploy, deployment_hash
from fusion.errors import BadInput, FusionError, NotReady, Retryable
from fusion.settings import Settings
from indexer.database import open_engine, reading
from indexer.views import meta

OPERATORS = 3
GOVERNING = ("deployer", "admin", "guardian")
PEOPLE = ("ada", "ben", "cleo", "you")  # three authors and a buyer
DOLLARS = 100_000 * MUSD  # what each is given
STAKE = 10_000 * MUSD
BLOCK_SECONDS = 1
ADMIN_DELAY = 10  # seconds


@dataclass(frozen=True)
class LocalNetwork:
    """The local network under `settings.home`; what depends on the contracts is keyed by the deployment's hash."""

    settings: Settings

    @property
    def parameters(self) -> Parameters:
        return Parameters.local(self.settings.challenge_window)

    @property
    def folder(self) -> Path:
        return self.settings.home / "networks" / deployment_hash(self.parameters)[:16]

    @property
    def record(self) -> Path:
        return self.folder / "deployment.json"

    def operator_home(self, number: int) -> Path:
        return self.folder / "operators" / str(number)

    def supervisor(self) -> Supervisor:
        return Supervisor(logs=self.settings.home / "logs", journal=self.settings.home / JOURNAL)

    def rpc_port(self) -> int:
        """The port of the chain, which this network starts itself; BadInput when FUSION_RPC is another machine's."""
        parts = urlsplit(self.settings.rpc)
        if parts.hostname not in ("127.0.0.1", "localhost") or parts.port is None:
            raise BadInput(
                f"FUSION_RPC is {self.settings.rpc}: the local network's chain is at http://127.0.0.1:<port>"
            )
        return parts.port

    def check_ports(self) -> None:
        """NotReady when another program has a port that the network needs, BadInput when another network is in use."""
        if self.settings.network != LOCAL:
            raise BadInput(f"FUSION_NETWORK is {self.settings.network}: unset it to start the local network")
        for port, variable in ((self.rpc_port(), "FUSION_RPC"), (self.settings.api_port, "FUSION_API_PORT")):
            if listens(port):
                raise NotReady(f"port {port} is in use by another program; end it, or choose another with {variable}")

    def chain_service(self) -> Service:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = Anvil.command(self.folder / "chain.json", self.rpc_port(), BLOCK_SECONDS)
        return Service("chain", command, {}, self._chain_answers)

    def services(self) -> list[Service]:
        """What stands on the chain, in the order of their start."""
        return [
            Service(
                "indexer", fusion_command("indexer", "follow"), self._environment(self.settings.home), self._indexes
            ),
            Service("api", fusion_command("api", "serve"), self._environment(self.settings.home), self._api_answers),
            *(self._operator(number) for number in range(1, OPERATORS + 1)),
        ]

    def deploy(self) -> Deployment:
        """The contracts, deployed unless they are on the chain already, and people and operators with money."""
        deployment = self._deployed()
        names = (*GOVERNING, "treasury", *PEOPLE)
        people = {name: accounts.load_or_create(self.settings.keys, name) for name in names}
        operators = [accounts.load_or_create(self._operator_keys(n), "operator") for n in range(1, OPERATORS + 1)]
        if deployment is None:
            deployment = self._deploy_anew(people, operators)
        deployment.save(self.settings.deployment_of(LOCAL))
        for number in range(1, OPERATORS + 1):
            deployment.save(self.operator_home(number) / "deployment.json")
        return deployment

    def _deployed(self) -> Deployment | None:
        if not self.record.exists():
            return None
        deployment = Deployment.load(self.record)
        try:
            Chain.connect(self.settings.rpc, deployment)
        except NotReady:  # the chain lost its state: what was derived from it is of no use
            shutil.rmtree(self.folder / "operators", ignore_errors=True)
            return None
        return deployment

    def _deploy_anew(self, people: dict[str, Account], operators: list[Account]) -> Deployment:
        anvil = Anvil(self.settings.rpc)
        for each in (*people.values(), *operators):
            anvil.fund(each.address)
        deployer = people["deployer"]
        deployment = deploy(
            self.settings.rpc,
            deployer,
            treasury=people["treasury"].address,
            parameters=self.parameters,
            roles=Roles(people["admin"].address, people["guardian"].address, ADMIN_DELAY),
        )
        chain = Chain.connect(self.settings.rpc, deployment)
        given = [people[name] for name in PEOPLE] + operators
        with ThreadPoolExecutor(len(given)) as pool:  # side by side, so that they share a block
            list(pool.map(lambda each: chain.send(deployer, chain.token.mint(each.address, DOLLARS)), given))
        deployment.save(self.record)
        return deployment

    def _operator_keys(self, number: int) -> Path:
        return self.operator_home(number) / "keys"

    def _environment(self, home: Path) -> dict[str, str]:
        return {
            "FUSION_HOME": str(home),
            "FUSION_CACHE": str(self.settings.cache),
            "FUSION_RPC": self.settings.rpc,
            "FUSION_API_HOST": self.settings.api_host,
            "FUSION_API_PORT": str(self.settings.api_port),
            "FUSION_GATEWAYS": json.dumps([f"{self.settings.api_url}/ipfs"]),
        }

    def _operator(self, number: int) -> Service:
        home = self.operator_home(number)
        command = fusion_command(
            "operator",
            "start",
            "--as",
            "operator",
            "--stake",
            str(STAKE // MUSD),
            "--claim-at",
            "0.01",
            "--workers",
            "1",
        )
        address = accounts.address_of(self._operator_keys(number), "operator")
        return Service(f"operator-{number}", command, self._environment(home), lambda: self._staked(address))

    def _chain_answers(self) -> bool:
        try:
            Anvil(self.settings.rpc).rpc.call("eth_chainId")
        except Retryable:
            return False
        return True

    def _staked(self, address: str) -> bool:
        try:
            chain = Chain.connect(self.settings.rpc, Deployment.load(self.record))
            return chain.staking.operator(address).free > 0
        except FusionError:
            return False

    def _indexes(self) -> bool:
        """Whether the index stands on this chain, near its head."""
        try:
            engine = open_engine(self.settings.index, existing=True)
            try:
                with reading(engine) as session:
                    at = meta(session)
            finally:
                engine.dispose()
            if at is None:
                return False
            chain = Chain.connect(self.settings.rpc, Deployment.load(self.record))
            block = chain.block(at.number)
            return block is not None and block.hash == at.hash and chain.head().number <= at.number + LAG
        except (FusionError, DBAPIError):  # no file, or no tables in it yet
            return False

    def _api_answers(self) -> bool:
        try:
            return httpx.get(f"{self.settings.api_url}/health", timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False
