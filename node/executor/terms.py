"""How an operator takes part: its stake, what it gives to runs, and how others reach it."""

import ipaddress
from dataclasses import dataclass

from fusion.errors import BadInput
from node.executor.run import MAX_MEMORY
from node.executor.watching import Watching
from node.spec import MAX_FUEL

DAY = 86_400
GIB = 1 << 30
LEAST_MEMORY = 128 << 20  # bytes; the image alone takes about 90 MB of a guest's memory


@dataclass(frozen=True, slots=True)
class Terms:
    """Money in base units of the stake token, memory and sizes in bytes, times in seconds.

    Attributes:
        stake: free and locked stake to hold together.
        claim_at: claims as soon as this is owed.
        host, port: where its gateway listens; port 0 is any free one.
        endpoint: the gateway's address as others reach it, where it is not the one it listens on.
        workers: modules run at once.
        memory: bound of the memory limits of the runs under way together; a run waits while it does not fit.
        max_fuel: largest fuel limit of a job that it runs; a job may keep a worker for as long as that takes.
        poll: between two looks at the chain.
        metrics_host, metrics_port: where metrics are served; port 0 is nowhere.
        keep: chain time for which ended jobs and their results are kept.
        cache: bound of the bundles and inputs kept of jobs.
        watching: how it watches over others; None where it does not.

    Raises:
        BadInput: no job could ever run with them, or nobody could reach the gateway.
    """

    stake: int
    claim_at: int = 1_000_000
    host: str = "127.0.0.1"
    port: int = 0
    endpoint: str = ""
    workers: int = 1
    memory: int = MAX_MEMORY
    max_fuel: int = MAX_FUEL
    poll: float = 0.25
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    keep: int = 7 * DAY
    cache: int = 4 * GIB
    watching: Watching | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise BadInput(f"the workers are {self.workers}: give one or more")
        if self.memory < LEAST_MEMORY:
            raise BadInput(
                f"the memory for runs is {self.memory >> 20} MiB: no module runs in less than "
                f"{LEAST_MEMORY >> 20} MiB; give more with --memory"
            )
        if not self.endpoint and everywhere(self.host):
            raise BadInput(f"nobody can reach a gateway at {self.host}: say with --endpoint how others reach it")

    @property
    def job_memory(self) -> int:
        """Most memory that one job may ask of this operator."""
        return min(self.memory, MAX_MEMORY)

    def shortfalls(self) -> list[str]:
        """Which jobs of the allowed size this operator could never run, a sentence each."""
        told = []
        if self.memory < MAX_MEMORY:
            told.append(
                f"jobs may ask for {MAX_MEMORY >> 20} MiB of memory, and runs are given {self.memory >> 20} MiB here: "
                "larger ones are declined; give more with --memory"
            )
        if self.max_fuel < MAX_FUEL:
            told.append(f"jobs may ask for {MAX_FUEL} fuel, those above {self.max_fuel} are declined here")
        return told


def everywhere(host: str) -> bool:
    """Whether it stands for all addresses of a machine, which is none that others could call."""
    try:
        return not host or ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
