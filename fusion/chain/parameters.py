"""What a deployment is made with: two presets, and files that change some of it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Self

from fusion.chain.contracts import Windows
from fusion.errors import BadInput

MUSD = 10**6  # base units of one mock dollar
HOUR = 3600
DAY = 24 * HOUR
MAX_FEE_BPS = 500
SEED_LIFETIME = 32  # blocks, as in contracts/Assignment.sol
MAX_RECORDERS = 16
REDRAWS = 2


@dataclass(frozen=True, slots=True)
class Parameters:
    """The immutables of a deployment; the defaults are the local network's. Money in base units, time in seconds.

    Attributes:
        protocol_fee_bps: the first protocolFee.
        fee_delay: from the setting of a higher protocolFee to its first second.
        minimum_stake: of an operator that may be drawn.
        minimum_fee: least jobFee for each begun minute of fuel.
        lock_multiple: stake locked for each seat, in jobFees.
        max_fuel: most that a job may ask for.
        unbond_period: from asking stake back to having it; at least `least_unbond_period`.
        canary_interval: assured jobs between two canaries that are paid back.
        recorders: most accounts that may record windows of market data.
        recorder_quorum: equal digests that record a window; more than half of `recorders`.
        recorder_lock: what a recorder ties to each window, and loses where it deviates.
        window_commit: to commit to a window's content, once it is over.
        window_reveal: to reveal it.
        search_reveal: to reveal candidates, once the window is recorded.
        search_post: to post scoring jobs and register scores, beside what the jobs may take.
        windows: of jobs and panels.
    """

    protocol_fee_bps: int = 250
    fee_delay: int = 60
    minimum_stake: int = 1_000 * MUSD
    minimum_fee: int = 30_000
    lock_multiple: int = 10
    max_fuel: int = 200_000_000_000
    unbond_period: int = 6_300
    canary_interval: int = 20
    recorders: int = 3
    recorder_quorum: int = 2
    recorder_lock: int = 100 * MUSD
    window_commit: int = 60
    window_reveal: int = 60
    search_reveal: int = 60
    search_post: int = 60
    windows: Windows = field(
        default=Windows(open=120, commit=60, reveal=60, challenge=2, fuel_per_second=500_000_000, confirmations=2)
    )

    def __post_init__(self) -> None:
        """Refuses before anything is sent what a constructor would refuse after half of the contracts are made."""
        if self.protocol_fee_bps > MAX_FEE_BPS:
            raise BadInput(f"protocol_fee_bps is {self.protocol_fee_bps}: at most {MAX_FEE_BPS}")
        for name in ("open", "commit", "reveal", "fuel_per_second", "confirmations"):
            if not getattr(self.windows, name):
                raise BadInput(f"windows.{name} is 0: give one or more")
        if self.windows.confirmations >= SEED_LIFETIME // 2:
            raise BadInput(f"windows.confirmations is {self.windows.confirmations}: below {SEED_LIFETIME // 2}")
        if not self.recorders // 2 < self.recorder_quorum <= self.recorders <= MAX_RECORDERS:
            raise BadInput(
                f"recorders is {self.recorders} and recorder_quorum {self.recorder_quorum}: give at most "
                f"{MAX_RECORDERS} recorders, and a quorum of more than half of them"
            )
        for name in ("recorder_lock", "window_commit", "window_reveal"):
            if not getattr(self, name):
                raise BadInput(f"{name} is 0: give one or more")
        if self.unbond_period < self.least_unbond_period:
            raise BadInput(
                f"unbond_period is {self.unbond_period} seconds: a job with all its disputes may take half of "
                f"{self.least_unbond_period}, so give that or more"
            )

    @property
    def least_unbond_period(self) -> int:
        """Twice the longest life of a job: stake asked back when it is posted must outlive it."""
        each = self.windows
        run = each.open + each.commit + self.max_fuel // each.fuel_per_second
        return 2 * ((1 + REDRAWS) * run + each.reveal + each.challenge + 2 * (run + each.reveal))

    @classmethod
    def local(cls, challenge: int) -> Self:
        """The local network's, with a challenge window of so many seconds."""
        usual = cls()
        windows = replace(usual.windows, challenge=challenge)
        longer = 2 * max(0, challenge - usual.windows.challenge)
        return replace(usual, windows=windows, unbond_period=usual.unbond_period + longer)

    def changed(self, file: Path) -> Self:
        """These with what a TOML file says otherwise: numbers by name, those of `windows` in a table."""
        try:
            told = tomllib.loads(file.read_text())
        except FileNotFoundError:
            raise BadInput(f"no file {file}") from None
        except OSError as error:
            raise BadInput(f"{file} cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{file} is no TOML: {error}") from error
        inner = told.pop("windows", {})
        if not isinstance(inner, dict):
            raise BadInput(f"windows in {file} is {inner!r}: make it a table")
        windows = replace(self.windows, **_numbers(inner, Windows, f"windows in {file}"))
        return replace(self, windows=windows, **_numbers(told, Parameters, str(file)))


PRODUCTION = Parameters(
    fee_delay=7 * DAY,
    minimum_stake=1_000 * MUSD,
    max_fuel=10**13,
    unbond_period=7 * DAY,
    recorders=5,
    recorder_quorum=3,
    recorder_lock=1_000 * MUSD,
    window_commit=HOUR,
    window_reveal=HOUR,
    search_reveal=DAY,
    search_post=DAY,
    windows=Windows(open=HOUR, commit=HOUR, reveal=HOUR, challenge=DAY, fuel_per_second=500_000_000, confirmations=12),
)


def _numbers(told: Mapping[str, object], kind: type[Parameters] | type[Windows], where: str) -> dict[str, int]:
    known = [each.name for each in fields(kind) if each.name != "windows"]
    found: dict[str, int] = {}
    for name, value in told.items():
        if name not in known:
            raise BadInput(f"{where} names {name!r}; known are {', '.join(known)}")
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise BadInput(f"{name} in {where} is {value!r}: give a whole number, 0 or more")
        found[name] = value
    return found
