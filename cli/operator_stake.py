"""`fusion operator stake`, `unbond` and `withdraw`: what an operator has at stake."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Json
from cli.session import Session

if TYPE_CHECKING:
    from fusion.chain.account import Account
    from node.executor.bond import Bond


def stake(
    amount: Annotated[str, typer.Argument(help="Tokens to add to the free stake.")], account: As, as_json: Json = False
) -> None:
    """Adds to an operator's stake."""
    from fusion import money
    from fusion.errors import BadInput
    from node.executor.drain import Drain

    session = Session()
    units = money.parse(amount, "the amount")
    if Drain(session.settings.home).asked():
        raise BadInput("this operator drains, and would ask it back: `fusion operator drain --cancel` first")
    signer, bond = _bond(session, account)
    held = bond.standing()
    bond.stake(held.free + held.locked + units)
    _show(signer, bond, as_json=as_json)


def unbond(
    account: As,
    amount: Annotated[str | None, typer.Argument(help="Tokens of the free stake to ask back.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is free.")] = False,
    as_json: Json = False,
) -> None:
    """Asks stake back, to be withdrawn after the unbonding time.

    It may be slashed until it is. An operator that has asked stake back adds none by itself when it is started again.
    """
    from fusion import money
    from fusion.errors import BadInput

    if everything == (amount is not None):
        raise BadInput("say how much, or --all")
    units = None if amount is None else money.parse(amount, "the amount")
    signer, bond = _bond(Session(), account)
    bond.unbond(units)
    _show(signer, bond, as_json=as_json)


def withdraw(account: As, as_json: Json = False) -> None:
    """Takes the stake that was asked back, once its time is over."""
    from cli.output import record
    from fusion.money import Units

    signer, bond = _bond(Session(), account)
    amount = bond.withdraw()
    record({"operator": signer.address, "withdrawn": Units(amount)}, as_json=as_json)


def _bond(session: Session, account: str) -> "tuple[Account, Bond]":
    from node.executor.bond import Bond

    signer = session.account(account)
    return signer, Bond(session.chain, signer)


def _show(signer: "Account", bond: "Bond", *, as_json: bool) -> None:
    from cli.output import Moment, record
    from fusion.money import Units

    held = bond.standing()
    record(
        {
            "operator": signer.address,
            "free": Units(held.free),
            "locked": Units(held.locked),
            "unbonding": Units(held.unbonding),
            "unbond_at": Moment(held.unbond_at),
            "claimable": Units(held.claimable),
        },
        as_json=as_json,
    )
