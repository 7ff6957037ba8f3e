"""Journey 5: cheat, dispute, slash. What operators lose and others get, read back from the chain, is as designed."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fusion.chain.bindings.types import Status
from fusion.chain.deployment import MUSD
from tests.e2e.court import HONEST, PUPPETS, Court

pytestmark = pytest.mark.e2e

FEE = 300_000  # of `fusion module run`
PAY = FEE // 3  # of a seat
LOCK = 10 * FEE
BOND = FEE  # a tenth of the lock is no more
RUN_PRICE = 2 * MUSD
TRIES = 8  # of a draw that both puppets are to win; one in nine fails
RUN = ("--fuel", "20000000000")


@pytest.fixture(scope="module")
def version(court: Court, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A version that everybody may run."""
    version = court.publish(tmp_path_factory.mktemp("modules"), "double", "return 2.0 * bid")
    offer = court.fusion.json("module", "offer", str(version), "--as", "ada", "--free")["offer"]
    for name in ("you", "rita", "liv"):
        court.fusion.json("license", "buy", str(offer), "--as", name)
    return version


@contextmanager
def posted(
    court: Court, version: int, requester: str, *options: str
) -> Iterator[tuple[int, str, "subprocess.Popen[str]"]]:
    """A job in which both puppets sit beside one honest operator, whose name is told."""
    for _ in range(TRIES):
        with court.running(str(version), "--as", requester, *RUN, *options) as (job_id, running):
            if len(court.seated(job_id)) == 2:
                yield job_id, honest_seat(court, job_id), running
                return
            court.behave(job_id)
            court.final(job_id)
            court.ended(running)
    pytest.fail(f"no draw of {TRIES} had both puppets")


def honest_seat(court: Court, job_id: int) -> str:
    seats = {seat.operator for seat in court.chain.jobs.seats(job_id)}
    (name,) = (name for name in HONEST if court.keys[name].address in seats)
    return name


@dataclass(frozen=True)
class Lie:
    """A lie that was challenged.

    Attributes:
        shown: what `fusion job challenge --wait` printed.
        honest: who sat beside the liars.
        gained: what each has more than after the job was posted and paid.
        lost: what each liar was to lose.
        burned: what the burn address is owed more.
    """

    shown: dict[str, Any]
    honest: str
    gained: dict[str, int]
    lost: dict[str, int]
    burned: int


