from pathlib import Path

import pytest

from fusion.chain.parameters import PRODUCTION, Parameters
from fusion.errors import BadInput


def test_the_presets_leave_time_to_unbond() -> None:
    for preset in (Parameters(), PRODUCTION, Parameters.local(2), Parameters.local(600)):
        assert preset.unbond_period >= preset.least_unbond_period


def test_the_local_networks_challenge_window_is_a_setting() -> None:
    assert Parameters.local(2) == Parameters()
    assert Parameters.local(600).windows.challenge == 600


def test_production_has_hours() -> None:
    windows = PRODUCTION.windows
    assert min(windows.open, windows.commit, windows.reveal, windows.challenge) >= 3600


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    file = tmp_path / "parameters.toml"
    file.write_text("minimum_stake = 5\n[windows]\nchallenge = 7_200\n")

    changed = PRODUCTION.changed(file)

    assert (changed.minimum_stake, changed.windows.challenge) == (5, 7_200)
    assert (changed.fee_delay, changed.windows.open) == (PRODUCTION.fee_delay, PRODUCTION.windows.open)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("minimum_steak = 5", r"names 'minimum_steak'; known are protocol_fee_bps, .*search_post$"),
        ("windows = 5", "is 5: make it a table"),
        ("[windows]\nclose = 5", "names 'close'; known are open, commit"),
        ("minimum_stake = 5.5", "minimum_stake in .* is 5.5: give a whole number, 0 or more"),
        ("minimum_stake = true", "is True: give a whole number"),
        ("minimum_stake = -1", "is -1: give a whole number"),
        ("protocol_fee_bps = 501", "protocol_fee_bps is 501: at most 500"),
        ("unbond_period = 5", r"unbond_period is 5 seconds: .* half of \d+, so give that or more"),
        ("[windows]\nopen = 0", "windows.open is 0: give one or more"),
        ("[windows]\nconfirmations = 16", "windows.confirmations is 16: below 16"),
        ("recorders = 17\nrecorder_quorum = 9", "at most 16 recorders, and a quorum of more than half of them"),
        ("recorders = 4\nrecorder_quorum = 2", "recorders is 4 and recorder_quorum 2: give"),
        ("recorder_quorum = 6", "recorders is 5 and recorder_quorum 6: give"),
        ("window_reveal = 0", "window_reveal is 0: give one or more"),
        ("x", "is no TOML"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "parameters.toml"
    file.write_text(text)

    with pytest.raises(BadInput, match=told):
        PRODUCTION.changed(file)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"no file {tmp_path}/none"):
        PRODUCTION.changed(tmp_path / "none")
    with pytest.raises(BadInput, match=f"{tmp_path} cannot be read: Is a directory"):
        PRODUCTION.changed(tmp_path)
