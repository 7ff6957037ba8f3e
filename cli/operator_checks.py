"""What is looked at before an operator starts: its money, its gateway's address, its capacity, the walls."""

import http.server
import ipaddress
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cli.doctor import Finding
from fusion.errors import BadInput

if TYPE_CHECKING:
    from fusion.chain.client import Chain
    from node.executor.terms import Terms

GAS = 3_000_000  # what registering, staking and a few jobs take together
TIMEOUT = 5.0  # seconds for a gateway to answer
_MANY = 4096  # bytes of an answer that are looked at


def money(chain: "Chain", address: str, stake: int) -> "Iterator[Finding]":
    """Whether the account holds what its stake and its first transactions take; the amounts that it lacks."""
    from fusion.money import show

    held, least = chain.staking.operator(address), chain.staking.minimum_stake()
    there = held.free + held.locked
    if stake < least:
        yield Finding("stake", ok=False, found=show(stake), advice=f"nobody is drawn with less than {show(least)}")
    lacks = max(0, stake - there - chain.token.balance_of(address))
    advice = f"send {show(lacks)} more of the token {chain.token.address} to {address}" if lacks else ""
    yield Finding("tokens", ok=not lacks, found=f"{show(there)} staked, {show(stake)} wanted", advice=advice)
    price, ether = int(chain.rpc.call("eth_gasPrice"), 16), chain.balance(address)
    short = ether < price * GAS
    advice = f"send it ether: {price * GAS / 1e18:.6f} pay for its first transactions" if short else ""
    yield Finding("ether", ok=not short, found=f"{ether / 1e18:.6f}", advice=advice)


def gateway(host: str, port: int, endpoint: str, *, local: bool) -> Finding:
    """Whether others may reach the gateway, as far as this machine can tell.

    Args:
        host, port: where it will listen.
        endpoint: its URL as others are told, empty for just that.
        local: whether the others are all on this machine.
    """
    what = "gateway"
    if local and not endpoint:
        return Finding(what, ok=True, found=f"{host}:{port or 'any free port'}, for the local network")
    url = endpoint or f"http://{host}:{port}/ipfs"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"--endpoint is {url!r}: give a URL such as https://node.example.org/ipfs")
    if not endpoint and not port:
        return Finding(what, ok=False, found=url, advice="choose a --port: others are told one address for good")
    try:
        addresses = {each[4][0] for each in socket.getaddrinfo(parts.hostname, None)}
    except OSError as error:
        return Finding(what, ok=False, found=url, advice=f"{parts.hostname} has no address: {error}")
    near = [each for each in addresses if not ipaddress.ip_address(str(each).partition("%")[0]).is_global]
    if near and not local:
        return Finding(
            what,
            ok=False,
            found=url,
            advice=f"{near[0]} is not reachable from outside its own network: give the public address with --endpoint",
        )
    return _called(what, host, port, url)


def _called(what: str, host: str, port: int, url: str) -> Finding:
    """Whether a call to the URL comes back to this machine."""
    import httpx

    word = secrets.token_hex(8)
    with _answering(host, port, word) as listening:
        try:
            answer = httpx.get(f"{url.rstrip('/')}/{word}", timeout=TIMEOUT).content[:_MANY]
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Finding(
                what,
                ok=False,
                found=url,
                advice=f"no answer from {url} ({type(error).__name__}): open port {port} of the firewall, "
                "or forward it (some routers do not let their own side in: then try from outside)",
            )
    if not listening:
        return Finding(what, ok=True, found=f"{url} answers; port {port} is in use, by the operator perhaps")
    if answer != word.encode():
        return Finding(what, ok=False, found=url, advice=f"another answers at {url}: forward it to {host}:{port}")
    return Finding(what, ok=True, found=f"{url} comes back to this machine")


@contextmanager
def _answering(host: str, port: int, word: str) -> Iterator[bool]:
    """Answers every request with a word for the time of a `with`; False where the port is taken."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(word)))
            self.end_headers()
            self.wfile.write(word.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class names it
            """Says nothing: it is asked once."""

    try:
        server = http.server.ThreadingHTTPServer((host, port), Handler)
    except (OSError, OverflowError):
        yield False
        return
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield True
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def capacity(terms: "Terms") -> Finding:
    """Whether every job that the network allows could run here."""
    short = terms.shortfalls()
    found = f"{terms.workers} workers, {terms.memory >> 20} MiB for runs"
    return Finding("capacity", ok=not short, found=found, advice="; ".join(short))


def walls() -> Finding:
    """Which walls of the sandbox stand, and whether strangers' code may run behind them."""
    from sandbox.jail.walls import enough, standing

    missing = {wall: why for wall, why in standing().items() if why}
    told = "; ".join(f"{wall.value}: {why}" for wall, why in missing.items())
    if not missing:
        return Finding("walls", ok=True, found="all stand")
    if enough(frozenset(missing)):
        return Finding("walls", ok=True, found=f"enough stand; missing are {told}")
    return Finding("walls", ok=False, found="too few stand", advice=told)
