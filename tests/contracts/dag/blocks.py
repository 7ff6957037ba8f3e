"""Writes blocks.json, real blocks for the tests of contracts/Dag.sol: `python -m tests.contracts.dag.blocks`."""

import json
from pathlib import Path

import numpy as np

from fusion.content import dagpb
from fusion.content.cid import DAG_PB, Cid
from fusion.content.table import Column, table_files
from fusion.content.unixfs import FANOUT, directory_blocks
from sandbox.encoding import TABLE_CHUNK, encode
from sandbox.outcome import LimitHit, ModuleError, Result

FILE = Path(__file__).with_name("blocks.json")
RUN = bytes(range(32))


def blocks() -> dict[str, object]:
    """A table with one column of two levels, its document and other documents.

    `nodes` are the dag-pb blocks, the root last. `starts` says where the CID of each link begins, `digests` what it
    names, and `owners` which node has it.
    """
    rows = TABLE_CHUNK // 8 * (FANOUT + 2)
    outputs: dict[str, Column] = {"close": np.arange(rows, dtype=np.int64), "volume": np.zeros(rows)}
    stored = dict(directory_blocks(table_files(outputs), chunk=TABLE_CHUNK))
    nodes = [(cid, block) for cid, block in stored.items() if cid.codec == DAG_PB]
    owners: list[int] = []
    starts: list[int] = []
    linked: list[Cid] = []
    for owner, (_, block) in enumerate(nodes):
        start = 0
        for link in dagpb.decode(block).links:
            start = block.index(bytes(link.cid), start)
            owners.append(owner)
            starts.append(start)
            linked.append(link.cid)
            start += len(bytes(link.cid))
    return {
        "document": _hex(encode(Result(outputs, fuel=1), RUN).document),
        "others": [_hex(document) for document in _documents()],
        "root": _hex(nodes[-1][0].digest),
        "nodes": [_hex(block) for _, block in nodes],
        "owners": owners,
        "starts": starts,
        "digests": [_hex(cid.digest) for cid in linked],
    }


def text() -> str:
    return json.dumps(blocks(), indent=1) + "\n"


def _documents() -> list[bytes]:
    """Documents that name no table."""
    return [
        encode(Result({"close": np.arange(3)}, fuel=1), RUN).document,
        encode(ModuleError("ValueError", (1, 2), "", fuel=1), RUN).document,
        encode(LimitHit("fuel"), RUN).document,
    ]


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


if __name__ == "__main__":
    FILE.write_text(text())
