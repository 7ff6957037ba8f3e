from enum import IntEnum

import pytest

from fusion.chain.contract import ErrorAbi, encode
from fusion.chain.revert import refused

WHO = "0x" + "11" * 20


class Status(IntEnum):
    OPEN = 1


CODE = b"\1\2\3\4"


@pytest.mark.parametrize(
    ("abi", "signature", "arguments", "told"),
    [
        (ErrorAbi("Empty", ()), "f()", [], "Empty()"),
        (ErrorAbi("Low", (("price", "uint256", None),)), "f(uint256)", [3], "Low(price=3)"),
        (ErrorAbi("Wrong", (("status", "uint8", Status),)), "f(uint8)", [1], "Wrong(status=OPEN)"),
        (ErrorAbi("Taken", (("name", "string", None),)), "f(string)", ["a\nb"], r"Taken(name='a\nb')"),
        (ErrorAbi("Hash", (("digest", "bytes4", None),)), "f(bytes4)", [b"abcd"], "Hash(digest=0x61626364)"),
        (ErrorAbi("Who", (("caller", "address", None),)), "f(address)", [WHO], f"Who(caller={WHO})"),
    ],
)
def test_a_custom_error_in_one_line(abi: ErrorAbi, signature: str, arguments: list[object], told: str) -> None:
    error = refused("Thing.put", CODE + encode(signature, arguments), {CODE: abi})

    assert str(error) == f"Thing.put was refused: {told}"
    assert error.error == abi.name
    assert list(error.arguments) == [name for name, _, _ in abi.inputs]
    assert error.exit_code == 2


def test_the_first_table_names_it() -> None:
    mine = ErrorAbi("Low", (("maxPrice", "uint256", None),))
    theirs = ErrorAbi("Low", (("limit", "uint256", None),))

    assert refused("f", CODE + bytes(32), {CODE: mine}, {CODE: theirs}).arguments == {"maxPrice": 0}
    assert refused("f", CODE + bytes(32), {}, {CODE: theirs}).arguments == {"limit": 0}


def test_what_newcomers_meet_is_told_in_words() -> None:
    inputs = (("sender", "address", None), ("balance", "uint256", None), ("needed", "uint256", None))
    data = CODE + encode("f(address,uint256,uint256)", [WHO, 1, 2])

    error = refused("Market.buy", data, {CODE: ErrorAbi("ERC20InsufficientBalance", inputs)})

    expected = f"{WHO} holds 1 base units of the token and needs 2 (ERC20InsufficientBalance)"
    assert str(error) == f"Market.buy was refused: {expected}"


def test_reasons_and_panics() -> None:
    reason = bytes.fromhex("08c379a0") + encode("f(string)", ["not\nnow"])
    panic = bytes.fromhex("4e487b71") + encode("f(uint256)", [0x11])

    assert str(refused("f", reason)) == "f was refused: not now"
    assert str(refused("f", panic)) == "f failed inside: arithmetic overflow or underflow"
    assert refused("f", panic).error == "Panic"


def test_what_nobody_knows() -> None:
    assert str(refused("f", CODE)) == "f was refused with an unknown error 0x01020304"
    assert str(refused("f", b"", reason="execution reverted")) == "f was refused without a reason (execution reverted)"


def test_arguments_that_do_not_decode() -> None:
    abi = ErrorAbi("Wrong", (("status", "uint8", Status),))

    for data in (b"", (9).to_bytes(32, "big")):
        assert "Wrong, with arguments that do not decode" in str(refused("f", CODE + data, {CODE: abi}))


def test_a_reason_cannot_drive_a_terminal_or_break_a_line() -> None:
    reason = bytes.fromhex("08c379a0") + encode("f(string)", ["\x1b[2Jall is\r\nwell\x9b\u202e"])

    assert str(refused("f", reason)) == "f was refused: \ufffd[2Jall is well\ufffd\ufffd"


def test_reasons_that_do_not_decode() -> None:
    for kind in ("08c379a0", "4e487b71"):
        for data in (b"", b"\xff" * 64):
            told = str(refused("f", bytes.fromhex(kind) + data))
            assert told == "f was refused with a reason that does not decode" or told.startswith(
                "f failed inside: code"
            )
