"""The OpenAPI spec is true: what schemathesis makes of it is answered as it says, and never by a fault."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.exchange.endpoint import KEY_HEADER
from api.exchange.meter import Allowance
from api.exchange.signature import sign
from tests.integration.exchange_scene import Scene, conserved

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    made = Scene(Allowance(weight=10**9, orders=10**9, orders_day=10**9))
    yield made
    assert made.do(lambda: conserved(made.service))
    made.close()


def test_it_is_answered_as_the_spec_says(scene):
    spec = schemathesis.openapi.from_url(f"{scene.url}/openapi.json")
    operations = [found.ok() for found in spec.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:

        @given(operation.as_strategy())
        @settings(
            max_examples=4, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
        )
        def answered(case):
            case.query = signed(scene, dict(case.query or {}))
            case.call_and_validate(checks=CHECKS, headers={KEY_HEADER: scene.key})

        answered()


def signed(scene: Scene, query: dict[str, Any]) -> dict[str, Any]:
    """A request of a market that there is, signed as it should be."""
    if "symbol" in query:
        query["symbol"] = "BTCUSDT"
    if "signature" in query:
        query |= {"timestamp": str(time.time_ns() // 10**6), "recvWindow": "60000"}
        del query["signature"]
        query["signature"] = sign(scene.secret, urlencode(query, doseq=True))
    return query
