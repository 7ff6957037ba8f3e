"""The verdict on the contracts is not lenient: what is missing, unreached or too big is said."""

import json
from pathlib import Path

import pytest

from contracts import check
from contracts.check import CheckFailed

LCOV = """TN:
SF:contracts/Sale.sol
DA:1,4
DA:2,0
BRDA:1,0,0,3
BRDA:1,0,1,-
end_of_record
SF:contracts/interfaces/ISale.sol
end_of_record
"""

SUITE = "\n".join(f'_keep("{verb}", 60_000);' for verb in check.PRICED)


def test_a_branch_that_was_never_evaluated_is_not_reached() -> None:
    (found,) = check.parse_lcov(LCOV).values()
    assert check.reached(found.lines.values()) == 0.5
    assert check.reached(found.branches.values()) == 0.5


def test_files_without_code_count_for_nothing() -> None:
    assert list(check.parse_lcov(LCOV)) == ["contracts/Sale.sol"]


@pytest.mark.parametrize(
    ("spent", "told"),
    [
        ({"claim": 60_000}, "purchase, settle6, stake, commit, reveal, finalize3: not measured"),
        (dict.fromkeys(check.PRICED, 1) | {"claim": 60_001}, "claim takes 60,001 of 60,000"),
    ],
)
def test_gas_above_a_target_or_not_measured_fails(
    spent: dict[str, int], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "gas.json"
    kept.write_text(json.dumps({verb: str(amount) for verb, amount in spent.items()}))
    suite = tmp_path / "Gas.t.sol"
    suite.write_text(SUITE)
    monkeypatch.setattr(check, "GAS", kept)
    monkeypatch.setattr(check, "GAS_SUITE", suite)
    with pytest.raises(CheckFailed, match=told):
        check.gas()


def test_targets_are_read_where_the_gas_suite_says_them() -> None:
    assert check.gas_targets(SUITE)["claim"] == 60_000
    assert check.gas_targets('_keep("renew");') == {}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Compiler run failed", "forge ran no test"),
        (
            "Ran 2 test suites in 1s (1s CPU time): 3 tests passed, 1 failed, 0 skipped (4 total tests)",
            "1 tests failed",
        ),
        (
            "Ran 2 test suites in 1s (1s CPU time): 3 tests passed, 0 failed, 1 skipped (4 total tests)",
            "1 were skipped",
        ),
    ],
)
def test_suites_that_fail_skip_or_do_not_run_fail(said: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "run", lambda *_, **__: said)
    with pytest.raises(CheckFailed, match=told):
        check.suites(check.USUAL)


def test_a_program_that_fails_fails_its_check(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CheckFailed, match="exit code 3"):
        check.run(["sh", "-c", "echo why; exit 3"], {}, quiet=True)
    assert "why" in capsys.readouterr().out


def test_a_file_that_is_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "Long.sol").write_text("\n" * 401)
    monkeypatch.setattr(check, "ROOT", tmp_path)
    with pytest.raises(CheckFailed, match=r"contracts/Long.sol has 401 lines"):
        check.lengths()
