"""The `fusion` command: its verbs by room, and the one place that prints errors."""

import os
import sys
import traceback
from typing import Annotated

import typer

from cli import (
    account,
    api,
    assurance,
    atom,
    backtest,
    collider,
    demo,
    deploy,
    doctor,
    exchange,
    indexer,
    job,
    module,
    network,
    operator,
    protocol,
    revenue,
    sandbox,
    window,
)
from cli import license as license_
from fusion.errors import FusionError

app = typer.Typer(
    name="fusion",
    help="An open marketplace of quant modules on L3 market data.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("up")(network.up)
app.command("down")(network.down)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("deploy")(deploy.deploy)
app.command("backtest")(backtest.backtest)
app.add_typer(protocol.app, name="protocol")
app.add_typer(module.app, name="module")
app.add_typer(license_.app, name="license")
app.add_typer(job.app, name="job")
app.add_typer(operator.app, name="operator")
app.add_typer(collider.app, name="collider")
app.add_typer(window.app, name="window")
app.add_typer(revenue.app, name="revenue")
app.add_typer(assurance.app, name="assurance")
app.add_typer(account.app, name="account")
app.add_typer(atom.app, name="atom")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(indexer.app, name="indexer")
app.add_typer(api.app, name="api")
app.add_typer(exchange.app, name="exchange")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("fusion-market"))
        raise typer.Exit


@app.callback()
def root(version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False) -> None:
    """An open marketplace of quant modules on L3 market data."""


def main() -> None:
    """Runs the command line: one line on stderr and exit 2 for bad input, 1 for what may pass, 130 for Ctrl-C."""
    try:
        code = app(standalone_mode=False, prog_name="fusion")
    except FusionError as error:
        code = _tell(str(error), error.exit_code)
    except typer.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # The reader of our output went away (`fusion ... | head`): end quietly, as other commands do.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except typer.TyperException as error:
        code = _misused(error)
    except Exception as error:  # noqa: BLE001 - a fault of ours is told in one line too, its traceback on request
        if os.environ.get("FUSION_LOG_LEVEL") == "DEBUG":
            traceback.print_exc()
        code = _tell(f"{_fault(error)}; FUSION_LOG_LEVEL=DEBUG shows where", 1)
    sys.exit(code if isinstance(code, int) else 0)


def _misused(error: typer.TyperException) -> int:
    """Says what is wrong with the words of a command and where its help is; without a word, that help is shown."""
    context, message = getattr(error, "ctx", None), error.format_message()
    if context is None:
        return _tell(message, 2)
    if message == context.get_help():
        print(message)
        return 2
    return _tell(f"{message.rstrip('.')}; see `{context.command_path} --help`", 2)


def _fault(error: Exception) -> str:
    """What went wrong that no room has foreseen: a file that the system refuses, or a fault of ours."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return f"a fault in Fusion itself: {type(error).__name__}: {error}"


def _tell(message: str, code: int) -> int:
    print("fusion: " + " ".join(message.split()), file=sys.stderr)
    return code
