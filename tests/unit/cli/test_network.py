"""What `fusion up` says of a network that runs already."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.network import _tell_other_window
from fusion.chain.client import Chain
from fusion.chain.deployment import Deployment
from fusion.settings import Settings


def test_another_challenge_window_than_the_running_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(home=tmp_path, challenge_window=30)
    _tell_other_window(settings)  # no record of a deployment: nothing is known
    jobs = SimpleNamespace(windows=lambda: SimpleNamespace(challenge=2))
    monkeypatch.setattr(Deployment, "load", lambda path: None)
    monkeypatch.setattr(Chain, "connect", lambda rpc, deployment: SimpleNamespace(jobs=jobs))
    _tell_other_window(Settings(home=tmp_path, challenge_window=2))
    assert capsys.readouterr().err == ""
    _tell_other_window(settings)
    assert "challenge window of 2 s, and FUSION_CHALLENGE_WINDOW is 30: `fusion down`" in capsys.readouterr().err
