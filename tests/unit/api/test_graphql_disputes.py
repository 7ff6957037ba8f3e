"""What GraphQL tells of disputes, slashes, trials, the pool and the owner; and that every field says what it is."""

import pytest

from api.graphql.schema import schema
from api.graphql.types.panels import Panel
from fusion.chain.contract import checksum
from indexer import tables

ANN, BOB, CYD = (checksum("0x" + digit * 40) for digit in "abc")


def test_a_disputed_solo_job(query) -> None:
    job = query(
        """{ job(id: 2) { status level verified challenger bond redraws assurancePpm royalty royaltyToken
             license { id } offer { id } demands { id number answeredBy job { id } }
             seats { id position fault agreed panel { id } operator { address } }
             formerSeats { position fault }
             panel { id } panels { id cause status challenger bond disputedHash overturned job { id }
               seats { agreed panel { id } operator { address } } slashes { id } }
             slashes { id fault amount lock operator { address faults } job { id } panel { id } } } }"""
    )["data"]["job"]
    assert (job["status"], job["level"], job["verified"]) == ("Disputed", "Solo", False)
    assert (job["challenger"], job["bond"], job["redraws"], job["assurancePpm"]) == (CYD, "31", 1, 100_000)
    assert (job["license"], job["offer"]) == (None, {"id": "1"})
    assert job["demands"] == [{"id": "2-1", "number": 1, "answeredBy": BOB, "job": {"id": "2"}}]
    (seat,) = job["seats"]
    assert (seat["id"], seat["fault"], seat["agreed"], seat["panel"]) == (f"2-0-{ANN}", "Wrong", False, None)
    assert job["formerSeats"] == [{"position": None, "fault": "Silent"}]
    (panel,) = job["panels"]
    assert job["panel"] == {"id": "1"}
    assert (panel["cause"], panel["status"], panel["challenger"], panel["overturned"]) == (
        "Challenge",
        "Called",
        CYD,
        None,
    )
    assert [(each["agreed"], each["panel"]) for each in panel["seats"]] == [(True, {"id": "1"})]
    assert panel["slashes"] == []  # the seat that lied was the job's
    (slash,) = job["slashes"]
    assert (slash["id"], slash["fault"], slash["amount"], slash["panel"]) == ("6-3", "Wrong", "9", None)
    assert slash["operator"] == {"address": ANN, "faults": 1}


def test_disputes_open_and_decided(query) -> None:
    data = query(
        """{ open: disputes(open: true) { id } decided: disputes(open: false) { id overturned votes slashed burned }
             mine: disputes(challenger: "0xcccccccccccccccccccccccccccccccccccccccc") { id }
             all: panels { id } some: panels(cause: [Mismatch, Audit]) { id } one: panels(cause: Challenge) { id }
             panel(id: 2) { cause } seated: panels(operator: "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb") { id } }"""
    )["data"]
    assert data["open"] == data["mine"] == data["one"] == data["seated"] == [{"id": "1"}]
    assert data["decided"] == [{"id": "2", "overturned": True, "votes": 2, "slashed": "9", "burned": "7"}]
    assert data["all"] == [{"id": "1"}, {"id": "2"}]
    assert data["some"] == [{"id": "2"}]
    assert data["panel"] == {"cause": "Mismatch"}


def test_inputs_that_a_panel_could_not_get_overturn_nothing() -> None:
    panel = tables.Panel(
        id=1,
        job_id=1,
        cause="Audit",
        disputed_hash="0x0a",
        status="Decided",
        ready_block=0,
        deadline=0,
        kind="InputUnavailable",
        outcome_hash="0x0b",
        votes=1,
        called_at=6,
        block=6,
        tx="0x06",
    )
    assert Panel.of(panel).overturned() is None
    panel.kind = "LimitHit"
    assert Panel.of(panel).overturned() is True


def test_an_operators_record(query) -> None:
    operator = query(
        f"""{{ operator(address: "{ANN}") {{ seatCount agreements faults slashed slashes {{ fault job {{ id }} }}
               seats {{ job {{ id }} }} }} slashes(operator: "{ANN}", fault: Wrong) {{ amount }}
               seats(operator: "{ANN}", fault: Wrong) {{ id }} }}"""
    )["data"]
    assert operator["operator"] == {
        "seatCount": 2,
        "agreements": 1,
        "faults": 1,
        "slashed": "9",
        "slashes": [{"fault": "Wrong", "job": {"id": "2"}}],
        "seats": [{"job": {"id": "2"}}, {"job": {"id": "1"}}],
    }
    assert operator["slashes"] == [{"amount": "9"}]
    assert operator["seats"] == [{"id": f"2-0-{ANN}"}]


