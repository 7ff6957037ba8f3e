"""WindowRegistry and SearchMarket: a search from its post to its reward, with real jobs, and one without a window."""

import struct

import pytest
from brownie import chain
from conftest import DEAD, FEE, FUEL, RECORDING, RESULT, SALT, refused
from eth_utils import keccak

REWARD, BOND = 50_000_000, 5_000_000
DIGEST, LIE = keccak(text="what the market did"), keccak(text="what it did not")
TEMPLATE = [b"head", b"middle"]
ONE, TWO, THREE = b"one", b"two", b"three"
OPEN, AWAITING, REVEALING, SCORING, FINAL, FAILED = range(1, 7)  # of SearchStatus
LOCK = RECORDING[4]


def document(score):
    """{"run": 32 bytes, "kind": "Result", "outputs": {"score": ["<f8", 8 bytes]}} as deterministic CBOR."""
    middle = b"\x64kind\x66Result\x67outputs\xa1\x65score\x82\x63<f8\x48"
    return b"\xa3\x63run\x58\x20" + bytes(32) + middle + struct.pack("<d", score)


@pytest.fixture
def recorders(house, accounts):
    for account in accounts[5:8]:
        house.fund(account, LOCK, house.windows)
        house.windows.deposit(LOCK, {"from": account})
        house.windows.listRecorder(account, True, {"from": house.owner})
    return accounts[5:8]


@pytest.fixture
def search(house, people, licensed):
    """A search of Rita's on a minute that begins in ten, with a candidate of Ada's and two of Ben's."""
    version, _ = licensed
    start = chain.time() + 600
    window = ("binance", "BTCUSDT", start, start + 60)
    house.fund(people.rita, REWARD, house.searches)
    terms = (window, version, FUEL, FEE, 0, 3, 2, REWARD, BOND, start, TEMPLATE)
    house.searches.post(terms, {"from": people.rita})
    number = house.searches.searchCount()
    for solver, settings in ((people.ada, ONE), (people.ben, TWO), (people.ben, THREE)):
        house.fund(solver, BOND, house.searches)
        commitment = house.searches.commitmentOf(number, solver, settings, SALT)
        house.searches.commit(number, commitment, {"from": solver})
    return number, window


def record(house, window, said):
    key = house.windows.keyOf(window)
    for account, digest in said.items():
        commitment = house.windows.recordingOf(key, account, digest, SALT)
        house.windows.commitWindow(window, commitment, {"from": account})
    for account, digest in said.items():
        house.windows.revealWindow(key, digest, SALT, {"from": account})
    house.windows.closeWindow(key, {"from": house.owner})


def over(window):
    chain.sleep(window[3] - chain.time() + 1)
    chain.mine()


def test_the_best_candidate_is_paid(house, people, crowd, licensed, recorders, search):
    number, window = search
    first, second, liar = recorders
    assert house.searches.search(number)["status"] == OPEN
    with refused("WindowNotOver"):
        house.windows.commitWindow(window, b"\x01" * 32, {"from": first})

    over(window)
    assert house.searches.search(number)["status"] == AWAITING
    record(house, window, {first: DIGEST, second: DIGEST, liar: LIE})
    assert [house.windows.recorder(each)["free"] for each in recorders] == [LOCK, LOCK, 0]

    with refused("NotSolver"):
        house.searches.reveal(number, 1, TEMPLATE, ONE, SALT, {"from": people.ben})
    house.searches.reveal(number, 1, TEMPLATE, ONE, SALT, {"from": people.ada})
    house.searches.reveal(number, 2, TEMPLATE, TWO, SALT, {"from": people.ben})
    assert house.searches.search(number)["status"] == REVEALING
    chain.sleep(61)
    chain.mine()
    assert house.searches.search(number)["status"] == SCORING

    worse = scoring_job(house, people, licensed, ONE, document(-1.5))
    with refused("SpecMismatch"):
        house.searches.score(number, 2, worse, document(-1.5), {"from": people.eve})
    with refused("OutcomeMismatch"):
        house.searches.score(number, 1, worse, document(9.0), {"from": people.eve})
    house.searches.score(number, 1, worse, document(-1.5), {"from": people.eve})
    better = scoring_job(house, people, licensed, TWO, document(0.25))
    house.searches.score(number, 2, better, document(0.25), {"from": people.eve})
    house.searches.finalize(number, {"from": people.eve})
    assert house.searches.search(number)["status"] == FINAL
    assert house.owed(people.ben) == REWARD + BOND
    assert house.owed(people.ada) == BOND
    assert house.owed(DEAD) == BOND + LOCK
    assert house.ledger.held(house.usd) == 2 * LOCK
    house.check_books()


def scoring_job(house, people, licensed, settings, outcome):
    """Runs a job of Rita's license, whose seats all say the same."""
    spec = b"head" + DIGEST + b"middle" + settings
    version, license_id = licensed
    house.fund(people.rita, FEE, house.jobs)
    asked = (version, license_id, 0, 0, FEE, 0, FUEL, 0, 3, 2)
    job = house.jobs.post(asked, spec, {"from": people.rita}).events["Posted"]["jobId"]
    house.run(job, people.eve, lambda seated: dict.fromkeys(seated, (RESULT, outcome)))
    house.finalize(job, people.eve)
    return job


def test_without_a_window_everything_goes_back(house, people, recorders, search):
    number, window = search
    over(window)
    first, second, third = recorders
    record(house, window, {first: DIGEST, second: LIE, third: b"\x01" * 32})
    house.searches.expire(number, {"from": people.eve})
    assert house.searches.search(number)["status"] == FAILED
    for candidate in (1, 2, 3):
        house.searches.refund(number, candidate, {"from": people.eve})
    with refused("WrongCandidateStatus"):
        house.searches.refund(number, 1, {"from": people.eve})
    assert (house.owed(people.rita), house.owed(people.ada), house.owed(people.ben)) == (REWARD, BOND, 2 * BOND)
    assert house.ledger.held(house.usd) == 3 * LOCK
    house.check_books()
