"""The `fusion` command with an operator that cleans up often: `python -m tests.soak.tidy operator start ...`.

What a node keeps for days and cleans up every ten minutes would seem to grow all the time that a soak takes.
"""

from cli.main import main
from node.executor import retention

EVERY = 20.0  # seconds between two cleanings

if __name__ == "__main__":
    retention.EVERY = EVERY
    main()
