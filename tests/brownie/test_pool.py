"""AssurancePool: who pays for checking, audits that find a lie, and canaries."""

from conftest import FEE, LIE, RESULT, SPEC, TRUTH, refused
from eth_utils import keccak

ALWAYS = 1_000_000
POOL = FEE * ALWAYS // (3 * 1_000_000 + ALWAYS)
PAY = (FEE - POOL) // 3


def told(outcome):
    return lambda seated: dict.fromkeys(seated, outcome)


def test_an_auditor_that_agrees_is_paid_by_the_pool(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed, ppm=ALWAYS)
    house.run(job, people.eve)
    assert house.status(job) == "Audited"
    house.judge(job, people.eve)
    assert house.status(job) == "Proposed"
    house.finalize(job, people.eve)
    (auditor,) = house.sitting(house.panel, house.jobs.job(job)["panelId"])
    assert house.owed(auditor) == PAY
    assert house.pool.balance() == POOL - PAY
    assert house.pool.assuredJobs() == 1
    house.check_books()


def test_an_auditor_that_finds_another_outcome_calls_a_panel(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed, ppm=ALWAYS)
    house.run(job, people.eve, told(LIE))
    audit = house.jobs.job(job)["panelId"]
    house.judge(job, people.eve)
    (auditor,) = house.sitting(house.panel, audit)
    assert house.status(job) == "Disputed"
    house.judge(job, people.eve)
    assert house.status(job) == "Final"
    assert house.owed(auditor) == PAY
    assert all(house.owed(seat) == 0 for seat in house.sitting(house.jobs, job))
    house.check_books()


def canary(house, requester, outcome):
    """Commits to the answer of a job that is not posted yet. Returns what opens it."""
    outcome_hash, salt = keccak(bytes([RESULT]) + outcome), b"\x09" * 32
    commitment = house.pool.canaryOf(requester, keccak(SPEC), outcome_hash, salt)
    house.pool.commitCanary(commitment, {"from": house.owner})
    return outcome_hash, salt


def test_a_canary_that_was_answered_otherwise_calls_a_panel(house, people, crowd, licensed):
    opening = canary(house, people.rita, TRUTH)
    job = house.post(people.rita, *licensed)
    house.run(job, people.eve, told(LIE))
    with refused("NotRequester"):
        house.pool.openCanary(job, *opening, {"from": people.eve})
    house.pool.openCanary(job, *opening, {"from": people.rita})
    house.judge(job, people.eve)
    assert house.status(job) == "Final"
    assert house.owed(people.rita) == FEE + FEE // 3 * 110 // 100
    house.check_books()


def test_a_canary_is_paid_back_only_after_enough_assured_jobs(house, people, crowd, licensed):
    house.fund(people.ada, 10 * FEE, house.pool)
    house.pool.fund(10 * FEE, {"from": people.ada})
    assert house.pool.balance() == 10 * FEE
    opening = canary(house, people.rita, TRUTH)
    job = house.post(people.rita, *licensed)
    house.run(job, people.eve)
    house.finalize(job, people.eve)
    with refused("CanaryNotYet"):
        house.pool.openCanary(job, *opening, {"from": people.rita})
    assert house.owed(people.rita) == 0


def test_only_the_job_market_moves_the_pools_money(house, people):
    with refused("NotJobMarket"):
        house.pool.deposit(1, {"from": people.eve})
    with refused("NotJobMarket"):
        house.pool.pay(people.eve, 1, 1, {"from": people.eve})
