"""The people: jobs are posted a few at a time, and what is proposed wrongly is challenged from the command line."""

import json
import random
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fusion.chain.bindings.job_market import Disputed, Failed, Finalized, Posted, Proposed
from fusion.chain.bindings.types import Status
from fusion.chain.client import Block
from fusion.chain.contract import Event
from fusion.errors import ChainUnavailable, FusionError
from node import request
from node.executor.run import vote
from node.executor.steps import JUDGED
from node.listings import ChainListings
from tests.soak.network import CHALLENGER, REQUESTERS, Network
from tests.soak.process import Role
from tests.soak.wares import FEE, RUN_PRICE, Order

TRUTH = 60.0  # seconds that the harness takes at most to run a job
FALSE_ALARMS = 40  # one in so many right proposals is challenged all the same


@dataclass
class Board:
    """What the chain has told so far.

    Attributes:
        truth: job -> the outcome hash that an honest operator comes to.
        posted: job -> block of its post.
        ended: job -> its last status.
        proposed: proposals that nobody has looked at yet.
        lies: jobs of which a lie was proposed.
        disputed: jobs that are to be challenged.
        heard: jobs that were.
    """

    truth: dict[int, bytes] = field(default_factory=dict)
    posted: dict[int, int] = field(default_factory=dict)
    ended: dict[int, Status] = field(default_factory=dict)
    proposed: list[Proposed] = field(default_factory=list)
    lies: set[int] = field(default_factory=set)
    disputed: set[int] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)

    def note(self, event: Event) -> None:
        match event:
            case Posted():
                self.posted[event.job_id] = event.log.block_number
            case Proposed():
                self.proposed.append(event)
            case Disputed():
                self.heard.add(event.job_id)
            case Finalized():
                self.ended[event.job_id] = Status.FINAL
            case Failed():
                self.ended[event.job_id] = Status.FAILED

    @property
    def under_way(self) -> int:
        return len(self.posted) - len(self.ended)


