import sys

import pytest

from sandbox.progress import Steps, expected


def test_a_step_never_claims_its_end() -> None:
    fractions = [expected(second, 10) for second in range(300)]
    assert fractions[0] == 0
    assert fractions[5] == pytest.approx(0.5)
    assert fractions == sorted(fractions)
    assert fractions[20] < 1


def test_the_curve_has_no_jump() -> None:
    steps = [expected((n + 1) / 100, 10) - expected(n / 100, 10) for n in range(2000)]
    assert max(steps) == pytest.approx(0.001, rel=1e-6)


def run(command: list[str], reports: list[tuple[str, float]]) -> tuple[int, str]:
    steps = Steps(lambda text, fraction: reports.append((text, fraction)), 2.0)
    return steps.run("Working", 1.0, [sys.executable, "-c", *command], {})


def test_steps_report_while_they_run() -> None:
    reports: list[tuple[str, float]] = []
    assert run(["import time; time.sleep(0.3)"], reports) == (0, "")
    fractions = [fraction for _, fraction in reports]
    assert len(fractions) >= 3
    assert fractions == sorted(fractions)
    assert reports[-1] == ("Working", 0.5)


def test_a_failure_is_told_by_its_last_line() -> None:
    assert run(["import sys; print('first\\nno space', file=sys.stderr); sys.exit(3)"], []) == (3, "no space")


def test_an_interrupt_ends_the_child() -> None:
    def interrupt(_text: str, fraction: float) -> None:
        if fraction > 0.01:
            raise KeyboardInterrupt

    steps = Steps(interrupt, 1.0)
    with pytest.raises(KeyboardInterrupt):
        steps.run("Working", 1.0, [sys.executable, "-c", "import time; time.sleep(600)"], {})
