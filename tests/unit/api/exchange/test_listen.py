"""A listen key is its API key's, for an hour, and leaves nothing behind."""

import pytest

from api.exchange.listen import ListenKeys, Owner
from api.exchange.refusal import Refusal

HOUR = 3_600_000
ANN, BOB = Owner(2, "ann"), Owner(3, "bob")


@pytest.fixture
def keys() -> ListenKeys:
    return ListenKeys(lambda key: key in {"ann", "bob"})


def test_it_is_the_same_one_until_it_is_over(keys):
    first = keys.start(ANN, 0)
    assert keys.start(ANN, HOUR - 1) == first
    assert keys.owner(first, 2 * HOUR - 2) == ANN
    assert keys.owner(first, 2 * HOUR - 1) is None
    assert keys.start(BOB, 0) != first


def test_an_old_one_does_not_end_the_new_one(keys):
    old = keys.start(ANN, 0)
    new = keys.start(ANN, 2 * HOUR)
    for act in (keys.stop, keys.keep):
        with pytest.raises(Refusal, match="does not exist"):
            act(old, ANN.account, 2 * HOUR)
    assert keys.owner(new, 2 * HOUR) == ANN
    keys.stop(new, ANN.account, 2 * HOUR)
    assert keys.owner(new, 2 * HOUR) is None
    assert keys.start(ANN, 2 * HOUR) != new


def test_another_users_is_none(keys):
    key = keys.start(ANN, 0)
    for act in (keys.stop, keys.keep):
        with pytest.raises(Refusal, match="does not exist"):
            act(key, BOB.account, 1)


def test_one_of_a_revoked_key_is_over():
    known = {"ann"}
    keys = ListenKeys(known.__contains__)
    key = keys.start(ANN, 0)
    known.clear()
    assert keys.owner(key, 1) is None
    with pytest.raises(Refusal):
        keys.keep(key, ANN.account, 1)


def test_those_that_are_over_are_forgotten(keys, monkeypatch):
    monkeypatch.setattr("api.exchange.listen._MOST", 2)
    keys = ListenKeys(lambda _: True)
    for number in range(10):
        keys.start(Owner(number, str(number)), number * HOUR)
    assert len(keys._keys) == len(keys._of) <= 3
