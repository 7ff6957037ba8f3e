import hashlib

import pytest

from fusion.content import varint
from fusion.content.cid import DAG_PB, RAW, Cid
from fusion.errors import BadInput, ContentError

EMPTY_FOLDER = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"
EMPTY_FOLDER_V0 = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"


def test_names_the_empty_folder_as_kubo_does() -> None:
    cid = Cid.of_block(DAG_PB, b"\x0a\x02\x08\x01")

    assert str(cid) == EMPTY_FOLDER
    assert Cid.parse(EMPTY_FOLDER) == Cid.parse(EMPTY_FOLDER_V0) == cid
    assert Cid.directory(cid.digest) == cid


def test_raw_blocks_have_their_own_codec() -> None:
    assert str(Cid.of_block(RAW, b"")) == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "bafy",
        "unknown",
        EMPTY_FOLDER[:-1],
        EMPTY_FOLDER + "a",
        EMPTY_FOLDER.upper(),
        EMPTY_FOLDER[:-1] + "5",  # stray bits behind the last byte
        EMPTY_FOLDER[:20] + "0" + EMPTY_FOLDER[21:],  # no letter of base32
        "b" + "é" * 58,
        "bafyreiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354",  # dag-cbor
        EMPTY_FOLDER_V0[:-1],
        EMPTY_FOLDER_V0[:-1] + "0",  # no letter of base58
        "Qm" + "z" * 44,
        "/ipfs/" + EMPTY_FOLDER,
        f" {EMPTY_FOLDER}",
        "../../etc/passwd",
        "b" * 100_000,
    ],
)
def test_refuses_what_is_no_cid(text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        Cid.parse(text)

    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("digest", [b"", b"short", bytes(33)])
def test_a_digest_has_32_bytes(digest: bytes) -> None:
    with pytest.raises(BadInput, match="32 bytes"):
        Cid.directory(digest)


def test_refuses_another_codec() -> None:
    with pytest.raises(BadInput, match="0x71"):
        Cid(0x71, bytes(32))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x12\x20", b"\x01\x70\x12\x20" + bytes(31), b"\x01\x00\x00\x00"])
def test_refuses_another_binary_form(data: bytes) -> None:
    with pytest.raises(ContentError):
        Cid.from_bytes(data)


def test_checks_bytes() -> None:
    cid = Cid(RAW, hashlib.sha256(b"data").digest())
    cid.check(b"data")

    with pytest.raises(ContentError, match="altered"):
        cid.check(b"dato")


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff" * 9, b"\xff" * 9 + b"\x7f", b"\xff" * 20])
def test_varints_are_bounded(data: bytes) -> None:
    with pytest.raises(ContentError):
        varint.decode(data)
