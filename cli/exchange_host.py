"""Host: the process that an exchange lives in."""

import asyncio
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from api.exchange.meter import Allowance
from api.exchange.server import ExchangeServer
from cli.exchange_serve import STARTING
from cli.output import Progress, progress
from fusion.settings import Settings
from node.exchange.service.admin import Admin
from node.exchange.service.home import Home
from node.exchange.service.office import Office
from node.exchange.service.plan import Plan
from node.exchange.service.pulse import Pulse, catch_up
from node.exchange.service.recovery import opened
from node.exchange.service.service import Service
from node.exchange.service.store import Keeping
from node.exchange.service.users import Key

USER: Final = "trader"
_PAID, _TRADED = Decimal(1_000_000), Decimal(100)
"""What the first user has of assets that are only paid with, and of others."""
_FILES: Final = 4096
_TENS_A_DAY: Final = 2000
"""Times ten seconds in which an account may give all the orders that it may give in such a time, in a day."""


def host(
    settings: Settings,
    folder: Path,
    port: int,
    plan: Plan,
    speed: float | None,
    ready: Callable[[dict[str, Any]], None],
    *,
    skip: bool = False,
) -> None:
    """Serves the exchange of a folder until it is told to stop.

    Args:
        plan: what it is where it is new.
        speed: of its clock from now on; None: as it was.
        ready: is told where it is, when it serves.
        skip: whether the time since it was served last is left out; else it is traded first.
    """
    _open_files()
    keeping = Keeping(settings.exchange_sync, settings.exchange_snapshot, settings.exchange_keep << 20)
    with Home(folder) as home:
        with progress("exchange") as bar:
            report = _telling(home, bar)
            report(STARTING, 0.0)
            service = opened(home, keeping, plan, report)
        try:
            if speed is not None and speed != service.clock.speed:
                service.set_speed(speed)
            if skip:
                service.skip()
            with progress("exchange") as bar, _stopped() as stopped:
                catch_up(service, _telling(home, bar), stopped.is_set)
            if stopped.is_set():
                return
            orders = settings.exchange_orders
            allowance = Allowance(settings.exchange_weight, orders, orders * _TENS_A_DAY)
            server = ExchangeServer(service, settings.exchange_host, port, allowance=allowance)
            asyncio.run(_serve(service, home, server, ready))
        finally:
            service.close()


def _telling(home: Home, bar: Progress) -> Progress:
    """Tells what is done before it serves to whoever waits at the terminal, and to other processes: once a second."""
    last, told = "", 0.0

    def report(stage: str, part: float) -> None:
        nonlocal last, told
        bar(stage, part)
        if stage != last or time.monotonic() - told > 1.0:
            last, told = stage, time.monotonic()
            home.tell_starting(stage, part)

    return report


@contextmanager
def _stopped() -> Iterator[threading.Event]:
    """Is set by what else would end the process in the midst of something."""
    stopped = threading.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: stopped.set()) for number in numbers]
    try:
        yield stopped
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _open_files() -> None:
    """Lets the process open as many files as it will need for all the connections that it lets in."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY:
        wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), most))


async def _serve(service: Service, home: Home, server: ExchangeServer, ready: Callable[[dict[str, Any]], None]) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    key = first_key(service)
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(Office(Admin(service), home.admin_key(), stop.set))
        await stack.enter_async_context(server)
        pulse = loop.create_task(Pulse(service).run())
        stack.callback(pulse.cancel)
        for task in (pulse, server.ticks):
            task.add_done_callback(lambda _: stop.set())
        facts = {"url": server.url, "api_key": key.code, "secret": key.secret}
        home.tell_running(admin=office.url, **facts)
        ready({**facts, "home": str(home.folder), "pid": os.getpid()})
        await stop.wait()
        for task in (pulse, server.ticks):
            if task.done():
                task.result()


def first_key(service: Service) -> Key:
    """A key of the user that an exchange has from the beginning, who is made and given something at first."""
    if all(user.name != USER for user in service.users.all()):
        exchange = service.exchange
        traded = {each.base for each in exchange.listings}
        assets = [(place, exchange.assets[place]) for place in exchange.paid]
        return service.enrol(USER, {place: each.units(_TRADED if each in traded else _PAID) for place, each in assets})
    keys = service.users.keys(USER)
    return keys[0] if keys else service.add_key(USER)
