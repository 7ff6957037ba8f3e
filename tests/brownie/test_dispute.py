"""Jobs that a panel decides: who is slashed, and that every base unit goes where the rules say."""

import pytest
from brownie import chain
from conftest import DEAD, FEE, FUEL, LIE, LOCK_MULTIPLE, MINIMUM_STAKE, RESULT, TRUTH, UNAVAILABLE, refused

from fusion.market import verdict

LOCK = LOCK_MULTIPLE * FEE
TAKEN = max(LOCK, MINIMUM_STAKE // 10)
PAY = FEE // 3


def challenged(house, people, job):
    bond = house.jobs.bondOf(job)
    house.fund(people.cyd, bond, house.jobs)
    house.jobs.challenge(job, {"from": people.cyd})
    return bond


def lie_of(liars):
    return lambda seated: {seat: LIE if place in liars else TRUTH for place, seat in enumerate(seated)}


def test_a_lie_is_challenged_and_all_who_told_it_are_slashed(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.run(job, people.eve, lie_of({0, 1, 2}))
    bond = challenged(house, people, job)
    assert house.status(job) == "Disputed"
    resolved = house.judge(job, people.eve)

    liars = house.sitting(house.jobs, job)
    judges = house.sitting(house.panel, house.jobs.job(job)["panelId"])
    assert len(judges) == 7
    assert not set(judges) & set(liars)
    assert [house.staked(liar) for liar in liars] == [MINIMUM_STAKE - TAKEN] * 3
    assert [house.owed(liar) for liar in liars] == [0] * 3
    judged = resolved.events["Judged"]
    assert judged["slashed"] == 3 * TAKEN
    assert judged["toPanel"] == 7 * PAY
    assert judged["toChallenger"] == PAY * 110 // 100
    assert judged["toRequester"] == FEE
    assert sum(house.owed(judge) for judge in judges) == FEE + 7 * PAY
    assert house.owed(people.cyd) == bond + PAY * 110 // 100
    assert house.owed(people.rita) == FEE
    assert house.owed(DEAD) == judged["burned"] == 3 * TAKEN - 7 * PAY - PAY * 110 // 100 - FEE
    house.check_books()


def test_who_challenges_the_truth_loses_the_bond_to_the_panel(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.run(job, people.eve)
    bond = challenged(house, people, job)
    house.judge(job, people.eve)
    assert house.owed(people.cyd) == 0
    judges = house.sitting(house.panel, house.jobs.job(job)["panelId"])
    assert sum(house.owed(judge) for judge in judges) == bond
    assert sum(house.owed(seat) for seat in house.sitting(house.jobs, job)) == FEE
    assert all(house.staked(operator) == MINIMUM_STAKE for operator in crowd)
    house.check_books()


def test_challenging_ones_own_lie_loses_money(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.run(job, people.eve, lie_of({0, 1, 2}))
    liars = house.sitting(house.jobs, job)
    house.fund(liars[0], house.jobs.bondOf(job), house.jobs)
    house.jobs.challenge(job, {"from": liars[0]})
    house.judge(job, people.eve)
    back = sum(house.owed(liar) for liar in liars) + house.owed(people.rita)
    assert back < 3 * TAKEN // 10


def test_without_a_quorum_a_panel_decides_and_shares_the_fee(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed, n=3, k=3)
    house.run(job, people.eve, lie_of({2}))
    assert house.status(job) == "NoQuorum"
    house.judge(job, people.eve)
    seated = house.sitting(house.jobs, job)
    judges = house.sitting(house.panel, house.jobs.job(job)["panelId"])
    assert house.status(job) == "Final"
    assert sum(house.owed(who) for who in [*seated[:2], *judges]) == FEE
    assert house.staked(seated[2]) == MINIMUM_STAKE - TAKEN
    assert house.owed(people.rita) == FEE


def test_a_liar_on_the_panel_is_slashed_too(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.run(job, people.eve)
    challenged(house, people, job)
    house.judge(job, people.eve, lie_of({3}))
    judges = house.sitting(house.panel, house.jobs.job(job)["panelId"])
    assert house.staked(judges[3]) == MINIMUM_STAKE - TAKEN
    assert house.owed(judges[3]) == 0


def test_a_panel_without_a_majority_fails_the_job_and_slashes_nobody(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.run(job, people.eve)
    challenged(house, people, job)
    house.judge(job, people.eve, lambda seated: {who: bytes([place]) for place, who in enumerate(seated)})
    assert house.status(job) == "Failed"
    assert all(house.staked(operator) == MINIMUM_STAKE for operator in crowd)
    house.check_books()


def test_after_the_window_nobody_challenges(house, people, crowd, licensed):
    job = house.post(people.rita, *licensed)
    house.run(job, people.eve)
    chain.sleep(10)
    chain.mine()
    house.fund(people.cyd, house.jobs.bondOf(job), house.jobs)
    with refused("TooLate"):
        house.jobs.challenge(job, {"from": people.cyd})


@pytest.mark.parametrize(
    ("k", "seats", "panel"),
    [
        (2, "LLL", "TTTTTTT"),
        (2, "TTL", "TTTTLLT"),
        (2, "LLT", "LTTTLLT"),
        (2, "LLT", "LLLLTTT"),
        (2, "TTT", "LLLTTT-"),
        (3, "TLT", "TTTTTTT"),
        (3, "UTT", "LTTTTLL"),
        (3, "LTU", "LLUUTTT"),
    ],
)
def test_every_base_unit_goes_where_the_rules_say(house, people, crowd, licensed, k, seats, panel):
    """T is the truth, L a lie, U inputs that were not to be had, - a seat that is silent."""
    job = house.post(people.rita, *licensed, k=k)
    house.run(job, people.eve, lambda seated: spoken(seated, seats))
    bond = challenged(house, people, job) if house.status(job) == "Proposed" else 0
    house.judge(job, people.eve, lambda seated: spoken(seated, panel))

    seated = house.sitting(house.jobs, job)
    judges = house.sitting(house.panel, house.jobs.job(job)["panelId"])
    proposed = next((side for side in "TL" if seats.count(side) >= k), None)
    final = next((side for side in "TL" if 2 * panel.count(side) > len(panel)), None)
    guilty = sum(side in "TL" and side != final for side in seats + panel) if final else 0
    trial = verdict.Trial(
        fee=FEE,
        assurance_ppm=0,
        base=house.jobs.minimumFee(FUEL),
        called=verdict.Called.CHALLENGE if bond else verdict.Called.NO_QUORUM,
        bond=bond,
        proposed=attested(proposed),
        seats=[attested(side) for side in seats],
        panel=[attested(side) for side in panel],
        slashed=guilty * TAKEN,
    )
    paid = verdict.by_panel(trial)
    assert [house.owed(seat) for seat in seated] == list(paid.seats)
    assert [house.owed(judge) for judge in judges] == list(paid.panel)
    assert house.owed(people.cyd) == paid.challenger
    assert house.owed(people.rita) == paid.requester
    fines = sum(verdict.refused(trial)) * LOCK * 20 // 100 + panel.count("-") * LOCK * 5 // 100
    assert house.owed(DEAD) == paid.burned + fines
    house.check_books()


def attested(side):
    """What the rules call an outcome, in Python."""
    return {"T": TRUTH, "L": LIE, "U": verdict.Quiet.UNAVAILABLE}.get(side, verdict.Quiet.ABSENT)


def spoken(seated, sides):
    said = {"T": (RESULT, TRUTH), "L": (RESULT, LIE), "U": UNAVAILABLE}
    return {who: said[side] for who, side in zip(seated, sides, strict=True) if side != "-"}
