"""Seven operators, without a sandbox, say what a test has them say: what seats, panels and audits come to on the chain.

Each payment is compared with `fusion.market.verdict`, which says the interfaces' rule in integers.
"""

import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from fusion.chain.account import Account
from fusion.chain.bindings.job_market import Answered, Audited, Failed, Judged, Proposed, Reopened
from fusion.chain.bindings.operator_staking import Slashed
from fusion.chain.bindings.types import Failure, Fault, OutcomeKind, PanelStatus, Status, Windows
from fusion.chain.deployment import Parameters
from fusion.content.store import BlockStore
from fusion.errors import BadInput, ContentUnavailable, FusionError
from fusion.market import verdict
from node import request
from node.executor import daemon as daemon_module
from node.executor import desk as desk_module
from node.executor.background import in_thread
from node.executor.rounds import MARGIN
from node.executor.run import Late, Vote
from node.spec import JobSpec
from sandbox.code import Limits
from sandbox.image import Image
from sandbox.worker import Worker
from tests.integration.executor_network import BURNED, DOUBLE, FEE, Network, Running, opened
from tests.integration.executor_process import SCRIPTED, NoWorker, Scripted, found

NAMES = ("ann", "bob", "cyd", "dan", "eve", "fay", "gus")
IMAGE = Image(bytes(range(32)), Path("/absent/image"))
QUICK = replace(
    Parameters(),
    windows=Windows(open=60, commit=30, reveal=30, challenge=20, fuel_per_second=10**10, confirmations=1),
)
LIMITS = Limits(fuel=10**9)
LOCK = FEE * Parameters().lock_multiple
ALL = 1_000_000  # parts per million
TRUTH, LIE, ANOTHER, LARGE = 1.0, -1.0, 3.0, 7.0  # what the column is scaled by
ROWS = 40_000  # of a large result: two blocks


@dataclass(frozen=True)
class Role:
    """What an operator does in the newest job: a place among its seats, on its panel, or the audit."""

    where: str
    place: int
    redraws: int


Says = float | Exception


