"""Keys that another program holds: anvil's own accounts, and signers that lie."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from fusion.chain.account import Account
from fusion.chain.anvil import free_port
from fusion.chain.deployment import MUSD
from fusion.chain.permit import sign_authorization, sign_permit
from fusion.chain.signer import RemoteSigner
from fusion.errors import BadInput, ChainUnavailable
from tests.integration.signer_process import Refusal, serving

KEY = Account.from_key("0x" + "07" * 32)
OTHER = Account.from_key("0x" + "08" * 32)
NONE = "0x" + "00" * 20
TRANSACTION = {
    "type": 2,
    "chainId": 31337,
    "nonce": 3,
    "gas": 90_000,
    "maxFeePerGas": 30,
    "maxPriorityFeePerGas": 2,
    "value": 5,
    "data": b"\1\2\3",
    "to": OTHER.address,
}
TYPED = {
    "types": {"EIP712Domain": [{"name": "name", "type": "string"}], "Paid": [{"name": "much", "type": "uint256"}]},
    "primaryType": "Paid",
    "domain": {"name": "till"},
    "message": {"much": 2**200},
}


def asked(request: dict[str, Any]) -> dict[str, Any]:
    """What a signer is asked to sign, as eth_account takes it."""
    numbers = ("chainId", "nonce", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "value")
    fields: dict[str, Any] = {"type": 2, "data": bytes.fromhex(request["data"][2:])}
    fields |= {name: int(request[name], 16) for name in numbers}
    return fields | ({"to": request["to"]} if "to" in request else {})


def sign(request: dict[str, Any], *, account: Account = KEY, **altered: Any) -> str:
    return "0x" + account.sign_transaction(asked(request) | altered)[0].hex()


def at(url: str) -> Account:
    return Account.remote(url, KEY.address)


def test_an_unlocked_account_of_a_node_sends_and_permits(deployed) -> None:
    chain = deployed.chain
    url = deployed.anvil.url
    holder = Account.remote(url, RemoteSigner.accounts(url)[0])

    chain.send(holder, chain.token.mint(holder.address, 9 * MUSD))
    deadline = chain.now() + 600
    signed = sign_permit(holder, chain, chain.token.address, deployed["ann"].address, 2**255, deadline)
    permit = chain.token.permit(holder.address, deployed["ann"].address, 2**255, deadline, *signed)
    chain.send(deployed["ann"], permit)

    assert chain.token.balance_of(holder.address) == 9 * MUSD
    assert chain.token.allowance(holder.address, deployed["ann"].address) == 2**255
    assert repr(holder) == f"Account({holder.address})"


def test_an_authorization_with_its_bytes_is_signed_elsewhere_too(deployed) -> None:
    chain, url = deployed.chain, deployed.anvil.url
    holder = Account.remote(url, RemoteSigner.accounts(url)[1])
    terms = {"to": NONE, "value": 1, "valid_before": 2**40, "nonce": bytes(range(32))}

    signature = sign_authorization(holder, chain, chain.token.address, **terms)

    assert len(signature) == 65
    assert signature[64] in (27, 28)


@pytest.mark.parametrize("wrap", [lambda raw: raw, lambda raw: {"raw": raw, "tx": {}}])
@pytest.mark.parametrize("method", ["eth_signTransaction", "account_signTransaction"])
def test_signers_of_each_kind_are_understood(method: str, wrap: Callable[[str], object]) -> None:
    with serving({method: lambda request, *_: wrap(sign(request))}) as url:
        raw, digest = at(url).sign_transaction(TRANSACTION)

    assert (raw, digest) == KEY.sign_transaction(TRANSACTION)


def test_a_creation_has_no_receiver() -> None:
    creation = {name: value for name, value in TRANSACTION.items() if name != "to"}
    with serving({"eth_signTransaction": sign}) as url:
        assert at(url).sign_transaction(creation) == KEY.sign_transaction(creation)


def test_a_call_that_comes_back_as_a_creation_is_refused() -> None:
    def create(request: dict[str, Any]) -> str:
        return sign({name: value for name, value in request.items() if name != "to"})

    with serving({"eth_signTransaction": create}) as url, pytest.raises(BadInput, match="to is 0x and not 0x"):
        at(url).sign_transaction(TRANSACTION)


@pytest.mark.parametrize(
    ("altered", "said"),
    [
        ({"to": KEY.address}, f"to is {KEY.address.lower()} and not {OTHER.address.lower()}"),
        ({"value": 6}, "value is 6 and not 5"),
        ({"data": b""}, "data is 0x and not 0x010203"),
        ({"nonce": 4}, "nonce is 4 and not 3"),
        ({"chainId": 1}, "chainId is 1 and not 31337"),
        ({"gas": 10**7}, "gas is 10000000 and not 90000"),
        ({"maxFeePerGas": 10**12}, "maxFeePerGas is 1000000000000 and not 30"),
        ({"maxPriorityFeePerGas": 30}, "maxPriorityFeePerGas is 30 and not 2"),
        ({"accessList": [{"address": NONE, "storageKeys": []}]}, "accessList is"),
        ({"account": OTHER}, f"it is signed by {OTHER.address}"),
    ],
)
def test_a_signer_that_alters_anything_is_refused(altered: dict[str, Any], said: str) -> None:
    told = rf"the signer at .* did not sign what {KEY.address} asked: {said}"
    altering = {"eth_signTransaction": lambda request: sign(request, **altered)}
    with serving(altering) as url, pytest.raises(BadInput, match=told):
        at(url).sign_transaction(TRANSACTION)


MUTILATIONS: list[Callable[[str], object]] = [
    lambda raw: raw[:-2],
    lambda raw: raw + "00",
    lambda raw: "0x" + raw[4:],
    lambda raw: "0x03" + raw[4:],
    lambda raw: "0x02c0",
    lambda raw: "0x",
    lambda raw: "zz",
    lambda raw: None,
    lambda raw: 5,
    lambda raw: [raw],
    lambda raw: {},
    lambda raw: {"raw": 7},
]


@pytest.mark.parametrize("mutilate", MUTILATIONS)
def test_a_signer_that_gives_anything_else_is_refused(mutilate: Callable[[str], object]) -> None:
    answering = {"eth_signTransaction": lambda request: mutilate(sign(request))}
    with serving(answering) as url, pytest.raises(BadInput, match="did not sign what"):
        at(url).sign_transaction(TRANSACTION)


def test_nothing_that_was_altered_reaches_the_chain(deployed) -> None:
    chain = deployed.chain
    deployed.anvil.fund(KEY.address)
    stealing = {"eth_signTransaction": lambda request: sign(request, to=KEY.address, value=10**18)}
    with serving(stealing) as url, pytest.raises(BadInput, match="did not sign what"):
        chain.send(at(url), chain.token.mint(KEY.address, 1))

    assert chain.rpc.call("eth_getTransactionCount", KEY.address, "pending") == "0x0"


def typed(address: str, data: Any, *, much: int | None = None) -> str:
    data = json.loads(data) if isinstance(data, str) else data
    message = data["message"] | {"much": int(data["message"]["much"]) if much is None else much}
    signed = KEY.sign_typed(data | {"message": message})
    return "0x" + (signed.r + signed.s + bytes([signed.v - 27])).hex()


@pytest.mark.parametrize("method", ["eth_signTypedData_v4", "eth_signTypedData", "account_signTypedData"])
def test_typed_data_is_signed_by_signers_of_each_kind(method: str) -> None:
    with serving({method: typed}) as url:
        assert at(url).sign_typed(TYPED) == KEY.sign_typed(TYPED)


@pytest.mark.parametrize(
    "answer",
    [lambda address, data: typed(address, data, much=1), lambda *_: "0x" + "11" * 65, lambda *_: "0x", lambda *_: None],
)
def test_a_signature_of_other_typed_data_is_refused(answer: Callable[..., object]) -> None:
    with serving({"eth_signTypedData_v4": answer}) as url, pytest.raises(BadInput, match="did not sign what"):
        at(url).sign_typed(TYPED)


def test_what_a_signer_refuses_is_told_in_its_words() -> None:
    def refuse(*_: object) -> None:
        raise Refusal(-32000, "request denied")

    told = rf"the signer at .* does not sign for {KEY.address}: request denied"
    methods = {"eth_signTransaction": refuse, "account_signTransaction": sign}
    with serving(methods) as url, pytest.raises(BadInput, match=told):
        at(url).sign_transaction(TRANSACTION)


def test_what_is_no_signer_is_told() -> None:
    with serving({}) as url:
        with pytest.raises(BadInput, match=rf"{url} is no signer: it knows neither eth_signTransaction nor "):
            at(url).sign_transaction(TRANSACTION)
        with pytest.raises(BadInput, match="is no signer"):
            RemoteSigner.accounts(url)
    with pytest.raises(BadInput, match="FUSION_SIGNER is 'localhost'"):
        at("localhost")


def test_a_signer_that_is_away_may_come_back() -> None:
    port = free_port()
    url = f"http://user:secret@127.0.0.1:{port}"

    with pytest.raises(ChainUnavailable, match=rf"no answer from the signer at http://127.0.0.1:{port}; ") as caught:
        at(url).sign_transaction(TRANSACTION)

    assert "secret" not in str(caught.value)


def test_a_node_that_has_not_the_key_does_not_sign(deployed) -> None:
    with pytest.raises(BadInput, match=f"does not sign for {KEY.address}"):
        at(deployed.anvil.url).sign_transaction(TRANSACTION)
