"""Writes docs/escape.md from the attempts: `python -m tests.escape.page`. A test fails while the page is another."""

from collections.abc import Iterator
from pathlib import Path

from tests.escape.attempts import jit
from tests.escape.attempts.alone import ALONE
from tests.escape.attempts.archives import ARCHIVES
from tests.escape.attempts.catalogue import ATTEMPTS, TOPICS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "escape.md"

_TOP = """\
# Escapes

What strangers' code is known to try, and how each attempt has to end. The sandbox's walls are described in
[walls.md](walls.md). This page is written by `python -m tests.escape.page` from the attempts that the tests play, so it
tells what is tried and nothing else.

    pytest tests/escape                     # all of it; as root, also as an ordinary user
    pytest tests/escape --without net       # with a wall left out, to see what it is for
    python -m tests.escape.walls            # each wall left out in turn, and the tests that fail for it

## How it is played

{count} attempts are module code. Each runs in **wasm**, as on every operator's node: the runtime in its process,
behind the jail. Each runs **native**, in the jail alone, as `fusion module test --native` runs it. {host} of them run
once more as if their author had broken out of wasm: in the **host**'s process, once that has locked itself in.
{jit} more are native modules that declare numba, which has to make machine code, and {archives} are bundles that
attack whoever fetches or loads them. All are played twice: by root, and by an ordinary user who was root never.

The attacker is a strong one. It is told the path of the operator's keyfile, the ports and sockets that listen, the ids
of processes and the address of the secret in the memory of one. The files, the shared memory and that process belong to
the very user that its code runs as, so that nothing but the sandbox keeps it away. After every attempt the tests look
whether

- the secret was told: in a result, a message or a print;
- anyone connected to a listener, or a process got a signal;
- a file changed, or one was left behind, on disk or in shared memory;
- a process, a mount, a cgroup or a descriptor is left;
- the next job in the same worker finds anything of it, or gets other numbers than it should.

And they look whether it ended in the way that the tables say. An error's name is what the module gets, and could catch;
a limit ends the run.
"""

_BOTTOM = """\
## What is not tried

Faults of the kernel and of the processor: walls that are made of them fall with them, which is why there are several.
What can be learned from how long something takes: native runs see a clock, runs in wasm see none. Whoever is root on
the machine.
"""

_WORDS = {
    "Result": "gets nothing",
    "Refused": "not run",
    "NoVote": "ended by the kernel",
    "Killed 31": "ended by the filter",
}


def text() -> str:
    """The whole page."""
    host = sum(1 for attempt in ATTEMPTS if attempt.host)
    top = _TOP.format(count=len(ATTEMPTS), host=host, archives=len(ARCHIVES), jit=len(jit.ATTEMPTS))
    return "\n".join([top, *_topics(), *_jit(), *_archives(), *_walls(), _BOTTOM])


def _topics() -> Iterator[str]:
    for topic, attempts in TOPICS.items():
        yield f"## {topic}\n"
        yield "| a module | wasm | native | host |"
        yield "|---|---|---|---|"
        for attempt in attempts:
            endings = (_told(each) for each in (attempt.wasm, attempt.native, attempt.host))
            yield f"| {_cell(attempt.tries)} | {' | '.join(endings)} |"
        yield ""


def _jit() -> Iterator[str]:
    yield "## Machine code\n"
    yield "Modules that declare numba may have memory that they wrote made executable, and never have both at once.\n"
    yield "| a module | native |"
    yield "|---|---|"
    for attempt in jit.ATTEMPTS:
        yield f"| {_cell(attempt.tries)} | {_told(attempt.native)} |"
    yield ""


def _archives() -> Iterator[str]:
    yield "## Bundles\n"
    yield "Blocks are checked against their CIDs, names are held to a small alphabet, limits are kept on arrival.\n"
    yield "| a bundle | refused with |"
    yield "|---|---|"
    for archive in ARCHIVES:
        yield f"| {_cell(archive.tries)} | {', '.join(f'`{each}`' for each in archive.refusals)} |"
    yield ""


def _walls() -> Iterator[str]:
    yield "## What each wall is for\n"
    yield "The walls overlap. Here each stands alone, with what it needs to stand; without it the same gets through.\n"
    yield "| wall | stops a payload that | which gets |"
    yield "|---|---|---|"
    for wall, alone in ALONE.items():
        yield f"| `{wall}` | {_cell(alone.attempt.tries)} | {_cell(alone.gives)} |"
    yield ""


def _told(endings: tuple[str, ...]) -> str:
    return " or ".join(dict.fromkeys(map(_word, endings))) or "-"


def _word(ending: str) -> str:
    kind, _, detail = ending.partition(" ")
    return _WORDS.get(ending) or {"ModuleError": f"`{detail}`", "LimitHit": f"limit: {detail}"}[kind]


def _cell(words: str) -> str:
    return words.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(text())
