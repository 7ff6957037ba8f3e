"""A market on a real chain, and the verbs of those who live in it: sell, run, lie, challenge, judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from eth_utils.crypto import keccak

from fusion.chain.account import Account
from fusion.chain.anvil import Anvil
from fusion.chain.bindings.job_market import Assigned, JobTerms, Posted
from fusion.chain.bindings.license_market import Offer, OfferSet, Purchased
from fusion.chain.bindings.module_registry import Access, ModuleRegistered, Published, Split, VersionTerms
from fusion.chain.bindings.panel import Called, PanelAssigned
from fusion.chain.bindings.types import OutcomeKind, Sells, Status
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import Call
from fusion.chain.deployment import MUSD

PRICE = 40 * MUSD
RUN_PRICE = 2 * MUSD
FEE = 3 * MUSD
STAKE = 5_000 * MUSD
NOBODY = "0x" + "00" * 20
SALT = b"\x05" * 32
TRUTH, LIE, OTHER = b"truth", b"lie", b"another lie"
RESULT = OutcomeKind.RESULT


def outcome_hash(document: bytes) -> bytes:
    return keccak(bytes([RESULT]) + document)


@dataclass
class Town:
    """`people` by name; `operators` are those of them who staked."""

    anvil: Anvil
    chain: Chain
    people: Mapping[str, Account]
    operators: dict[str, Account] = field(default_factory=dict)
    specs: "count[int]" = field(default_factory=count)

    def __getitem__(self, name: str) -> Account:
        return self.people[name]

    def send(self, name: str, call: Call) -> Receipt:
        return self.chain.send(self[name], call)

    def pay(self, name: str, spender: str, amount: int) -> None:
        self.send(name, self.chain.token.approve(spender, amount))

    # Selling

    def publish(self, author: str, name: str, splits: list[Split] | None = None) -> int:
        registry = self.chain.registry
        module = self.send(author, registry.register_module(name)).event(ModuleRegistered).module_id
        digest = name.encode().ljust(32, b"\0")
        terms = VersionTerms(digest, digest, Access.OPEN, 100_000, "1.0.0")
        splits = splits or [Split(self[author].address, 0, 1_000_000)]
        return self.send(author, registry.publish(module, terms, splits)).event(Published).version_id

    def offer(self, version: int, *, trial: int = 0, referral: int = 0, duration: int = 86_400) -> int:
        terms = Offer(
            token=self.chain.token.address,
            version=version,
            duration=duration,
            price=PRICE,
            per_run_price=RUN_PRICE,
            trial=trial,
            referral_bps=referral,
            resale_bps=100,
            sells=Sells.BOTH,
        )
        return self.send("author", self.chain.market.set_offer(0, terms)).event(OfferSet).offer_id

    def buy(self, offer: int, version: int, *, referrer: str = NOBODY, buyer: str = "buyer") -> int:
        self.pay(buyer, self.chain.market.address, PRICE)
        purchase = self.chain.market.purchase(offer, self[buyer].address, PRICE, version, referrer)
        return self.send(buyer, purchase).event(Purchased).license_id

    def sell(self, version: int) -> int:
        """A license without a trial."""
        return self.buy(self.offer(version), version)

    # Running

    def stake(self, *names: str) -> None:
        for name in names:
            staking = self.chain.staking
            self.send(name, staking.register(f"http://{name}.example/ipfs"))
            self.pay(name, staking.address, STAKE)
            self.send(name, staking.stake(STAKE))
            self.operators[self[name].address] = self[name]

    def spec(self) -> bytes:
        return b"\x18" + bytes([next(self.specs)])

    def post(
        self,
        version: int,
        *,
        license_: int = 0,
        offer: int = 0,
        n: int = 3,
        k: int = 2,
        assurance: int = 0,
        spec: bytes | None = None,
    ) -> int:
        jobs = self.chain.jobs
        self.pay("buyer", jobs.address, FEE + RUN_PRICE)
        price = 0 if license_ else RUN_PRICE
        terms = JobTerms(version, license_, offer, price, FEE, 0, 10**9, assurance, n, k)
        return self.send("buyer", jobs.post(terms, spec or self.spec())).event(Posted).job_id

    def assign(self, job: int) -> tuple[str, ...]:
        """Who is seated now."""
        self.anvil.mine(5)
        seats = self.send("buyer", self.chain.jobs.assign(job)).event(Assigned).operators
        self.anvil.mine(5)
        return seats

    def commit(self, job: int, votes: Mapping[str, bytes]) -> None:
        jobs = self.chain.jobs
        for seat, document in votes.items():
            said = jobs.commitment_of(job, seat, outcome_hash(document), SALT)
            self.chain.send(self.operators[seat], jobs.commit(job, said))
        self.anvil.mine(5)

    def reveal(self, job: int, votes: Mapping[str, bytes]) -> None:
        for seat, document in votes.items():
            self.chain.send(self.operators[seat], self.chain.jobs.reveal(job, RESULT, document, SALT))
        self.anvil.mine(5)

    def vote(self, job: int, documents: Sequence[bytes]) -> None:
        """A job is assigned, and its seats, in order, attest to these; then it is tallied."""
        votes = dict(zip(self.assign(job), documents, strict=True))
        self.commit(job, votes)
        self.reveal(job, votes)
        self.send("buyer", self.chain.jobs.tally(job))

    def late(self, job: int) -> None:
        """The present phase runs out of time, and somebody moves the job along."""
        self.anvil.advance(400)
        self.send("buyer", self.chain.jobs.expire(job))

    def finalize(self, job: int) -> None:
        self.anvil.advance(30)
        self.send("buyer", self.chain.jobs.finalize(job))

    # Doubting

    def challenge(self, job: int, name: str = "buyer") -> int:
        """The panel that it calls."""
        self.pay(name, self.chain.jobs.address, self.chain.jobs.bond_of(job))
        return self.send(name, self.chain.jobs.challenge(job)).event(Called).panel_id

    def judge(self, job: int, votes: Sequence[bytes | None]) -> None:
        """The job's panel runs it again with these outcomes; None is silent. Then it is resolved."""
        court, number = self.chain.panel, self.chain.jobs.job(job).panel_id
        self.anvil.mine(5)
        seats = self.send("buyer", court.assign(number)).event(PanelAssigned).operators
        self.anvil.mine(5)
        given = {seat: vote for seat, vote in zip(seats, votes, strict=True) if vote is not None}
        for seat, document in given.items():
            said = court.commitment_of(number, seat, outcome_hash(document), SALT)
            self.chain.send(self.operators[seat], court.commit(number, said))
        if len(given) < len(seats):
            self.anvil.advance(400)
            self.send("buyer", court.expire(number))
        self.anvil.mine(5)
        for seat, document in given.items():
            self.chain.send(self.operators[seat], court.reveal(number, RESULT, document, SALT))
        self.send("buyer", self.chain.jobs.resolve(job))

    def status(self, job: int) -> Status:
        return self.chain.jobs.job(job).status
