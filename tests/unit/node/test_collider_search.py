"""The trivial search: seeded, the same with any number of threads, and honest about what failed."""

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from fusion.content.cid import Cid
from fusion.errors import BadInput, FusionError
from fusion.sdk import Interface, Scalar, Setting
from node.collider.scorer import Scorer, check_scorer, score_of
from node.collider.search import search
from node.collider.space import Choice, Range, draw, parse_space
from sandbox.code import Limits, ModuleCode
from sandbox.message import Run
from sandbox.outcome import LimitHit, ModuleError, NoVote, Outcome, Refused, Result

INTERFACE = Interface(
    "signal",
    {"bid": "float64"},
    {"score": "float"},
    {
        "span": Setting("int", 20),
        "band": Setting("float", 0.2),
        "log": Setting("bool", False),
        "mode": Setting("str", "mean"),
    },
)
START: dict[str, Scalar] = {"span": 20, "band": 0.2}
SPACE = {"span": Range(int, 1, 50), "band": Range(float, 0.0, 1.0)}


def near(settings: Mapping[str, Scalar]) -> float:
    return -abs(float(settings["span"]) - 30) - float(settings["band"])


# The space


def test_a_space_is_read() -> None:
    texts = {"span": "2:200:log", "band": "0:0.5", "log": "false|true", "mode": "mean|ema|mean"}
    assert parse_space(texts, INTERFACE) == {
        "span": Range(int, 2, 200, log=True),
        "band": Range(float, 0.0, 0.5),
        "log": Choice((False, True)),
        "mode": Choice(("mean", "ema")),
    }
    assert parse_space({"span": "3|5"}, INTERFACE) == {"span": Choice((3, 5))}


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ({}, "nothing is varied"),
        ({"spam": "1:2"}, "signal has no such setting; its settings are span, band, log, mode"),
        ({"span": "2"}, None),
        ({"span": "9:2"}, "LOW has to be below HIGH"),
        ({"span": "2:2"}, "LOW has to be below HIGH"),
        ({"span": "0:9:log"}, "a logarithmic range begins above zero"),
        ({"span": "1:9:exp"}, "write a range as LOW:HIGH or LOW:HIGH:log"),
        ({"span": "1:9.5"}, "'9.5' is no int"),
        ({"span": f"1:{2**70}"}, "is no int that a setting can have"),
        ({"band": "0:inf"}, "'inf' is no float"),
        ({"band": "a|b"}, "'a' is no float"),
        ({"log": "yes"}, "'yes' is neither true nor false"),
    ],
)
def test_a_space_that_is_none_is_refused(texts: dict[str, str], told: str | None) -> None:
    if told is None:
        assert parse_space(texts, INTERFACE) == {"span": Choice((2,))}
        return
    with pytest.raises(BadInput, match=told.replace("|", r"\|")):
        parse_space(texts, INTERFACE)


@pytest.mark.parametrize(
    "varied", [Range(int, 2, 5), Range(int, 1, 4, log=True), Range(float, 0.5, 2.0), Range(float, 0.5, 2.0, log=True)]
)
def test_draws_stay_within_a_range_and_reach_its_ends(varied: Range) -> None:
    random = np.random.default_rng(1)
    drawn = [varied.draw(random) for _ in range(400)]
    assert {type(value) for value in drawn} == {varied.kind}
    assert varied.low <= min(drawn) <= max(drawn) <= varied.high
    if varied.kind is int:
        assert set(drawn) == set(range(int(varied.low), int(varied.high) + 1))


def test_every_choice_is_drawn() -> None:
    random = np.random.default_rng(1)
    assert {draw({"mode": Choice(("a", "b"))}, random)["mode"] for _ in range(50)} == {"a", "b"}


# The search


def test_the_best_of_the_trials_is_found() -> None:
    told: list[tuple[str, float]] = []
    found = search(near, SPACE, START, trials=50, seed=3, report=lambda text, part: told.append((text, part)))
    assert found.score == near(found.settings) > near(START)
    assert (found.trials, found.failed) == (50, 0)
    assert told[-1] == (f"50 of 50, best {found.score:.4g}", 1.0)
    assert [part for _, part in told] == sorted(part for _, part in told)


def test_it_is_the_same_with_any_number_of_threads() -> None:
    assert search(near, SPACE, START, trials=40, seed=3) == search(near, SPACE, START, trials=40, seed=3, threads=4)
    assert search(near, SPACE, START, trials=40, seed=3) != search(near, SPACE, START, trials=40, seed=4)


def test_the_start_is_a_trial_and_of_equals_the_first_is_taken() -> None:
    assert search(lambda settings: 1.0, SPACE, START, trials=9, seed=1).settings == START
    assert search(near, SPACE, START, trials=1, seed=1).settings == START


def test_no_settings_are_tried_twice() -> None:
    tried: list[tuple[Scalar, ...]] = []

    def noted(settings: Mapping[str, Scalar]) -> float:
        tried.append(tuple(settings.values()))
        return 0.0

    found = search(noted, {"span": Range(int, 1, 3)}, {"span": 1}, trials=64, seed=1)
    assert sorted(tried) == [(1,), (2,), (3,)]
    assert found.trials == 3


