"""`fusion license`: buy a license, keep it, return it, look at it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import As, Json, LicensesOf
from cli.session import Session

if TYPE_CHECKING:
    from fusion.market.licenses import Holding

app = typer.Typer(no_args_is_help=True, help="Buy, renew, return and show licenses.")

License = Annotated[int, typer.Argument(metavar="LICENSE", help="The license's number.", min=1, max=2**63)]
MaxPrice = Annotated[str | None, typer.Option(help="Most to pay; the price quoted now if absent.")]


@app.command()
def buy(
    offer_id: Annotated[int, typer.Argument(metavar="OFFER", help="Offer to buy.", min=1, max=2**63)],
    account: As,
    max_price: MaxPrice = None,
    to: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Who holds it; the buyer if absent.")] = None,
    referrer: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Who is paid the offer's referral; nobody if absent.")
    ] = None,
    authorization: Annotated[
        bool, typer.Option("--authorization", help="Sign an ERC-3009 authorization, not a permit.")
    ] = False,
    submit_as: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Who sends the authorization; the buyer needs no ether.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Buys a license in one transaction. The buyer signs a permit for it, or an authorization."""
    from cli.output import record
    from fusion import money
    from fusion.market import trade

    session = Session()
    limit = None if max_price is None else money.parse(max_price, "--max-price")
    recipient = None if to is None else session.address(to, "--to")
    referred = None if referrer is None else session.address(referrer, "--referrer")
    signer = session.account(account)
    if authorization or submit_as is not None:
        submitter = signer if submit_as is None else session.account(submit_as)
        bought = trade.buy_authorized(
            session.chain, signer, offer_id,
            submitter=submitter, recipient=recipient, max_price=limit, referrer=referred,
        )  # fmt: skip
    else:
        bought = trade.buy(
            session.chain, signer, offer_id, recipient=recipient, max_price=limit, referrer=referred
        )  # fmt: skip
    record(
        {"license": bought.license_id, "paid": money.Units(bought.price), "tx": bought.receipt.tx_hash}, as_json=as_json
    )


@app.command()
def renew(license_id: License, account: As, max_price: MaxPrice = None, as_json: Json = False) -> None:
    """Makes a license last longer. Anyone may pay for it."""
    from cli.output import Moment, record
    from fusion import money
    from fusion.market import licenses

    session = Session()
    limit = None if max_price is None else money.parse(max_price, "--max-price")
    renewed, receipts = licenses.renew(session.chain, session.account(account), license_id, max_price=limit)
    record(
        {
            "license": license_id,
            "paid": money.Units(renewed.price),
            "expires": Moment(renewed.expiry),
            "tx": receipts[-1].tx_hash,
        },
        as_json=as_json,
    )


@app.command()
def refund(license_id: License, account: As, as_json: Json = False) -> None:
    """Returns an unused license within its trial. `fusion revenue claim` then takes what was paid for it."""
    from cli.output import record
    from fusion.market import licenses
    from fusion.money import Units

    session = Session()
    price, receipt = licenses.refund(session.chain, session.account(account), license_id)
    next_step = {} if as_json else {"next": "`fusion revenue claim` takes what is owed"}
    record({"license": license_id, "owed": Units(price), "tx": receipt.tx_hash} | next_step, as_json=as_json)


@app.command()
def release(license_id: License, account: As, as_json: Json = False) -> None:
    """Passes on the price of a sale on trial. Anyone may, once the trial has ended."""
    from cli.output import record
    from fusion.market import licenses
    from fusion.money import Units

    session = Session()
    price, receipt = licenses.release(session.chain, session.account(account), license_id)
    record({"license": license_id, "released": Units(price), "tx": receipt.tx_hash}, as_json=as_json)


@app.command()
def show(license_id: License, as_json: Json = False) -> None:
    """Shows a license. That is who holds it, what for, how long, and whether it can be renewed or returned."""
    from cli.output import record
    from fusion.market import licenses

    session = Session()
    found = licenses.holding(session.chain, license_id)
    record(_told(session, found) | _options(found), as_json=as_json)


@app.command("list")
def list_licenses(account: LicensesOf, as_json: Json = False) -> None:
    """Lists the licenses that an account holds."""
    from cli.output import rows
    from fusion.market import licenses

    session = Session()
    held = licenses.held_by(session.chain, session.address(account, "--as"))
    rows([_told(session, licenses.holding(session.chain, each)) for each in held], as_json=as_json)


@app.command()
def card(
    license_id: License,
    out: Annotated[Path | None, typer.Option(help="File to write; license-LICENSE.svg if absent.")] = None,
    as_json: Json = False,
) -> None:
    """Writes the picture of a license. It is an SVG that the chain itself draws."""
    from cli.output import record
    from fusion.errors import BadInput
    from fusion.market import licenses

    picture = licenses.card(Session().chain, license_id)
    path = out or Path(f"license-{license_id}.svg")
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror}; choose another --out") from None
    record({"license": license_id, "file": str(path)}, as_json=as_json)


def _told(session: Session, found: "Holding") -> dict[str, object]:
    from cli.output import Moment
    from fusion.money import Units

    registry, terms = session.chain.registry, found.terms
    return {
        "license": found.license_id,
        "module": registry.module_name(registry.version(terms.version).module_id),
        "version": terms.version,
        "offer": terms.offer,
        "holder": found.holder,
        "paid": Units(terms.price_paid),
        "expires": Moment(terms.expiry),
        "valid": found.valid,
    }


def _options(found: "Holding") -> dict[str, object]:
    from cli.output import Moment
    from fusion.money import Units

    return {
        "refundable": found.refundable,
        "refundable_until": Moment(found.terms.refundable_until) if found.terms.refundable_until else None,
        "can_renew": not found.refusal,
        "why_not": found.refusal or None,
        "renewal_price": None if found.renewal is None else Units(found.renewal),
    }
