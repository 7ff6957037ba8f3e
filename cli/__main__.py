"""`python -m cli` is `fusion`."""

from cli.main import main

main()
