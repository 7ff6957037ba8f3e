"""A job that nobody disputes: from post to pay, and the ways it can come to nothing."""

from brownie import chain
from conftest import (
    DEAD,
    FEE,
    FEE_BPS,
    LIE,
    LOCK_MULTIPLE,
    MINIMUM_FEE,
    MODULE_ERROR,
    RESULT,
    RUN_PRICE,
    SALT,
    TRIAL,
    TRUTH,
    WINDOWS,
    refused,
)

LOCK = LOCK_MULTIPLE * FEE


def test_from_post_to_claim(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    assert house.status(job) == "Open"
    tallied = house.run(job, people.eve)
    assert tallied.events["Proposed"]["votes"] == 3
    with refused("DeadlineNotPassed"):
        house.jobs.finalize(job, {"from": people.eve})
    paid = house.finalize(job, people.eve)
    seated = house.sitting(house.jobs, job)
    assert list(paid.events["Finalized"]["paid"]) == seated
    assert [house.owed(seat) for seat in seated] == [FEE // 3 + FEE % 3, FEE // 3, FEE // 3]
    assert all(house.staking.operator(seat)["locked"] == 0 for seat in seated)
    house.ledger.claim([house.usd], seated[0], {"from": seated[0]})
    assert house.usd.balanceOf(seated[0]) == FEE // 3 + FEE % 3
    house.check_books()


def test_a_single_run_pays_its_price_to_the_version(house, people, crowd):
    offer, version, table = house.sell(people.ada)
    with refused("RunPriceTooLow"):
        house.post(people.rita, version, 0, offer=offer, run_price=RUN_PRICE - 1)
    job = house.post(people.rita, version, 0, offer=offer, run_price=RUN_PRICE)
    house.run(job, people.eve)
    house.finalize(job, people.eve)
    net = RUN_PRICE - RUN_PRICE * FEE_BPS // 10_000
    assert house.ledger.received(version, house.usd) == net
    house.ledger.settle(version, house.usd, table, {"from": people.eve})
    assert house.owed(people.ada) == net


def test_an_error_of_the_module_pays_operators_and_returns_the_price(house, people, crowd):
    offer, version, _ = house.sell(people.ada)
    job = house.post(people.rita, version, 0, n=5, k=3, offer=offer, run_price=RUN_PRICE)
    house.run(job, people.eve, lambda seated: dict.fromkeys(seated, (MODULE_ERROR, b"line 3")))
    house.finalize(job, people.eve)
    assert house.owed(people.rita) == RUN_PRICE
    assert sum(house.owed(seat) for seat in house.sitting(house.jobs, job)) == FEE
    assert house.ledger.received(version, house.usd) == 0


def test_terms_that_cannot_be_met_are_refused(house, people, crowd, licensed):
    version, license_id = licensed
    with refused("QuorumInvalid"):
        house.post(people.rita, version, license_id, n=4, k=3)
    with refused("FeeTooLow"):
        house.post(people.rita, version, license_id, fee=MINIMUM_FEE - 1)
    with refused("ValueTooHigh"):
        house.post(people.rita, version, license_id, ppm=100_000, value=house.jobs.boundOf(100_000, 3, LOCK) + 1)
    with refused("NotLicensed"):
        house.post(people.eve, version, license_id)


def test_a_job_ends_the_trial_of_its_license(house, people, crowd):
    offer, version, _ = house.sell(people.ada, trial=TRIAL)
    license_id = house.buy(people.rita, offer, version)
    house.post(people.rita, version, license_id)
    with refused("NotRefundable"):
        house.market.refund(license_id, {"from": people.rita})


def test_who_is_silent_is_fined_and_replaced(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.assign(house.jobs, job, people.eve)
    first = house.sitting(house.jobs, job)
    chain.sleep(1_000)
    chain.mine()
    house.jobs.expire(job, {"from": people.eve})
    assert house.status(job) == "Open"
    assert house.owed(DEAD) == 3 * LOCK * 5 // 100
    house.assign(house.jobs, job, people.eve)
    second = house.sitting(house.jobs, job)
    assert not set(first) & set(second)
    house.attest(house.jobs, job, dict.fromkeys(second, TRUTH))
    house.jobs.tally(job, {"from": people.eve})
    house.finalize(job, people.eve)
    assert house.status(job) == "Final"
    house.check_books()


def test_who_withholds_is_fined_and_the_others_are_paid(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.assign(house.jobs, job, people.eve)
    seated = house.sitting(house.jobs, job)
    house.commit(house.jobs, job, dict.fromkeys(seated, TRUTH))
    house.reveal(house.jobs, job, dict.fromkeys(seated[:2], TRUTH))
    with refused("CommitmentMismatch"):
        house.jobs.reveal(job, RESULT, LIE, SALT, {"from": seated[2]})
    chain.sleep(WINDOWS[2] + 1)
    chain.mine()
    house.jobs.tally(job, {"from": people.eve})
    house.finalize(job, people.eve)
    assert house.staked(seated[2]) == house.staked(seated[0]) - LOCK * 20 // 100
    assert house.owed(seated[2]) == 0
    assert sum(house.owed(seat) for seat in seated[:2]) == FEE


def test_a_commitment_is_one_operators_and_kept(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.assign(house.jobs, job, people.eve)
    first, second, _ = house.sitting(house.jobs, job)
    house.commit(house.jobs, job, {first: TRUTH})
    with refused("AlreadyCommitted"):
        house.jobs.commit(job, b"\x01" * 32, {"from": first})
    with refused("EmptyCommitment"):
        house.jobs.commit(job, b"\x00" * 32, {"from": second})
    with refused("NotAssignee"):
        house.jobs.commit(job, b"\x01" * 32, {"from": people.eve})
    with refused("WrongStatus"):
        house.jobs.reveal(job, RESULT, TRUTH, SALT, {"from": first})


def test_a_job_that_is_never_assigned_is_paid_back(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    chain.sleep(WINDOWS[0] + 1)
    chain.mine()
    house.jobs.expire(job, {"from": people.eve})
    assert house.status(job) == "Failed"
    assert house.owed(people.rita) == FEE


def test_a_pause_stops_new_jobs_and_no_other(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.jobs.pause({"from": house.owner})
    with refused("IsPaused"):
        house.post(people.rita, *licensed)
    house.run(job, people.eve)
    house.finalize(job, people.eve)
    assert house.status(job) == "Final"
