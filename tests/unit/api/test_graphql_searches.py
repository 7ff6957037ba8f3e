"""Searches, candidates and windows, as GraphQL shows them."""

from fusion.content.cid import Cid

KEY = "0x" + "77" * 32
ANN, BOB = "0xaAaAaAaaAaAaAaaAaAAAAAAAAaaaAaAaAaaAaaAa", "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"


def test_a_search_with_all_that_hangs_on_it(query) -> None:
    search = query(
        """{ search(id: "1") { requester status reward bond held commitBy start end template best solver failure
             version { id } window { id cid status recordings { recorder lost } }
             candidates { id number status score scoreBits settings solver job { id } search { id } } } }"""
    )["data"]["search"]
    assert (search["requester"], search["status"], search["reward"], search["held"]) == (ANN, "Open", "50", "54")
    assert (search["commitBy"], search["start"], search["end"]) == (19, 20, 30)
    assert (search["template"], search["version"]) == (["0x6c", "0x72"], {"id": "1"})
    assert (search["best"], search["solver"], search["failure"]) == (1, None, None)
    assert search["window"] == {
        "id": KEY,
        "cid": str(Cid.directory(b"\1" * 32)),
        "status": "Recorded",
        "recordings": [{"recorder": BOB, "lost": "4"}],
    }
    first, infinite, hidden = search["candidates"]
    assert (first["id"], first["score"], first["job"], first["search"]) == ("1-1", 1.5, {"id": "1"}, {"id": "1"})
    assert (infinite["score"], infinite["scoreBits"]) == (None, "0x7ff0000000000000")
    assert (hidden["status"], hidden["settings"], hidden["score"], hidden["job"]) == ("Committed", None, None, None)


def test_searches_and_candidates_are_chosen(query) -> None:
    data = query(
        """query($key: Bytes!) {
             a: searches(status: Open, window: $key, version: "1", ended: false) { id }
             b: searches(status: Final) { id }
             c: candidates(search: "1", status: Scored, first: 1) { id } d: candidates(after: "1-2") { id }
             e: candidates(solver: "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB") { id } f: search(id: "9") { id } }""",
        key=KEY,
    )["data"]
    assert data == {
        "a": [{"id": "1"}],
        "b": [],
        "c": [{"id": "1-1"}],
        "d": [{"id": "1-3"}],
        "e": [{"id": "1-1"}],
        "f": None,
    }


def test_windows_and_recorders_are_chosen(query) -> None:
    data = query(
        """query($key: Bytes!, $digest: Bytes!) {
             window(key: $key) { venue symbol } a: windows(venue: "simulated", cidDigest: $digest) { id }
             b: windows(status: Failed) { id } c: windows(after: $after) { id } recorders(listed: true) { id bond lost }
             recordings(window: $key) { id } }""".replace("after: $after", f'after: "{KEY}"'),
        key=KEY,
        digest="0x" + "01" * 32,
    )["data"]
    assert data == {
        "window": {"venue": "simulated", "symbol": "SIM-USD"},
        "a": [{"id": KEY}],
        "b": [],
        "c": [],
        "recorders": [{"id": BOB, "bond": "96", "lost": "4"}],
        "recordings": [{"id": f"{KEY}-{BOB}"}],
    }
