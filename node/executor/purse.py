"""What an operator does with its money beside its duties: stakes up, asks back when it drains, claims.

Each goes on in a thread of its own, one of a kind at a time. Nothing is remembered: what is due is read from the chain.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from fusion import log
from fusion.errors import ContractRefused, FusionError, Retryable
from node.executor.background import in_thread
from node.executor.bond import Bond, Standing
from node.executor.metrics import Metrics
from node.executor.terms import Terms
from node.executor.troubles import Troubles

BEGIN_TRIES = 5  # of registering and staking that the contract refuses
AGAIN = 30.0  # seconds until what failed is tried again


class Purse:
    """One operator's money.

    Args:
        bond: its stake and its claims.
        terms: how much it stakes, and when it claims.
        least: stake below which nobody is drawn.

    Attributes:
        claimed: base units since the process began.
    """

    def __init__(self, bond: Bond, terms: Terms, metrics: Metrics, troubles: Troubles, *, operator: str) -> None:
        self._bond = bond
        self._terms = terms
        self._metrics = metrics
        self._troubles = troubles
        self._acts: dict[str, Future[int]] = {}
        self._not_before: dict[str, float] = {}  # in this machine's monotonic time
        self._endpoint = ""  # to be registered
        self._short = False  # it may hold less stake than wanted
        self._log = log.get(operator=operator)
        self.claimed = 0

    def begin(self, endpoint: str, stop: threading.Event, *, draining: bool, pause: Callable[[int], float]) -> None:
        """Registers and stakes, as often as it takes.

        Who drains or has asked stake back puts none in.

        Args:
            pause: seconds after so many failures.

        Raises:
            FusionError: it cannot begin.
        """
        failures = 0
        while not stop.is_set():
            try:
                self._bond.register(endpoint)
                if not draining:
                    self._stake()
            except (Retryable, ContractRefused) as error:
                # Others who stake in the same block change the tree of stakes, and with it the gas that this needs.
                failures += 1
                if isinstance(error, ContractRefused) and failures >= BEGIN_TRIES:
                    raise
                (self._log.warning if failures == 1 else self._log.debug)("cannot begin yet", error=str(error))
                stop.wait(pause(failures))
            else:
                return

    def _stake(self) -> None:
        if not self._bond.top_up(self._terms.stake):
            self._log.warning("stakes no more: this account has asked stake back", wanted=self._terms.stake)

    def begin_again(self, endpoint: str, *, draining: bool) -> None:
        """The same beside its duties, which wait for nothing: it has been here before.

        After a restart, or after the chain dropped blocks, and perhaps these acts with them.
        """
        self._endpoint = endpoint
        self._short = not draining

    def review(self, standing: Standing, *, least: int, draining: bool) -> None:
        """Starts what is due.

        Args:
            standing: as it is on the chain now.
            least: stake below which nobody is drawn.
            draining: asks back what is free instead of staking.
        """
        if self._endpoint:
            self._do("register", self._register)
        if draining:
            # Each request makes all that is asked back wait anew: what nobody is drawn by waits for the last of it.
            if standing.free and (standing.free + standing.locked >= least or not standing.locked):
                self._do("unbond", self._bond.unbond)
        elif self._short:
            self._do("stake", self._restake)
        if standing.claimable >= max(1, self._terms.claim_at):
            self._do("claim", self._bond.claim)

    def collect(self) -> bool:
        """Notes what came of them; whether there was any."""
        ended = [act for act, future in self._acts.items() if future.done()]
        for act in ended:
            future = self._acts.pop(act)
            error = future.exception()
            if error is None:
                self._succeeded(act, future.result())
                continue
            self._not_before[act] = time.monotonic() + AGAIN
            self._troubles.note(act, error)
            if isinstance(error, FusionError):
                self._log.warning("failed", act=act, error=str(error))
            else:
                self._log.error("failed in a way nobody foresaw", act=act, exc_info=error)
        return bool(ended)

    def under_way(self) -> Sequence["Future[int]"]:
        return list(self._acts.values())

    def _succeeded(self, act: str, amount: int) -> None:
        if act == "claim":
            self.claimed += amount
            self._metrics.claimed(amount)
        elif act == "stake":
            self._short = False
        elif act == "register":
            self._endpoint = ""

    def _register(self) -> int:
        self._bond.register(self._endpoint)
        return 0

    def _restake(self) -> int:
        self._stake()
        return 0

    def _do(self, act: str, work: Callable[[], int]) -> None:
        if act not in self._acts and time.monotonic() >= self._not_before.get(act, 0.0):
            self._acts[act] = in_thread(work)
