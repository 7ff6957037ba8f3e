"""The template of a search: the spec of a scoring job, cut so that a contract can put it together again."""

import hashlib

import pytest

from fusion.content import dcbor
from fusion.content.cid import Cid
from fusion.errors import BadInput
from node.collider.template import MAX_PORTS, Template, encode_candidate
from node.spec import JobSpec
from sandbox.code import Limits

WINDOW = Cid.directory(hashlib.sha256(b"a window").digest())
IMAGE = hashlib.sha256(b"an image").digest()


def template(*ports: str) -> Template:
    return Template.of(7, ports or ("bid", "ask"), limits=Limits(fuel=10**9), image=IMAGE, seed=5)


def test_a_template_and_a_candidate_make_the_spec_of_a_job() -> None:
    settings = {"span": 3, "band": 0.5, "mode": "ema", "log": True}
    spec = template().spec(WINDOW, encode_candidate(settings))
    expected = JobSpec(7, {"bid": WINDOW, "ask": WINDOW}, settings, Limits(fuel=10**9), IMAGE, 5)
    assert spec == expected
    assert spec.encode() == WINDOW.digest.join(template().pieces) + encode_candidate(settings)


@pytest.mark.parametrize("count", [1, 2, MAX_PORTS])
def test_each_port_is_fed_from_the_window(count: int) -> None:
    cut = template(*(f"port{number}" for number in range(count)))
    assert len(cut.pieces) == count + 1
    assert set(cut.spec(WINDOW, encode_candidate({})).inputs.values()) == {WINDOW}


@pytest.mark.parametrize("count", [0, MAX_PORTS + 1])
def test_too_many_ports_are_refused(count: int) -> None:
    with pytest.raises(BadInput, match=f"has {count} ports: a scorer has 1 to 16"):
        Template.of(7, [f"p{number}" for number in range(count)], limits=Limits(), image=IMAGE, seed=0)


def test_a_template_tells_what_all_its_jobs_have_in_common() -> None:
    blank = template().blank()
    assert (blank.version, blank.limits, blank.image, blank.seed) == (7, Limits(fuel=10**9), IMAGE, 5)
    assert (set(blank.inputs), blank.settings) == ({"bid", "ask"}, {})


def test_pieces_of_a_stranger_are_read_strictly() -> None:
    pieces = template().pieces
    with pytest.raises(BadInput, match="no deterministic CBOR"):
        Template((pieces[0], pieces[2])).blank()
    with pytest.raises(BadInput):
        Template((*pieces[:-1], pieces[-1][:-1])).blank()
    other = JobSpec(7, {"bid": WINDOW, "ask": WINDOW}, {}, Limits(), IMAGE, 0).encode()[:-1]
    with pytest.raises(BadInput, match="feeds its scorer from another table"):
        Template((other,)).blank()


def test_a_candidate_of_a_stranger_is_read_strictly() -> None:
    for candidate in (b"", b"\xa0\x00", b"\x01", dcbor.encode({"span": [1]}), dcbor.encode({"a b": 1}), bytes(5_000)):
        with pytest.raises(BadInput):
            template().spec(WINDOW, candidate)