def test_what_fails_is_counted() -> None:
    def odd(settings: Mapping[str, Scalar]) -> float | None:
        return None if int(settings["span"]) % 2 else 1.0

    found = search(odd, SPACE, START, trials=30, seed=1)
    assert 0 < found.failed < 30
    with pytest.raises(FusionError, match="none of 30 settings gave a score"):
        search(lambda settings: None, SPACE, START, trials=30, seed=1)
    with pytest.raises(BadInput, match="0 trials"):
        search(near, SPACE, START, trials=0, seed=1)


def test_a_fault_ends_it_at_once() -> None:
    calls = []

    def broken(settings: Mapping[str, Scalar]) -> float:
        calls.append(settings)
        raise BadInput("no")

    with pytest.raises(BadInput):
        search(broken, SPACE, START, trials=500, seed=1, threads=2)
    assert len(calls) < 500


# The scorer

CODE = ModuleCode(Cid.directory(bytes(32)), {"module.py": b""}, "signal")
COLUMNS = {"bid": np.arange(5.0)}


def scorer(memory: Path, run: Callable[[Run], Outcome], **other: object) -> Scorer:
    given = {"limits": Limits(), "seed": 0, "image": bytes(32)} | other
    return Scorer(CODE, COLUMNS, run, memory=memory, **given)


def test_scores_are_remembered_by_what_was_run(tmp_path: Path) -> None:
    runs: list[Run] = []

    def run(task: Run) -> Outcome:
        runs.append(task)
        return Result({"score": np.array(float(task.settings["span"]))}, 1)

    memory = tmp_path / "trials" / "a.jsonl"
    first = scorer(memory, run)
    assert [first({"span": 3}), first({"span": 4}), first({"span": 3})] == [3.0, 4.0, 3.0]
    assert (len(runs), first.remembered) == (2, 1)
    with memory.open("a") as file:
        file.write('{"run": "ab')  # the machine stopped here

    again = scorer(memory, run)
    assert [again({"span": 4}), again({"span": 5})] == [4.0, 5.0]
    assert (len(runs), again.remembered) == (3, 1)
    assert scorer(memory, run)({"span": 5}) == 5.0
    scorer(memory, run, seed=1)({"span": 5})
    assert len(runs) == 4
    assert [run.inputs for run in runs] == [COLUMNS] * 4


def test_a_memory_that_is_none_is_refused(tmp_path: Path) -> None:
    memory = tmp_path / "a.jsonl"
    memory.write_text("scores\n" + json.dumps({"run": "ab", "score": 1.0}) + "\n")
    with pytest.raises(BadInput, match="line 1, is no score: remove the file to begin anew"):
        scorer(memory, lambda task: Refused(""))


@pytest.mark.parametrize(
    ("outcome", "remembered"),
    [
        (ModuleError("ValueError", (), "no", 1), True),
        (LimitHit("fuel"), True),
        (Result({"score": np.array(np.nan)}, 1), True),
        (Result({"score": np.array([1.0])}, 1), True),
        (Result({"value": np.array(1.0)}, 1), True),
        (LimitHit("memory"), False),
        (LimitHit("deadline"), False),
        (NoVote("crashed"), False),
    ],
)
def test_a_run_without_a_score_is_none(tmp_path: Path, outcome: Outcome, remembered: bool) -> None:
    assert score_of(outcome) is None
    found = scorer(tmp_path / "a.jsonl", lambda task: outcome)
    assert [found({"span": 1}), found({"span": 1})] == [None, None]
    assert found.remembered == remembered


def test_what_does_not_fit_ends_the_search(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such port"):
        scorer(tmp_path / "a.jsonl", lambda task: Refused("no such port"))({"span": 1})


def test_threads_share_a_memory(tmp_path: Path) -> None:
    barrier = threading.Barrier(4)

    def run(task: Run) -> Outcome:
        barrier.wait(10)
        return Result({"score": np.array(float(task.settings["span"]))}, 1)

    memory = tmp_path / "a.jsonl"
    found = search(
        scorer(memory, run), {"span": Range(int, 1, 4)}, {"span": 1}, trials=4, seed=1, threads=4
    )  # fmt: skip
    assert found.score == 4.0
    assert len(memory.read_text().splitlines()) == 4


def test_a_scorer_returns_one_score_of_settings() -> None:
    check_scorer(INTERFACE)
    for outputs in ({"value": "float"}, {"score": "int"}, {"score": "float64"}, {"score": "float", "more": "float64"}):
        with pytest.raises(BadInput, match="a scorer returns a NamedTuple of one field, score: float"):
            check_scorer(Interface("f", {"x": "float64"}, outputs, INTERFACE.settings))
    with pytest.raises(BadInput, match="nothing to search"):
        check_scorer(Interface("f", {"x": "float64"}, {"score": "float"}))