def test_seats_are_paged_by_their_id(query) -> None:
    first = query("{ seats(first: 2) { id } }")["data"]["seats"]
    rest = query("query ($at: ID) { seats(after: $at) { id } }", at=first[-1]["id"])["data"]["seats"]
    assert [row["id"] for row in first + rest] == [
        f"1-0-{ANN}",
        f"1-0-{BOB}",
        f"2-0-{CYD}",  # checksummed text: capitals come first
        f"2-0-{ANN}",
        f"2-1-{BOB}",
    ]


def test_licenses_that_an_account_can_use(query) -> None:
    data = query(
        f"""{{ valid: licenses(owner: "{CYD}", validAt: 1700, first: 1) {{ id }}
               soon: licenses(expiresBefore: 1700) {{ id }} trial: licenses(refundableAt: 23, first: 1) {{ id }}
               referred: licenses(referrer: "{ANN}") {{ id referral }}
               license(id: 1) {{ refundableUntil refunded renewalCount renewals {{ id payer license {{ id }} }} }}
               renewals(payer: "{BOB}") {{ id }} offers(sells: Runs) {{ id sells trial referralBps }} }}"""
    )["data"]
    assert data["valid"] == data["trial"] == [{"id": "1"}]
    assert data["soon"] == []
    assert data["referred"] == [{"id": "2", "referral": "0"}]
    assert data["license"]["refundableUntil"] == 24
    assert data["license"]["renewals"] == [{"id": "8-0", "payer": BOB, "license": {"id": "1"}}]
    assert data["renewals"] == [{"id": "8-0"}]
    assert data["offers"] == [{"id": "1", "sells": "Both", "trial": 20, "referralBps": 500}]


@pytest.mark.parametrize("time", ["99999999999999999999", "-1", '"tomorrow"', "1.5", "true"])
def test_what_is_no_time_is_refused(query, time: str) -> None:
    (error,) = query(f"{{ licenses(validAt: {time}) {{ id }} }}")["errors"]
    assert "whole number" in error["message"]


def test_what_the_owner_has_set(query) -> None:
    data = query(
        """{ rules { protocolFeeBps nextProtocolFeeBps nextFrom salesPaused jobsPaused searchesPaused }
             tokens(allowed: true) { address } ownerActs(kind: TokenAllowed) { name enabled }
             holdings { name amount } pool { balance deposited spent }
             poolEntries(kind: Spent) { amount job { id } } canaries(opened: true) { right paidBack job { id } } }"""
    )["data"]
    assert data["rules"] == {
        "protocolFeeBps": 250,  # the next one begins a second after the block that is shown
        "nextProtocolFeeBps": 400,
        "nextFrom": 1_701,
        "salesPaused": False,
        "jobsPaused": True,
        "searchesPaused": False,
    }
    assert len(data["tokens"]) == 1
    assert data["ownerActs"] == [{"name": "RevenueLedger", "enabled": True}]
    assert data["holdings"] == [{"name": "RevenueLedger", "amount": "61"}]
    assert data["pool"] == {"balance": "5", "deposited": "8", "spent": "3"}
    assert data["poolEntries"] == [{"amount": "3", "job": {"id": "1"}}]
    assert data["canaries"] == [{"right": True, "paidBack": "30", "job": {"id": "1"}}]


def test_jobs_by_how_they_stand(query) -> None:
    data = query(
        """{ a: jobs(status: [Disputed, Final]) { id } b: jobs(status: Final) { id } c: jobs(verified: true) { id }
             d: jobs(ended: false, first: 1) { id } e: jobs(failure: NoMajority) { id } }"""
    )["data"]
    assert data == {
        "a": [{"id": "1"}, {"id": "2"}],
        "b": [{"id": "1"}],
        "c": [{"id": "1"}],
        "d": [{"id": "1"}],
        "e": [],
    }


def test_everything_says_what_it_is() -> None:
    """Every type, field and argument has a description."""
    silent = []
    for kind in schema._schema.type_map.values():
        if kind.name.startswith("__") or kind.name in ("String", "Int", "Float", "Boolean", "ID"):
            continue
        if not kind.description:
            silent.append(kind.name)
        for name, field in getattr(kind, "fields", {}).items():
            if not field.description:
                silent.append(f"{kind.name}.{name}")
            silent += [f"{kind.name}.{name}({each})" for each, arg in field.args.items() if not arg.description]
    assert silent == []
