"""One operator in a process of its own, so that a test can kill it: home, endpoint and keys by argument."""

import secrets
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fusion.chain import account as accounts
from fusion.chain.client import Chain
from fusion.chain.deployment import MUSD, Deployment
from fusion.content.gateway import Content
from fusion.content.store import BlockStore
from node.digest import keccak, outcome_hash
from node.executor import daemon as daemon_module
from node.executor.daemon import Daemon, Terms
from node.executor.run import KINDS, Vote
from node.spec import JobSpec
from sandbox.encoding import TABLE_CHUNK, Encoded, encode
from sandbox.image import Image
from sandbox.outcome import Result
from sandbox.worker import Worker

SCRIPTED = "scripted"


class NoWorker:
    """Stands where a worker does for operators that run nothing."""

    pid = None

    def __init__(self, image: Image) -> None: ...

    def start(self) -> None: ...

    def close(self) -> None: ...


def found(spec: JobSpec, scale: float = 1.0, *, rows: int = 10) -> Encoded:
    """What a run of `spec` might give: a column of `rows` numbers."""
    return encode(Result({"value": scale * np.arange(rows, dtype=np.float64)}, fuel=1), keccak(spec.encode()))


class Scripted(Daemon):
    """Says what a script has it say, and runs nothing; without one, the truth."""

    def vote(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        return self.attest(found(spec))

    def attest(self, encoded: Encoded) -> Vote:
        """A vote for it, its table kept in this operator's store."""
        if encoded.files is not None:
            self._content.store.add_directory(encoded.files, chunk=TABLE_CHUNK)
        kind = KINDS["Result"]
        return Vote(kind, encoded.document, outcome_hash(kind, encoded.document), secrets.token_bytes(32))


def main(home: Path, rpc: str, image: Image, gateway: str, kind: type[Daemon]) -> None:
    chain = Chain.connect(rpc, Deployment.load(home / "deployment.json"))
    content = Content(BlockStore(home / "content"), [gateway])
    terms = Terms(stake=5_000 * MUSD, poll=0.1)
    account = accounts.load(home / "keys", "operator")
    kind(home, chain, account, content=content, image=image, terms=terms).run(threading.Event())


if __name__ == "__main__":
    folder, url, image_id, image_path, source, *how = sys.argv[1:]
    scripted = SCRIPTED in how
    if scripted:
        daemon_module.Worker = NoWorker  # type: ignore[misc,assignment]  # a script needs no sandbox
    sandbox = Image(bytes.fromhex(image_id), Path(image_path))
    main(Path(folder), url, sandbox, source, Scripted if scripted else Daemon)
