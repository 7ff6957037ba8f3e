"""GraphQL answers: shapes, joins without a query a row, limits, and errors that say nothing of the database."""

from collections.abc import Iterator

import pytest
from graphql import get_introspection_query
from sqlalchemy import Engine, event
from sqlalchemy.exc import ProgrammingError

from api.graphql.context import MAX_ROWS
from fusion.content.cid import Cid
from indexer import views

A = "0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa"


@pytest.fixture
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        if statement.startswith("SELECT"):
            seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def test_meta_and_network(query) -> None:
    answer = query("{ _meta { block { number hash timestamp } } network { chainId firstBlock contracts { name } } }")
    assert answer["data"]["_meta"]["block"] == {"number": 9, "hash": "0x" + "99" * 32, "timestamp": 1_700}
    assert answer["data"]["network"]["chainId"] == 31337
    assert "JobMarket" in {each["name"] for each in answer["data"]["network"]["contracts"]}


def test_a_module_with_all_that_hangs_on_it(query) -> None:
    (module,) = query(
        """{ modules(first: 1) { id name author registeredAt block tx versions {
             id cid access minRoyaltyPpm deprecated module { id }
             splits { position account ppm version { id } upstream { id } } royalties { ppm version { id } }
             offers { id price token duration perRunPrice sells trial licenses { id } }
             licenses { id owner buyer expiry offer { id } version { id } jobs { id } }
             jobs { id } incomes { id received settled version { id } } } } }"""
    )["data"]["modules"]
    assert (module["id"], module["name"], module["author"]) == ("1", "module 1", A)
    (version,) = module["versions"]
    assert version["cid"] == str(Cid.directory(b"\1" * 32))
    assert version["access"] == "Open"
    assert version["splits"][0] == {
        "position": 0,
        "account": A,
        "ppm": 900_000,
        "version": {"id": "1"},
        "upstream": None,
    }
    assert version["splits"][1]["upstream"] == {"id": "1"}
    assert [row["version"]["id"] for row in version["royalties"]] == ["1", "2"]
    assert version["offers"][0]["price"] == str(2**255)
    assert version["offers"][0]["licenses"] == [{"id": "1"}]
    assert version["licenses"][0]["expiry"] == 2**40
    assert version["licenses"][0]["jobs"] == [{"id": "1"}]
    assert version["jobs"] == [{"id": "1"}, {"id": "2"}]
    assert version["incomes"][0]["received"] == "9"


def test_a_job_with_its_seats(query) -> None:
    job = query(
        """{ job(id: 1) { status kind outcomeHash votes failure fee endedAt spec license { id } version { id }
             seats { position kind outcomeHash outcome paid job { id } operator { address stake
               seats { paid } balances { credited } } } } }"""
    )["data"]["job"]
    assert (job["status"], job["kind"], job["failure"], job["fee"]) == ("Final", "Result", None, "30")
    ann, bob = job["seats"]
    assert ann["operator"]["stake"] == "13"
    assert ann["operator"]["balances"] == [{"credited": str(2**255 + 3)}]
    assert (ann["paid"], bob["paid"]) == (True, False)
    assert bob["operator"] is None  # who never registered has no row


def test_unknown_ids_are_null(query) -> None:
    data = query(
        "{ module(id: 99) { id } version(id: 99) { id } offer(id: 99) { id } license(id: 99) { id } job(id: 99) { id }"
        " }"
    )
    assert set(data["data"].values()) == {None}


def test_revenue_rows(query) -> None:
    (row,) = query(
        "{ revenue(kind: Credited) { id kind amount protocolFee version { id } upstream { id } account tx } }"
    )["data"]["revenue"]
    assert row == {
        "id": "7-2",
        "kind": "Credited",
        "amount": "975",
        "protocolFee": "25",
        "version": {"id": "1"},
        "upstream": None,
        "account": None,
        "tx": "0x07",
    }


def test_pages_by_id(query) -> None:
    data = query('{ a: modules(first: 2, after: "28") { id } b: modules(first: 2, order: NEWEST) { id } }')["data"]
    assert data == {"a": [{"id": "29"}, {"id": "30"}], "b": [{"id": "30"}, {"id": "29"}]}
    (row,) = query("{ balances { id } }")["data"]["balances"]
    assert query("query ($at: ID) { balances(after: $at) { id } }", at=row["id"])["data"]["balances"] == []
    assert query('{ revenue(after: "7-1") { id } }')["data"]["revenue"] == [{"id": "7-2"}]


