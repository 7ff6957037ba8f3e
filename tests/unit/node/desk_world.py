"""A chain of jobs that are all alike, and a desk before it."""

import threading
from dataclasses import replace

from fusion.chain.account import Account
from fusion.chain.bindings.types import Job, OutcomeKind, PanelState, PanelStatus, Seat, Status, Windows
from fusion.chain.client import Block
from fusion.errors import ChainUnavailable
from node.digest import keccak
from node.executor.desk import Desk
from node.executor.duty import Contract, Duty
from node.executor.journal import Journal
from node.executor.steps import NOTHING
from node.spec import JobSpec
from sandbox.code import Limits

ME = Account.random()
IMAGE = bytes(range(32))
SPEC = JobSpec(1, limits=Limits(fuel=10**6), image=IMAGE).encode()
DEADLINE = 2_000
ROOM = 10  # a tenth of the commit window
HEAD = Block(100, "0xh", "0xg", 1_000)
CLOSING = replace(HEAD, timestamp=DEADLINE - ROOM)
FIRST, ITS_PANEL = Duty(Contract.JOB, 1), Duty(Contract.PANEL, 1)


class World:
    """A chain of jobs that are all alike: one seat, this operator's, and one panel on which it sits too."""

    def __init__(self, status: Status) -> None:
        self.status = status
        self.n = 1
        self.panel_status = PanelStatus.ASSIGNED
        self.demanded = NOTHING
        self.sent = threading.Event()
        self.error: Exception | None = None
        self.calls: list[tuple[object, ...]] = []
        self.jobs = self.panel = self.staking = self.deployment = self
        self.address, self.chain_id = "0x" + "1" * 40, 1

    def windows(self) -> Windows:
        return Windows(open=60, commit=100, reveal=60, challenge=2, fuel_per_second=10**6, confirmations=2)

    def job(self, _job_id: int, **_at: object) -> Job:
        return Job(
            status=self.status,
            kind=OutcomeKind.NONE,
            n=self.n,
            k=1,
            committed=0,
            revealed=0,
            redraws=0,
            demands=0,
            version=1,
            deadline=DEADLINE,
            ready_block=1,
            fuel=10**6,
            requester=self.address,
            fee=1,
            royalty_token=self.address,
            royalty=0,
            lock=1,
            assurance_ppm=0,
            panel_id=1,
            challenger=self.address,
            bond=0,
            demanded=self.demanded,
            spec_hash=keccak(SPEC),
            outcome_hash=NOTHING,
        )

    def seats(self, _number: int, **_at: object) -> list[Seat]:
        return [Seat(ME.address, OutcomeKind.NONE, released=False, commitment=NOTHING, outcome_hash=NOTHING)]

    def commit(self, *arguments: object) -> None:
        self.calls.append(("commit", *arguments))

    def answer(self, *arguments: object) -> None:
        self.calls.append(("answer", *arguments))

    def tally(self, *_arguments: object) -> None: ...

    def resolve(self, *_arguments: object) -> None: ...

    def send(self, *_arguments: object, **_options: object) -> None:
        if self.error is not None:
            raise self.error
        self.sent.wait(10)
        raise ChainUnavailable("the test is over")


class Panels:
    """The panel of each job, at another address."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.address = "0x" + "2" * 40
        self.seats, self.commit = world.seats, world.commit

    def panel(self, number: int, **_at: object) -> PanelState:
        return PanelState(
            job_id=number,
            status=self.world.panel_status,
            audit=False,
            size=1,
            committed=0,
            revealed=0,
            votes=0,
            kind=OutcomeKind.NONE,
            deadline=DEADLINE,
            ready_block=1,
            fuel=10**6,
            lock=1,
            outcome_hash=NOTHING,
        )


Made = tuple[World, Desk, Journal]