class Player(Scripted):
    """Says in each role what the test's script has it say."""

    script: Callable[[Role], Says]

    def vote(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        says = Player.script(self._role())
        if isinstance(says, Exception):
            raise says
        return self.attest(found(spec, says, rows=ROWS if says == LARGE else 10))

    def _role(self) -> Role:
        read = request.read(self._chain, self._chain.jobs.job_count())
        for where, seats in (
            ("seat", read.seats),
            ("audit" if read.panel and read.panel.audit else "panel", read.panelists),
        ):
            for place, seat in enumerate(seats):
                if seat.operator == self._account.address and not seat.released:
                    return Role(where, place, read.job.redraws)
        raise AssertionError("it was asked to run what it has no seat in")


@pytest.fixture(scope="module")
def patched() -> Iterator[None]:
    """No sandbox processes, and quick tries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daemon_module, "Worker", NoWorker)
        patch.setattr(desk_module, "LONGEST_PAUSE", 0.5)
        yield


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory, patched: None) -> Iterator[Network]:
    with opened(tmp_path_factory.mktemp("panels"), NAMES, IMAGE, QUICK, tick=0.1) as network:
        network.publish("double", DOUBLE)
        with Running({name: network.daemon(name, Player) for name in NAMES}):
            network.staked(*NAMES)
            yield network


class Books:
    """Who was owed what when a job was posted, and what is due by the rule once it has ended."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.before = self._owed()
        self.pool = network.chain.pool.balance()
        staking = network.chain.staking
        self.stakes = {key.address: staking.operator(key.address) for key in network.keys.values()}

    def _owed(self) -> dict[str, int]:
        network = self.network
        people = [network.author, network.carol, *network.keys.values()]
        token = network.chain.token.address
        return {
            each: network.chain.ledger.claimable(each, token) for each in [BURNED, *(one.address for one in people)]
        }

    def gained(self) -> dict[str, int]:
        return {each: owed - self.before[each] for each, owed in self._owed().items() if owed != self.before[each]}

    def slashes(self, job_id: int) -> list[Slashed]:
        return self.network.chain.find(Slashed, job_id=job_id)

    def check_slashes(self, job_id: int, fault: Fault, operators: set[str]) -> int:
        """Each of them, and nobody else, lost what the fault costs; returns the sum."""
        slashes = self.slashes(job_id)
        assert {each.operator for each in slashes} == operators
        for each in slashes:
            held = self.stakes[each.operator]
            stake = verdict.Stake(held.free - LOCK, LOCK, held.unbonding, LOCK)
            assert (each.fault, each.lock) == (fault, LOCK)
            assert each.amount == verdict.taken_for(verdict.Fault[fault.name], stake)
            now = self.network.chain.staking.operator(each.operator)
            assert (now.free, now.locked) == (held.free - each.amount, 0)
        return sum(each.amount for each in slashes)

    def expected(self, job_id: int, payments: verdict.Payments) -> dict[str, int]:
        read = request.read(self.network.chain, job_id)
        due: dict[str, int] = {}
        rows = [
            *zip((seat.operator for seat in read.seats), payments.seats, strict=True),
            *zip((seat.operator for seat in read.panelists), payments.panel, strict=True),
            (self.network.carol.address, payments.challenger),
            (self.network.author.address, payments.requester),
            (BURNED, payments.burned),
        ]
        for account, amount in rows:
            due[account] = due.get(account, 0) + amount
        return {account: amount for account, amount in due.items() if amount}


def _trial(
    network: Network, job_id: int, called: verdict.Called, *, bond: int = 0, proposed: bytes | None, slashed: int
) -> verdict.Trial:
    read = request.read(network.chain, job_id)
    return verdict.Trial(
        fee=FEE,
        assurance_ppm=read.job.assurance_ppm,
        base=network.chain.jobs.minimum_fee(read.job.fuel),
        called=called,
        bond=bond,
        proposed=proposed or verdict.Quiet.ABSENT,
        seats=[seat.outcome_hash for seat in read.seats],
        panel=[seat.outcome_hash for seat in read.panelists],
        slashed=slashed,
    )


def _post(
    network: Network, script: Callable[[Role], Says], *, seed: int, n: int = 3, k: int = 2, assurance_ppm: int = 0
) -> int:
    Player.script = staticmethod(script)
    (version,) = network.licenses
    return network.post(version, n=n, k=k, limits=LIMITS, seed=seed, assurance_ppm=assurance_ppm)


def _proposed(network: Network, job_id: int) -> bytes:
    """The outcome that was proposed first."""
    return network.chain.find(Proposed, job_id=job_id)[0].outcome_hash


def _unchallenged(network: Network, job_id: int) -> request.Answer:
    """How a job ends whose challenge window nobody uses."""
    network.until(job_id, lambda job: job.status is Status.PROPOSED)
    network.anvil.advance(QUICK.windows.challenge)
    return network.ended(job_id)


def test_a_lie_that_two_seats_share_is_challenged_slashed_and_undone(network: Network) -> None:
    books = Books(network)
    job_id = _post(network, lambda role: LIE if role.where == "seat" and role.place < 2 else TRUTH, seed=1)
    request.challenge(network.chain, network.carol, job_id, timeout=30.0)
    bond = network.chain.jobs.bond_of(job_id)
    answer = network.ended(job_id)
    proposed = _proposed(network, job_id)
    read = request.read(network.chain, job_id)
    assert bond == verdict.bond_of(FEE, LOCK)
    assert read.panel is not None
    assert (read.panel.status, read.panel.size, read.panel.votes) == (PanelStatus.DECIDED, 3, 3)
    assert not {seat.operator for seat in read.seats} & {seat.operator for seat in read.panelists}
    assert answer.job.outcome_hash not in (proposed, bytes(32))
    np.testing.assert_array_equal(request.outputs(network.chain, answer, network.store)["value"], TRUTH * np.arange(10))
    slashed = books.check_slashes(job_id, Fault.WRONG, {seat.operator for seat in read.seats[:2]})
    trial = _trial(network, job_id, verdict.Called.CHALLENGE, bond=bond, proposed=proposed, slashed=slashed)
    assert books.gained() == books.expected(job_id, verdict.by_panel(trial))
    (judged,) = network.chain.find(Judged, job_id=job_id)
    assert judged.slashed == slashed


def test_a_challenge_of_the_truth_costs_its_bond(network: Network) -> None:
    books = Books(network)
    job_id = _post(network, lambda role: TRUTH, seed=2)
    request.challenge(network.chain, network.carol, job_id, timeout=30.0)
    answer = network.ended(job_id)
    proposed = _proposed(network, job_id)
    assert (answer.job.status, answer.job.outcome_hash) == (Status.FINAL, proposed)
    assert books.slashes(job_id) == []
    bond = verdict.bond_of(FEE, LOCK)
    trial = _trial(network, job_id, verdict.Called.CHALLENGE, bond=bond, proposed=proposed, slashed=0)
    payments = verdict.by_panel(trial)
    assert payments.challenger == 0
    assert books.gained() == books.expected(job_id, payments)


def test_without_a_quorum_a_panel_decides(network: Network) -> None:
    books = Books(network)
    script = {0: TRUTH, 1: LIE, 2: ANOTHER}
    job_id = _post(network, lambda role: script[role.place] if role.where == "seat" else TRUTH, seed=3)
    answer = network.ended(job_id)
    read = request.read(network.chain, job_id)
    assert answer.job.status is Status.FINAL
    assert answer.job.outcome_hash == read.seats[0].outcome_hash
    slashed = books.check_slashes(job_id, Fault.WRONG, {seat.operator for seat in read.seats[1:]})
    trial = _trial(network, job_id, verdict.Called.NO_QUORUM, proposed=None, slashed=slashed)
    assert books.gained() == books.expected(job_id, verdict.by_panel(trial))


def test_an_auditor_that_finds_the_same_is_paid_by_the_pool(network: Network) -> None:
    books = Books(network)
    job_id = _post(network, lambda role: TRUTH, seed=4, assurance_ppm=ALL)
    answer = _unchallenged(network, job_id)
    read = request.read(network.chain, job_id)
    assert answer.job.status is Status.FINAL
    assert read.panel is not None
    assert (read.panel.audit, read.panel.size) == (True, 1)
    payments = verdict.by_quorum(FEE, ALL, [seat.outcome_hash for seat in read.seats], answer.job.outcome_hash)
    pay = verdict.fee_of(FEE, ALL, 3).seat
    due = dict(zip((seat.operator for seat in read.seats), payments.seats, strict=True))
    assert books.gained() == due | {read.panelists[0].operator: pay}
    assert network.chain.pool.balance() == books.pool + payments.pool - pay


def test_an_auditor_that_finds_another_outcome_calls_a_panel(network: Network) -> None:
    books = Books(network)
    job_id = _post(network, lambda role: LIE if role.where == "seat" else TRUTH, seed=5, assurance_ppm=ALL)
    answer = network.ended(job_id)
    (audited,) = network.chain.find(Audited, job_id=job_id)
    audit = audited.panel_id
    read = request.read(network.chain, job_id)
    assert answer.job.status is Status.FINAL
    assert answer.job.panel_id > audit
    assert set(answer.agreeing) == {seat.operator for seat in [*network.chain.panel.seats(audit), *read.panelists]}
    slashed = books.check_slashes(job_id, Fault.WRONG, {seat.operator for seat in read.seats})
    lied = read.seats[0].outcome_hash
    payments = verdict.by_panel(_trial(network, job_id, verdict.Called.AUDIT, proposed=lied, slashed=slashed))
    (auditor,) = network.chain.panel.seats(audit)
    due = books.expected(job_id, payments) | {auditor.operator: verdict.fee_of(FEE, ALL, 3).seat}
    assert books.gained() == due


def test_a_silent_seat_is_fined_and_drawn_anew(network: Network) -> None:
    books = Books(network)
    job_id = _post(network, lambda role: Late("asleep") if (role.place, role.redraws) == (1, 0) else TRUTH, seed=6)
    network.until(job_id, lambda job: job.committed == 2)
    network.anvil.advance(QUICK.windows.commit)
    answer = _unchallenged(network, job_id)
    (reopened,) = network.chain.find(Reopened, job_id=job_id)
    (silent,) = reopened.silent
    assert answer.job.status is Status.FINAL
    assert len(answer.hashes) == 3
    assert silent not in answer.hashes
    fine = books.check_slashes(job_id, Fault.SILENT, {silent})
    assert books.gained()[BURNED] == fine
    assert silent not in books.gained()


def test_inputs_that_nobody_has_fail_the_job_and_fine_nobody(network: Network) -> None:
    books = Books(network)
    job_id = _post(network, lambda role: ContentUnavailable("no gateway has its inputs"), seed=7)
    network.until(job_id, lambda job: job.status is Status.ASSIGNED)
    network.anvil.advance(QUICK.windows.commit - 2 * MARGIN)  # until then they look for them
    answer = network.ended(job_id)
    (failed,) = network.chain.find(Failed, job_id=job_id)
    assert failed.reason is Failure.INPUTS_UNAVAILABLE
    assert {seat.kind for seat in network.chain.jobs.seats(job_id)} == {OutcomeKind.INPUT_UNAVAILABLE}
    assert books.slashes(job_id) == []
    base = network.chain.jobs.minimum_fee(LIMITS.fuel) // 3
    assert books.gained() == dict.fromkeys(answer.hashes, base) | {network.author.address: FEE - 3 * base}


def test_demanded_blocks_are_answered_and_the_requester_has_the_whole_table(network: Network, tmp_path: Path) -> None:
    job_id = _post(network, lambda role: LARGE, seed=8)
    network.until(job_id, lambda job: job.status is Status.PROPOSED)
    store = BlockStore(tmp_path / "requester")
    columns = request.demand(network.chain, network.author, job_id, store)
    np.testing.assert_array_equal(columns["value"], LARGE * np.arange(ROWS))
    answered = network.chain.find(Answered, job_id=job_id)
    assert len(answered) == len({each.digest for each in answered}) == network.chain.jobs.job(job_id).demands
    assert {each.by for each in answered} <= {seat.operator for seat in network.chain.jobs.seats(job_id)}
    answer = _unchallenged(network, job_id)
    assert answer.job.status is Status.FINAL
    # What was answered once is had from the chain alone, and paid for no more.
    again = request.demand(network.chain, network.author, job_id, BlockStore(tmp_path / "another"))
    np.testing.assert_array_equal(again["value"], columns["value"])


def test_bytes_that_nobody_gives_cost_the_operators_their_fee(network: Network, tmp_path: Path) -> None:
    books = Books(network)
    job_id = _post(network, lambda role: LARGE, seed=9)
    network.until(job_id, lambda job: job.status is Status.PROPOSED)
    for home in network.homes.values():
        for kept in (home / "content", *home.glob("shelves-*")):
            shutil.rmtree(kept, ignore_errors=True)
    deposit = network.chain.jobs.minimum_fee(LIMITS.fuel)
    store = BlockStore(tmp_path / "requester")
    demanding = in_thread(lambda: request.demand(network.chain, network.author, job_id, store))
    network.until(job_id, lambda job: job.status is Status.DEMANDED)
    network.anvil.advance(QUICK.windows.reveal)
    with pytest.raises(FusionError, match=f"job {job_id} failed: nobody answered for block"):
        demanding.result(timeout=60.0)
    (failed,) = network.chain.find(Failed, job_id=job_id)
    assert failed.reason is Failure.BYTES_WITHHELD
    assert books.gained() == {network.author.address: FEE + deposit}


def test_what_cannot_be_disputed_is_told_before_it_costs_anything(network: Network, tmp_path: Path) -> None:
    job_id = _post(network, lambda role: TRUTH, seed=10)
    network.until(job_id, lambda job: job.status is Status.PROPOSED)
    store = BlockStore(tmp_path / "store")
    with pytest.raises(BadInput, match="has all of its result on the chain"):
        request.demand(network.chain, network.author, job_id, store)
    with pytest.raises(BadInput, match="demanded by that account alone"):
        request.demand(network.chain, network.carol, job_id, store)
    with pytest.raises(BadInput, match=r"holds 0\.00, the bond costs .*; fund it first"):
        request.challenge(network.chain, Account.random(), job_id)
    _unchallenged(network, job_id)
    with pytest.raises(BadInput, match=f"job {job_id} is final: one is challenged while"):
        request.challenge(network.chain, network.carol, job_id)


def test_a_panelist_killed_between_commit_and_reveal_goes_on(patched: None, tmp_path: Path) -> None:
    names = ("ann", "bob", "cyd", "dan")
    patient = replace(Parameters(), windows=replace(Parameters().windows, challenge=60))
    with opened(tmp_path, names, IMAGE, patient, tick=0.1) as network, _processes() as processes:
        version, _ = network.publish("double", DOUBLE)
        me = network.keys["ann"].address
        Player.script = staticmethod(lambda role: LIE if role.where == "seat" else TRUTH)
        with Running({"bob": network.daemon("bob", Player)}):
            network.staked("bob")
            job_id = network.post(version, n=1, k=1, limits=LIMITS)
            network.until(job_id, lambda job: job.status is Status.PROPOSED)
        with Running({name: network.daemon(name, Player) for name in ("cyd", "dan")}):
            network.staked("cyd", "dan")
        processes.append(subprocess.Popen(network.command("ann", SCRIPTED)))
        network.staked("ann")
        request.challenge(network.chain, network.carol, job_id)
        panel_id = network.chain.jobs.job(job_id).panel_id

        def committed() -> bool:
            seats = network.chain.panel.seats(panel_id)
            return any(seat.operator == me and any(seat.commitment) for seat in seats)

        network.until(job_id, lambda _: committed())
        processes[0].send_signal(signal.SIGKILL)
        processes[0].wait()
        with Running({name: network.daemon(name, Player) for name in ("cyd", "dan")}):
            network.until(job_id, lambda _: network.chain.panel.panel(panel_id).revealed == 2)
            processes.append(subprocess.Popen(network.command("ann", SCRIPTED)))
            answer = network.ended(job_id)
        assert answer.job.status is Status.FINAL
        assert me in answer.agreeing
        assert me in network.paid(job_id)
        (slashed,) = network.chain.find(Slashed, job_id=job_id)
        assert (slashed.operator, slashed.fault) == (network.keys["bob"].address, Fault.WRONG)


@contextmanager
def _processes() -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes that are ended with the test."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()