def test_filters_take_any_case_of_an_address_and_a_cid(query) -> None:
    assert len(query("query ($a: Address) { modules(author: $a) { id } }", a=A.lower())["data"]["modules"]) == 30
    cid = str(Cid.directory(b"\3" * 32))
    assert query("query ($c: String) { versions(cid: $c) { id } }", c=cid)["data"]["versions"] == [{"id": "3"}]
    assert query("{ jobs(status: Final, version: 1) { id } }")["data"]["jobs"] == [{"id": "1"}]
    assert query("{ jobs(status: Open) { id } }")["data"]["jobs"] == []
    assert query(f'{{ operator(address: "{A}") {{ free }} }}')["data"]["operator"] == {"free": "5"}


def test_lists_of_lists_are_one_statement_a_level(query, statements: list[str]) -> None:
    data = query(
        "{ modules { versions { splits { upstream { module { name } } } offers { id } licenses { owner } } } }"
    )
    assert len(data["data"]["modules"]) == 30
    assert len(statements) == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ modules(first: 0) { id } }", "first is 0; ask for 1 to 200 rows"),
        ("{ modules(first: 201) { id } }", "first is 201; ask for 1 to 200 rows"),
        ('{ modules(after: "x") { id } }', "'x' is no id"),
        ('{ module(id: "99999999999999999999") { id } }', "is no id"),
        ('{ module(id: "00000000000000000000999") { id } }', "is no id"),
        ('{ module(id: "-1") { id } }', "'-1' is no id"),
        ('{ revenue(after: "7") { id } }', "'7' is no place in this list"),
        ('{ modules(author: "0x12") { id } }', "'0x12' is no address"),
        ('{ versions(cid: "Qm") { id } }', "is not a CID"),
        ("{ nothing }", "Cannot query field 'nothing'"),
        ("{", "Syntax Error"),
    ],
)
def test_faults_of_the_query_are_told(query, text: str, message: str) -> None:
    (error,) = query(text)["errors"]
    assert message in error["message"]
    assert "\n" not in error["message"].strip() or "Syntax" in message


def test_variables_that_do_not_fit_are_told(query) -> None:
    (error,) = query("query ($n: Int) { modules(first: $n) { id } }", n=None)["errors"]
    assert "'first'" in error["message"]
    (error,) = query("query ($a: Address) { modules(author: $a) { id } }", a="\ud800")["errors"]
    assert "is no address" in error["message"]


def test_a_name_that_no_database_can_hold_is_looked_for_as_it_is_kept(query) -> None:
    assert query("query ($n: String) { modules(name: $n) { id } }", n="\ud800\0") == {"data": {"modules": []}}


def test_deep_long_and_aliased_queries_are_refused(query) -> None:
    deep = "{ modules { " + "versions { module { " * 10 + "id" + " } }" * 10 + " } }"
    assert "exceeds maximum operation depth" in query(deep)["errors"][0]["message"]
    assert "tokens" in query("{ modules { " + "id " * 3_000 + "} }")["errors"][0]["message"]
    many = " ".join(f"a{number}: modules {{ id }}" for number in range(31))
    assert "aliases" in query("{" + many + "}")["errors"][0]["message"]


def test_a_query_that_multiplies_rows_is_stopped(query) -> None:
    text = " ".join(
        f"a{number}: modules {{ versions {{ splits {{ ppm }} offers {{ id }} licenses {{ id }} }} }}"
        for number in range(30)
    )
    answer = query("{" + text + "}")
    assert f"asks for more than {MAX_ROWS} rows" in answer["errors"][0]["message"]


def test_introspection_is_within_the_limits(query) -> None:
    answer = query(get_introspection_query(specified_by_url=True, input_value_deprecation=True))
    assert "errors" not in answer


def test_errors_of_the_database_stay_here(query, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ProgrammingError("SELECT secret FROM modules", {}, Exception("no such column: secret"))

    monkeypatch.setattr(views, "modules", broken)
    answer = query("{ modules { id } }")
    assert [error["message"] for error in answer["errors"]] == ["internal error"]
    assert "secret" not in str(answer)
    assert "no such column: secret" in "".join(capsys.readouterr())
