"""A whole deployment on brownie's own chain, its actors, and the steps of a job that tests share.

Contracts name one another, so addresses are told before they are deployed, in the order that `house` deploys them.
"""

import time
from types import SimpleNamespace

import brownie
import pytest
from brownie import (
    AccessManager,
    AssurancePool,
    JobMarket,
    LicenseMarket,
    MockUSD,
    ModuleRegistry,
    OperatorStaking,
    Panel,
    RevenueLedger,
    SearchMarket,
    WindowRegistry,
    chain,
    web3,
)
from brownie.network.transaction import TransactionReceipt
from eth_utils import keccak
from web3.exceptions import TransactionNotFound

FEE_BPS = 250
FEE_DELAY = 60
PRICE = 10_000_000
RUN_PRICE = 2_000_000
TRIAL = 3_600
MINIMUM_STAKE = 1_000_000_000
UNBOND_PERIOD = 6_300
MINIMUM_FEE = 30_000
LOCK_MULTIPLE = 10
MAX_FUEL = 200_000_000_000
CANARY_INTERVAL = 20
# open, commit, reveal, challenge (seconds), fuel a second, confirmations
WINDOWS = (120, 60, 60, 2, 500_000_000, 2)
# recorders, quorum, commit, reveal (seconds), lock
RECORDING = (3, 2, 60, 60, 100_000_000)
SEARCH_REVEAL = SEARCH_POST = 60

FEE = 1_000_000
FUEL = 10_000_000_000
SPEC = b"\xa0"
SALT = b"\x07" * 32
TRUTH, LIE = b"the outcome", b"another outcome"
RESULT, MODULE_ERROR = 1, 2  # of OutcomeKind
UNAVAILABLE = (4, b"\xa1dkindpInputUnavailable")
NOBODY = "0x" + "0" * 40
DEAD = "0x000000000000000000000000000000000000dEaD"

STATUS = (
    "None",
    "Open",
    "Assigned",
    "Committed",
    "Revealed",
    "Audited",
    "Proposed",
    "Demanded",
    "NoQuorum",
    "Disputed",
    "Final",
    "Failed",
)


