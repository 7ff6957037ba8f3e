"""Questions to a venue: whatever it answers or does not, we go on, and say so."""

import asyncio
from random import Random

import pytest
from structlog.testing import capture_logs

from atom.live.http import Http
from atom.live.pace import Timing

QUICK = Timing(first=0.01, longest=0.01, requests=0.0, answer=0.1)


async def asked(answer):
    """What a venue's answer, of these bytes, comes to."""

    ended = asyncio.Event()

    async def serve(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            for part in answer:
                writer.write(part)
                await asyncio.sleep(QUICK.answer / 20)
        finally:
            writer.close()
            ended.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        http = Http(QUICK, Random(0), lambda url, told: None, lambda url: f"http://127.0.0.1:{port}/")
        try:
            return await http.ask("https://venue.example/book")
        finally:
            await http.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            await ended.wait()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ([], "disconnected"),
        ([b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"], "503"),
        ([b"no HTTP at all\r\n\r\n"], "illegal"),
        ([HEAD, b"{"], "closed connection"),
        ([HEAD, *[b"x"] * 900], "TimeoutError"),  # each in time, all of them never
    ],
)
def test_no_answer_is_asked_for_again_and_told(answer, why):
    with capture_logs() as logs:
        assert asyncio.run(asked(answer)) <= QUICK.longest
    (told,) = logs
    assert (told["log_level"], told["url"]) == ("warning", "https://venue.example/book")
    assert why in told["why"]
