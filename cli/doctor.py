"""`fusion doctor`: what stands on this machine, what is missing, and what to do about it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from cli.options import Json
from cli.session import Session


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `advice` is empty when all is well; what is not `needed` may be missing."""

    what: str
    ok: bool
    found: str
    advice: str = ""
    needed: bool = True


def doctor(as_json: Json = False) -> None:
    """Checks this machine and the network. Says what to do about what is missing; exit 1 if something is."""
    from cli.output import rows

    findings = list(_findings(Session()))
    if as_json:
        rows([asdict(each) for each in findings], as_json=True)
    else:
        for each in findings:
            typer.echo(f"{'ok' if each.ok else '--':<4}{each.what:<18}{each.found if each.ok else each.advice}")
    if not all(each.ok or not each.needed for each in findings):
        raise typer.Exit(1)


def _findings(session: Session) -> Iterator[Finding]:
    import os
    import shutil
    import sys

    from cli.network import is_up
    from sandbox.image import load

    settings = session.settings
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(
        "python", sys.version_info[:2] == (3, 11), version, "" if sys.version_info[:2] == (3, 11) else "use 3.11"
    )
    yield _tried("anvil", _anvil)
    yield _tried("contracts", _bindings)
    yield _tried("sandbox image", lambda: f"{load(settings.images).id.hex()} in {settings.images}")
    yield from _walls()
    yield Finding("home", os.access(_existing(settings.home), os.W_OK), str(settings.home))
    free = shutil.disk_usage(_existing(settings.home)).free
    yield Finding(
        "disk", free > 2**31, f"{free / 2**30:.1f} GiB free", "" if free > 2**31 else "make room: 2 GiB are needed"
    )
    up = is_up(settings)
    yield Finding("network", up, "up" if up else "down", "" if up else "start it with `fusion up`")
    yield _tried("chain", lambda: f"block {session.chain.head().number} at {settings.rpc}")
    yield _tried("api", lambda: _health(f"{settings.api_url}/health"))


def _tried(what: str, look: Callable[[], str]) -> Finding:
    from fusion.errors import FusionError

    try:
        return Finding(what, ok=True, found=look())
    except FusionError as error:
        return Finding(what, ok=False, found="missing", advice=str(error))


def _walls() -> Iterator[Finding]:
    """One row a wall around the processes that run modules."""
    from sandbox.jail.walls import ESSENTIAL, enough, standing

    found = standing()
    missing = frozenset(wall for wall, why in found.items() if why)
    for wall, why in found.items():
        advice = f"missing: {why}" if why else ""
        needed = wall in ESSENTIAL and not enough(missing)
        yield Finding(f"wall {wall.value}", not why, "missing" if why else "stands", advice, needed=needed)


def _anvil() -> str:
    from fusion.chain.anvil import Anvil

    return str(Anvil.binary())


def _bindings() -> str:
    from fusion.chain.contracts import JobMarket

    return f"generated; JobMarket has {len(JobMarket.bytecode()):,} bytes of creation code"


def _health(url: str) -> str:
    import httpx

    from fusion.errors import ChainUnavailable

    try:
        return httpx.get(url, timeout=2.0).text
    except httpx.HTTPError as error:
        raise ChainUnavailable(f"no answer from {url}: {error}; start it with `fusion up`") from None


def _existing(path: Path) -> Path:
    """The nearest folder that is there: the home may not have been made yet."""
    while not path.exists():
        path = path.parent
    return path
