"""`fusion protocol`: the pause, the protocolFee and the allowed tokens, and who may change them."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Json
from cli.session import Session

if TYPE_CHECKING:
    from fusion.chain.account import Account
    from fusion.chain.client import Chain
    from fusion.chain.contract import Call
    from fusion.chain.governance import Step

POLL = 0.5  # seconds
MAX_FEE = 500  # basis points
Wait = Annotated[bool, typer.Option("--wait", help="Wait out the delay, then execute.")]

app = typer.Typer(no_args_is_help=True, help="See and govern the protocol: pause, fee, tokens.")


@app.command()
def show(as_json: Json = False) -> None:
    """Shows the state of the protocol. What is paused, the fee, allowed tokens, who governs, and what is scheduled."""
    from cli.output import Bps, Moment, record
    from fusion.chain.governance import allowed_tokens, holders, operations

    session = Session()
    chain = session.chain
    present, (following, since) = chain.ledger.protocol_fee_bps(), chain.ledger.next_protocol_fee()
    record(
        {
            "network": chain.deployment.network,
            "sales": _going(paused=chain.market.paused()),
            "jobs": _going(paused=chain.jobs.paused()),
            "searches": _going(paused=chain.searches.paused()),
            "fee_bps": Bps(present),
            "next_fee_bps": None if following == present else Bps(following),
            "next_fee_from": None if following == present else Moment(since),
            "tokens": allowed_tokens(chain),
            **{
                role: [{"account": each.account, "delay": each.delay} for each in accounts]
                for role, accounts in holders(chain).items()
            },
            "scheduled": [
                {
                    "function": each.function,
                    "data": "0x" + each.data.hex(),
                    "by": each.caller,
                    "from": Moment(each.when),
                }
                for each in operations(chain)
            ],
        },
        as_json=as_json,
    )


@app.command()
def pause(account: As, as_json: Json = False) -> None:
    """Stops new sales, jobs and searches at once. Claims, refunds, withdrawals and what is under way go on."""
    chain, signer = _opened(account)
    calls = []
    if not chain.market.paused():
        calls.append(chain.market.pause())
    if not chain.jobs.paused():
        calls.append(chain.jobs.pause())
    if not chain.searches.paused():
        calls.append(chain.searches.pause())
    _carry_out(chain, signer, calls, wait=False, as_json=as_json)


@app.command()
def resume(account: As, wait: Wait = False, as_json: Json = False) -> None:
    """Allows sales, jobs and searches again, after a delay. Run it again when the admin's delay is over."""
    chain, signer = _opened(account)
    calls = []
    if chain.market.paused():
        calls.append(chain.market.unpause())
    if chain.jobs.paused():
        calls.append(chain.jobs.unpause())
    if chain.searches.paused():
        calls.append(chain.searches.unpause())
    _carry_out(chain, signer, calls, wait=wait, as_json=as_json)


@app.command()
def fee(
    share: Annotated[
        str, typer.Argument(metavar="SHARE", help="The protocolFee: 3%, or 300 in basis points; at most 5%.")
    ],
    account: As,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Sets the protocolFee, after the admin's delay. A higher one holds from the ledger's own delay after that."""
    bps = _bps(share)
    chain, signer = _opened(account)
    calls = [] if chain.ledger.next_protocol_fee()[0] == bps else [chain.ledger.set_protocol_fee(bps)]
    _carry_out(chain, signer, calls, wait=wait, as_json=as_json)


@app.command()
def token(
    at: Annotated[str, typer.Argument(metavar="ADDRESS", help="The token.")],
    account: As,
    stop: Annotated[bool, typer.Option("--stop", help="Stop sales in it instead of allowing them.")] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Allows sales in a token, or stops them, after the admin's delay. What was sold in it goes on."""
    from fusion.chain.contract import address

    chain, signer = _opened(account)
    named = address(at, "ADDRESS")
    done = chain.ledger.token_allowed(named) != stop
    calls = [] if done else [chain.ledger.allow_token(named, allowed=not stop)]
    _carry_out(chain, signer, calls, wait=wait, as_json=as_json)


@app.command()
def recorder(
    at: Annotated[str, typer.Argument(metavar="ADDRESS", help="Who records.")],
    account: As,
    stop: Annotated[bool, typer.Option("--stop", help="Take it off the list instead.")] = False,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Lists a recorder of windows, or takes one off. It waits for the admin's delay; the bond stays the recorder's."""
    chain, signer = _opened(account)
    named = Session().address(at, "ADDRESS")
    done = chain.windows.recorder(named).listed != stop
    calls = [] if done else [chain.windows.list_recorder(named, listed=not stop)]
    _carry_out(chain, signer, calls, wait=wait, as_json=as_json)


@app.command()
def cancel(
    function: Annotated[str, typer.Argument(help="As shown: RevenueLedger.setProtocolFee ...")],
    account: As,
    as_json: Json = False,
) -> None:
    """Cancels what is scheduled of a function. Whoever scheduled it may, and every admin."""
    from cli.output import record
    from fusion.chain import governance

    chain, signer = _opened(account)
    receipts = governance.cancel(chain, signer, function)
    record({"cancelled": function, "tx": [receipt.tx_hash for receipt in receipts]}, as_json=as_json)


def _bps(text: str) -> int:
    """Basis points of `3%`, or of `300`."""
    from cli.values import parse_bps
    from fusion.errors import BadInput

    if not text.endswith("%") and not (text.isascii() and text.isdigit()):
        raise BadInput(f"SHARE is {text!r}: give a percentage such as 3%, or whole basis points such as 300")
    bps = parse_bps(text, "SHARE") if text.endswith("%") else int(text[:9])
    if bps > MAX_FEE:
        raise BadInput(f"SHARE is {text!r}: the protocolFee is at most {MAX_FEE // 100}%, {MAX_FEE} basis points")
    return bps


def _opened(account: str) -> "tuple[Chain, Account]":
    session = Session()
    return session.chain, session.account(account)


def _carry_out(chain: "Chain", account: "Account", calls: "Sequence[Call]", *, wait: bool, as_json: bool) -> None:
    """Takes the next step of each call, and says how far each is; none where all is as asked already."""
    from cli.output import Moment, rows
    from fusion.chain.governance import carry_out

    found = [carry_out(chain, account, call) for call in calls]
    if wait:
        found = [_finished(chain, account, call, step) for call, step in zip(calls, found, strict=True)]
    rows(
        [
            {"call": call.name, "state": step.state, "from": Moment(step.when) if step.when else None, "tx": step.tx}
            for call, step in zip(calls, found, strict=True)
        ],
        as_json=as_json,
    )


def _finished(chain: "Chain", account: "Account", call: "Call", step: "Step") -> "Step":
    from cli.output import progress
    from fusion.chain.governance import carry_out, due
    from fusion.errors import BadInput

    with progress(call.name) as report:
        began = chain.now()
        while step.state != "done":
            now = chain.now()
            report("waiting", min(1.0, (now - began) / max(1, step.when - began)))
            if now < step.when:
                time.sleep(POLL)
                continue
            if not due(chain, account, call):
                raise BadInput(f"{call.name} was cancelled or executed while it waited; see `fusion protocol show`")
            step = carry_out(chain, account, call)
    return step


def _going(*, paused: bool) -> str:
    return "paused" if paused else "open"