class House(SimpleNamespace):
    """The contracts, and what people do with them."""

    def fund(self, account, amount, spender):
        self.usd.mint(account, amount, {"from": account})
        self.usd.approve(spender, amount, {"from": account})

    def sell(self, author, splits=None, **changes):
        """Registers a module, publishes a version of it and offers that. Returns offer, version and revenue table."""
        table = splits or [(author, 0, 1_000_000)]
        self.registry.registerModule(f"m{self.registry.moduleCount()}", {"from": author})
        digest = keccak(text=f"bundle {self.registry.versionCount()}")
        module = self.registry.moduleCount()
        self.registry.publish(module, (digest, digest, 0, 0, "1.0.0"), table, {"from": author})
        version = self.registry.versionCount()
        self.market.setOffer(0, self.terms(version, **changes), {"from": author})
        return self.market.offerCount(), version, table

    def terms(self, version, **changes):
        """An offer of licenses and runs; only what a test is about is said there."""
        offer = {
            "token": self.usd,
            "version": version,
            "duration": 0,
            "price": PRICE,
            "perRunPrice": RUN_PRICE,
            "trial": 0,
            "referralBps": 0,
            "resaleBps": 0,
            "sells": 3,
        }
        return tuple((offer | changes).values())

    def buy(self, buyer, offer, version):
        price = self.market.quote(offer)
        self.fund(buyer, price, self.market)
        self.market.purchase(offer, buyer, price, version, NOBODY, {"from": buyer})
        return self.market.licenseCount()

    def enlist(self, accounts, amount=MINIMUM_STAKE):
        for account in accounts:
            self.fund(account, amount, self.staking)
            self.staking.register(f"http://{account}", {"from": account})
            self.staking.stake(amount, {"from": account})

    def post(self, requester, version, license_id, *, n=3, k=2, fee=FEE, ppm=0, offer=0, run_price=0, value=0):
        self.fund(requester, fee + run_price, self.jobs)
        asked = (version, license_id, offer, run_price, fee, value, FUEL, ppm, n, k)
        return self.jobs.post(asked, SPEC, {"from": requester}).events["Posted"]["jobId"]

    def assign(self, contract, number, caller):
        chain.mine(4)
        return contract.assign(number, {"from": caller})

    def sitting(self, contract, number):
        return [seat[0] for seat in contract.seats(number)]

    def commit(self, contract, number, said):
        """Seats of a job or panel commit: `said` is the outcome of each, or its kind and outcome."""
        chain.mine(2)
        for who, what in said.items():
            kind, outcome = what if isinstance(what, tuple) else (RESULT, what)
            digest = keccak(bytes([kind]) + outcome)
            contract.commit(number, contract.commitmentOf(number, who, digest, SALT), {"from": who})

    def reveal(self, contract, number, said):
        chain.mine(2)
        for who, what in said.items():
            kind, outcome = what if isinstance(what, tuple) else (RESULT, what)
            contract.reveal(number, kind, outcome, SALT, {"from": who})

    def attest(self, contract, number, said):
        """Commits, then reveals. The time of seats that say nothing runs out."""
        self.commit(contract, number, said)
        if len(said) < len(contract.seats(number)):
            chain.sleep(WINDOWS[1] + FUEL // WINDOWS[4] + 1)
            contract.expire(number, {"from": self.owner})
        self.reveal(contract, number, said)

    def run(self, job, caller, said=None):
        """From posted to tallied; without `said` every seat tells the truth."""
        self.assign(self.jobs, job, caller)
        seated = self.sitting(self.jobs, job)
        self.attest(self.jobs, job, said(seated) if said else dict.fromkeys(seated, TRUTH))
        chain.mine(4)
        return self.jobs.tally(job, {"from": caller})

    def judge(self, job, caller, said=None):
        """A panel from called to resolved; without `said` every panelist tells the truth."""
        panel = self.jobs.job(job)["panelId"]
        self.assign(self.panel, panel, caller)
        seated = self.sitting(self.panel, panel)
        self.attest(self.panel, panel, said(seated) if said else dict.fromkeys(seated, TRUTH))
        return self.jobs.resolve(job, {"from": caller})

    def finalize(self, job, caller):
        chain.sleep(WINDOWS[3] + 1)
        chain.mine()
        return self.jobs.finalize(job, {"from": caller})

    def status(self, job):
        return STATUS[self.jobs.job(job)["status"]]

    def owed(self, account):
        return self.ledger.claimable(account, self.usd)

    def staked(self, account):
        return sum(self.staking.operator(account)[:3])

    def check_books(self):
        """What is owed and held is there, to the base unit."""
        assert self.usd.balanceOf(self.ledger) == self.ledger.total(self.usd)
        assert self.ledger.held(self.usd) >= self.pool.balance()
        assert self.usd.balanceOf(self.jobs) == self.usd.balanceOf(self.market) == 0


@pytest.fixture(scope="session", autouse=True)
def patience():
    """Anvil counts a transaction a moment before it has its receipt, which brownie takes for a transaction that was
    dropped: here it looks for the receipt first."""
    hurried = TransactionReceipt._await_confirmation

    def await_confirmation(receipt, *rest, **named):
        while True:
            try:
                web3.eth.get_transaction_receipt(receipt.txid)
                break
            except TransactionNotFound:
                time.sleep(0.01)
        return hurried(receipt, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionReceipt, "_await_confirmation", await_confirmation)
        yield


@pytest.fixture(scope="module")
def house(module_isolation, accounts):
    owner, treasury = accounts[0], accounts[9]
    usd = owner.deploy(MockUSD)
    manager = owner.deploy(AccessManager, owner)
    registry = owner.deploy(ModuleRegistry)
    names = ["market", "ledger", "staking", "panel", "pool", "jobs", "windows", "searches"]
    at = {name: owner.get_deployment_address(owner.nonce + place) for place, name in enumerate(names)}
    market = owner.deploy(LicenseMarket, manager, registry, at["ledger"], at["jobs"])
    markets = [market, at["jobs"], at["pool"], at["staking"], at["windows"], at["searches"]]
    ledger = owner.deploy(RevenueLedger, manager, registry, treasury, FEE_BPS, FEE_DELAY, markets)
    staking = owner.deploy(OperatorStaking, usd, at["jobs"], at["panel"], ledger, MINIMUM_STAKE, UNBOND_PERIOD)
    panel = owner.deploy(Panel, at["jobs"], staking, WINDOWS)
    pool = owner.deploy(AssurancePool, at["jobs"], ledger, usd, CANARY_INTERVAL)
    parts = (manager, registry, market, ledger, staking, panel, pool)
    jobs = owner.deploy(JobMarket, parts, (MINIMUM_FEE, LOCK_MULTIPLE, MAX_FUEL), WINDOWS)
    windows = owner.deploy(WindowRegistry, manager, ledger, usd, RECORDING)
    searches = owner.deploy(SearchMarket, manager, jobs, windows, ledger, usd, SEARCH_REVEAL, SEARCH_POST)
    assert [market, ledger, staking, panel, pool, jobs, windows, searches] == list(at.values())
    ledger.allowToken(usd, True, {"from": owner})
    return House(
        usd=usd,
        manager=manager,
        registry=registry,
        market=market,
        ledger=ledger,
        staking=staking,
        panel=panel,
        pool=pool,
        jobs=jobs,
        windows=windows,
        searches=searches,
        owner=owner,
        treasury=treasury,
    )


@pytest.fixture(autouse=True)
def isolation(house, fn_isolation):
    """Every test begins with the same chain."""


@pytest.fixture
def people(accounts):
    """Ada and Ben publish, Rita buys and asks, Eve means no good."""
    return SimpleNamespace(ada=accounts[1], ben=accounts[2], rita=accounts[3], eve=accounts[4], cyd=accounts[5])


@pytest.fixture
def crowd(house, accounts):
    """Eleven operators: three seats, an auditor, and a panel of seven."""
    operators = [accounts.add(keccak(text=f"operator {number}")) for number in range(11)]
    for operator in operators:
        accounts[8].transfer(operator, 10**18)
    house.enlist(operators)
    return operators


@pytest.fixture
def licensed(house, people):
    """A version of Ada's and Rita's license to run it."""
    offer, version, _ = house.sell(people.ada)
    return version, house.buy(people.rita, offer, version)


def refused(error):
    """Expects that custom error, whatever its values."""
    return brownie.reverts(revert_pattern=f"{error}(:.*)?")