class People:
    """Requesters, each in a thread of its own, and a challenger by her command."""

    def __init__(self, network: Network, orders: list[Order], seed: int, *, false_alarms: bool = True) -> None:
        self.network = network
        self.board = Board()
        self.failures: list[str] = []
        self.challenges: list[dict[str, Any]] = []
        self._orders = list(reversed(orders))
        self._guard = threading.Lock()
        self._busy = 0
        self._stop = threading.Event()
        self._block = network.chain.deployment.block
        self._chance = random.Random(seed)
        self._alarms = false_alarms
        self._due: dict[int, int] = {}  # job -> when it is challenged from the command line
        self._challenging: dict[int, subprocess.Popen[str]] = {}
        self._threads = [threading.Thread(target=self._request, args=(name,), daemon=True) for name in REQUESTERS]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends what still runs."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=30.0)
        for process in self._challenging.values():
            process.kill()
            process.communicate()

    @property
    def all_posted(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def look(self) -> Block:
        """Reads what is new on the chain, and challenges what is wrong; the newest block."""
        head = self.network.chain.head()
        if head.number >= self._block:
            for event in self.network.chain.events(self._block, head.number):
                self.board.note(event)
            self._block = head.number + 1
        self._judge(head)
        self._challenge(head)
        return head

    def _judge(self, head: Block) -> None:
        """Tells the lies from the truth; operators that watch are given time to challenge them."""
        board = self.board
        waiting = []
        for each in board.proposed:
            truth = board.truth.get(each.job_id)
            if truth is None:  # its post is still on the way back to whoever sent it
                waiting.append(each)
                continue
            lie = each.outcome_hash != truth
            if lie:
                board.lies.add(each.job_id)
            alarm = self._alarms and self._chance.randrange(FALSE_ALARMS) == 0
            if (lie or alarm) and each.job_id not in board.disputed:
                board.disputed.add(each.job_id)
                self._due[each.job_id] = head.timestamp + (self.network.scale.watchers_time if lie else 0)
        board.proposed = waiting

    def _challenge(self, head: Block) -> None:
        """From the command line, what nobody has challenged in the meantime."""
        board = self.board
        for job_id, due in list(self._due.items()):
            if job_id in board.heard or head.timestamp >= due:
                del self._due[job_id]
                if job_id not in board.heard:
                    command = ("job", "challenge", str(job_id), "--as", CHALLENGER, "--json")
                    self._challenging[job_id] = self.network.fusion.start(*command)
        for job_id in [each for each, process in self._challenging.items() if process.poll() is not None]:
            process = self._challenging.pop(job_id)
            said, complained = process.communicate()
            if process.returncode == 0:
                self.challenges.append(json.loads(said))
            elif not self.network.chain.find(Disputed, job_id=job_id):  # else an operator was first
                self.failures.append(f"a challenge was refused: {complained.strip()}")

    def _request(self, name: str) -> None:
        while not self._stop.is_set():
            with self._guard:
                if not self._orders:
                    return
                free = self.board.under_way + self._busy < self.network.scale.at_once
                order = self._orders.pop() if free else None
                self._busy += free
            if order is None:
                time.sleep(0.3)
                continue
            try:
                self._post(name, order)
            except FusionError as error:
                self.failures.append(f"{name} could not post: {error}")
            finally:
                with self._guard:
                    self._busy -= 1

    def _post(self, name: str, order: Order) -> None:
        network, account = self.network, self.network.people[name]
        license_id = network.licenses[name, order.ware.version] if order.licensed else 0
        truth = self._truth(order)
        posted = request.post(
            network.chain, account, order.spec, fee=FEE, n=order.n, k=order.k, license_id=license_id,
            offer_id=0 if order.licensed else order.ware.offer, max_run_price=0 if order.licensed else RUN_PRICE,
            assurance_ppm=order.assurance_ppm, again=True,
        )  # fmt: skip
        self.board.truth[posted.job_id] = truth
        self.board.posted.setdefault(posted.job_id, posted.receipts[-1].block_number)

    def _truth(self, order: Order) -> bytes:
        network = self.network
        listings, until = ChainListings(network.chain), time.monotonic() + TRUTH
        return vote(order.spec, listings, network.content, network.worker.run, until).outcome_hash


def waits_for_time(network: Network, board: Board, head: Block) -> int:
    """Seconds by which chain time may be moved on without taking them from an honest operator; zero where it may not.

    It is the time to the end of a challenge window that nobody will use, or of a phase in which only those are to act
    who never will. Every other phase must keep `scale.spare` after it; without that there may be no other.
    """
    silent = {each.address for each in network.of(Role.SILENT)}
    idle, pending = [], []
    for job_id, posted in board.posted.copy().items():
        if job_id in board.ended:
            continue
        if posted > head.number:
            return 0  # posted since that block was looked at, by another thread
        job = network.chain.jobs.job(job_id, block=head.number)
        seats = network.chain.jobs.seats(job_id, block=head.number)
        left = job.deadline - head.timestamp
        waited_for = {each.operator for each in seats if not each.released and not any(each.commitment)}
        if job.status is Status.PROPOSED and job_id in board.disputed:
            return 0  # its challenge is on the way
        if job.status is Status.PROPOSED or (job.status is Status.ASSIGNED and waited_for <= silent):
            idle.append(left)
        elif job.status in JUDGED:
            pending.append(network.chain.panel.panel(job.panel_id, block=head.number).deadline - head.timestamp)
        elif job.deadline:
            pending.append(left)
    seconds = max(0, min(idle, default=-1) + 1)
    keeps = network.scale.spare
    fair = all(keeps is not None and each - seconds >= keeps for each in pending)
    return seconds if fair else 0


def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits until it is so; ChainUnavailable after that many seconds."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() >= end:
            raise ChainUnavailable(f"{what} not within {seconds:.0f} s")
        time.sleep(0.2)
