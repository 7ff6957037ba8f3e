"""The `fusion` command with an operator that lies: `python -m tests.soak.liar operator start ...`.

All liars come to the same wrong outcome, whoever runs the job; in all else they are operators like any other.
"""

from collections.abc import Sequence
from dataclasses import replace

from cli.main import main
from node.digest import outcome_hash
from node.executor import daemon
from node.executor.daemon import Daemon
from node.executor.run import Vote
from node.spec import JobSpec
from sandbox.worker import Worker


class Liar(Daemon):
    """Votes for the truth with its last byte changed."""

    def vote(self, spec: JobSpec, worker: Worker, until: float, others: Sequence[str]) -> Vote:
        honest = super().vote(spec, worker, until, others)
        document = honest.document[:-1] + bytes([honest.document[-1] ^ 1])
        return replace(honest, document=document, outcome_hash=outcome_hash(honest.kind, document))


if __name__ == "__main__":
    daemon.Daemon = Liar  # type: ignore[misc]  # the command takes it from there
    main()
