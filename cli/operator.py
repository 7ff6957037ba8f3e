"""`fusion operator`: run a node, stake on it, see how it does."""

import typer

from cli import operator_drain, operator_init, operator_stake, operator_start, operator_status

app = typer.Typer(no_args_is_help=True, help="Run an operator node.")
app.command()(operator_init.init)
app.command()(operator_start.start)
app.command()(operator_drain.drain)
app.command()(operator_stake.stake)
app.command()(operator_stake.unbond)
app.command()(operator_stake.withdraw)
app.command()(operator_status.status)
