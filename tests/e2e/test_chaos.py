"""Operators under fire, the small form: five processes, a dozen jobs, and what breaks while they run.

The large form, of fourteen operators and two hundred jobs, is `python -m tests.soak.chaos`: see docs/reliability.md.
"""

from pathlib import Path

import pytest

from sandbox.image import Image
from tests.soak.chaos import chaos
from tests.soak.scale import scale

pytestmark = pytest.mark.e2e

OPERATORS, JOBS, SEED = 5, 12, 1
BROKEN = 3  # things at least, in the time that the jobs take


def test_every_job_ends_and_nobody_loses_what_is_his(tmp_path: Path, image: Image) -> None:
    told, picture = chaos(tmp_path, image, scale(OPERATORS, JOBS), SEED)
    assert told["breaches"] == []
    assert told["jobs"]["posted"] == JOBS
    assert told["jobs"]["final"] + sum(told["jobs"]["failed"].values()) == JOBS
    assert sum(told["faults"].values()) >= BROKEN
    assert picture.startswith("<svg")