def lied(court: Court, version: int, requester: str, challenger: str) -> Lie:
    """A job on which both puppets lie, challenged from the command line."""
    names = dict.fromkeys((*HONEST, *PUPPETS, requester, challenger))
    with posted(court, version, requester) as (job_id, honest, running):
        before, burnt = {name: court.wealth(name) for name in names}, court.burnt()
        lost = {name: max(LOCK, court.stake(name) // 10) for name in PUPPETS}
        votes = dict.fromkeys(PUPPETS, court.lie(job_id))
        court.commit(job_id, votes)
        court.reveal(job_id, votes)
        court.until(lambda: court.job(job_id).status == Status.PROPOSED)
        truth = court.truth(job_id)
        assert court.job(job_id).outcome_hash != truth.outcome_hash
        shown = court.fusion.json("job", "challenge", str(job_id), "--as", challenger, "--wait")
        assert court.ended(running)["hash"] == "0x" + truth.outcome_hash.hex() == shown["hash"]
    gained = {name: court.wealth(name) - before[name] for name in names}
    return Lie(shown, honest, gained, lost, court.burnt() - burnt)


def test_liars_are_challenged_a_panel_runs_it_again_and_they_pay_for_it(court: Court, version: int) -> None:
    lie = lied(court, version, "you", "carol")
    slashed, panel = sum(lie.lost.values()), [name for name in HONEST if name != lie.honest]
    assert lie.gained == {
        **{name: -lie.lost[name] for name in PUPPETS},
        lie.honest: FEE,  # all of it: it alone was right
        **dict.fromkeys(panel, PAY),
        "carol": PAY * 110 // 100,
        "you": FEE,  # made whole
    }
    burned = slashed - 3 * PAY - PAY * 110 // 100 - FEE
    judged = {"slashed": slashed, "to_panel": 3 * PAY, "to_challenger": PAY * 110 // 100, "to_requester": FEE}
    assert lie.shown["judged"] == judged | {"burned": burned}
    assert lie.burned == burned

    shown, addresses = lie.shown, {name: court.keys[name].address for name in (*HONEST, *PUPPETS, "carol")}
    assert (shown["status"], shown["challenger"], shown["bond"]) == ("final", addresses["carol"], BOND)
    assert shown["paid"] == [addresses[lie.honest]]
    assert shown["panel"]["seats"] == {addresses[name]: "revealed" for name in panel}
    assert shown["verdict"]["votes"] == "3 of 3"
    assert {(each["operator"], each["fault"], each["amount"]) for each in shown["slashed"]} == {
        (addresses[name], "wrong", lie.lost[name]) for name in PUPPETS
    }
    slashes = {row["operator"]: row["slashed"] for row in court.fusion.json("operator", "status")}
    assert {name: slashes[addresses[name]] for name in PUPPETS} == lie.lost


def test_who_challenges_his_own_lie_loses_money(court: Court, version: int) -> None:
    """Liars, requester and challenger are one person, who hopes to be paid out of what is slashed."""
    lie = lied(court, version, "liv", "liv")
    slashed = sum(lie.lost.values())
    back = PAY * 110 // 100 + FEE  # as challenger and as requester
    assert lie.shown["judged"]["slashed"] == slashed
    assert sum(lie.gained[name] for name in PUPPETS) == back - slashed
    assert slashed > 100 * back


def test_an_honest_outcome_that_is_challenged_costs_the_challenger_its_bond(court: Court, version: int) -> None:
    names = (*HONEST, "carol", "you")
    with posted(court, version, "you") as (job_id, honest, running):
        court.behave(job_id)
        court.until(lambda: court.job(job_id).status == Status.PROPOSED)
        before = {name: court.wealth(name) for name in names}
        told = court.fusion.json("job", "challenge", str(job_id), "--as", "carol")
        assert (told["bond"], told["status"]) == (BOND, "disputed")
        court.ended(running)
    gained = {name: court.wealth(name) - before[name] for name in names}
    assert (gained["carol"], gained["you"], gained.pop(honest)) == (-BOND, 0, PAY)
    assert [gained[name] for name in HONEST if name in gained] == [BOND // 3] * 3


def test_who_is_silent_or_withholds_is_fined_and_the_job_goes_on(court: Court, version: int) -> None:
    with posted(court, version, "you") as (job_id, _, running):
        silent, withholds = PUPPETS
        before = {name: court.wealth(name) for name in PUPPETS}
        burnt = court.burnt()
        court.commit(job_id, {withholds: court.truth(job_id)})
        court.until(lambda: court.job(job_id).committed == 2)
        court.pass_deadline(job_id)
        court.until(lambda: court.job(job_id).redraws == 1)
        court.until(lambda: court.job(job_id).revealed == 2)
        court.pass_deadline(job_id)
        court.final(job_id)
        assert court.ended(running)["outcome"] == "Result"
    fines = {silent: LOCK * 5 // 100, withholds: LOCK * 20 // 100}
    assert {name: before[name] - court.wealth(name) for name in PUPPETS} == fines
    assert court.burnt() - burnt == sum(fines.values())
    shown = court.fusion.json("job", "show", str(job_id))
    assert {(each["operator"], each["fault"], each["amount"]) for each in shown["slashed"]} == {
        (court.keys[silent].address, "silent", fines[silent]),
        (court.keys[withholds].address, "withheld", fines[withholds]),
    }
    assert shown["seats"][court.keys[withholds].address] == "withheld"
    assert len(shown["paid"]) == 2


def test_five_that_all_find_a_module_error_are_paid_and_the_royalty_goes_back(court: Court, tmp_path: Path) -> None:
    version = court.publish(tmp_path, "broken", 'raise KeyError("no such price")')
    offer = court.fusion.json("module", "offer", str(version), "--as", "ada", "--per-run", "2")["offer"]
    names = (*HONEST, *PUPPETS, "rita", "ada")
    before = {name: court.wealth(name) for name in names}
    run = (str(version), "--as", "rita", "--per-run", str(offer), "-n", "5", *RUN)
    with court.running(*run) as (job_id, running):
        court.behave(job_id)
        court.final(job_id)
        shown = court.ended(running)
    assert (shown["outcome"], shown["error"], len(shown["operators"])) == ("ModuleError", "KeyError", 5)
    assert len(set(shown["operators"].values())) == 1
    gained = {name: court.wealth(name) - before[name] for name in names}
    assert (gained["rita"], gained["ada"]) == (-FEE, 0)
    paid = sorted(gained[name] for name in (*HONEST, *PUPPETS))
    assert paid == [0, *[FEE // 5] * 5]
    assert court.fusion.json("revenue", "claim", "--as", "rita")["claimed"] == RUN_PRICE


def test_bytes_that_are_demanded_come_and_are_paid_for(court: Court, version: int) -> None:
    with court.running(str(version), "--as", "you", "--feed", "simulated:7", *RUN) as (job_id, running):
        court.behave(job_id)
        court.until(lambda: court.job(job_id).status == Status.PROPOSED)
        before = court.wealth("you")
        told = court.fusion.json("job", "demand", str(job_id), "--as", "you")
        deposit = court.chain.jobs.minimum_fee(court.job(job_id).fuel)
        court.final(job_id)
        shown = court.ended(running)
    assert (told["rows"], told["last"]) == (shown["rows"], shown["last"])
    assert told["blocks"] >= 3  # of the folder, its schema and its column
    assert before - court.wealth("you") == told["blocks"] * deposit


def test_a_canary_that_is_audited_and_answered_rightly_is_paid_back(court: Court, version: int) -> None:
    court.fusion.json("assurance", "fund", "1", "--as", "carol")
    committed = court.fusion.json("assurance", "canary", str(version), "--as", "you", "--submit-as", "carol", *RUN)
    with posted(court, version, "you", "--assurance", "100%") as (job_id, _, running):
        court.behave(job_id)
        court.until(lambda: court.job(job_id).status == Status.AUDITED)
        court.final(job_id)
        assert court.ended(running)["hash"] == committed["outcome"]
    audit = court.fusion.json("job", "show", str(job_id))
    assert (audit["assurance"], audit["verdict"]["votes"]) == ("100%", "1 of 1")
    before = court.wealth("you")
    opened = court.fusion.json("assurance", "open", str(job_id), "--as", "you")
    assert opened["right"]
    assert court.wealth("you") - before == opened["paid_back"] > 0
    assert court.fusion.json("assurance", "show")["assured_jobs"] == 0
