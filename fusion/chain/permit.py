"""Money moved by a signature: ERC-2612 permits, and ERC-3009 authorizations that another may submit."""

from collections.abc import Mapping, Sequence

from fusion.chain.account import Account, Signature
from fusion.chain.client import Chain
from fusion.chain.contract import checksum
from fusion.chain.contracts import MockUSD
from fusion.errors import BadInput

_DOMAIN = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))
_PERMIT = (
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)
_RECEIVE = (
    ("from", "address"),
    ("to", "address"),
    ("value", "uint256"),
    ("validAfter", "uint256"),
    ("validBefore", "uint256"),
    ("nonce", "bytes32"),
)


def sign_permit(  # noqa: PLR0917 - in the order of permit(owner, spender, value, deadline) of ERC-2612
    account: Account, chain: Chain, token: str, spender: str, value: int, deadline: int
) -> Signature:
    """Lets `spender` take `value` base units of the account's `token` until `deadline` (chain time, seconds).

    The token's own domain (ERC-5267) is signed, so a permit holds for one token on one chain, and once.

    Raises:
        BadInput: the token's domain is that of another contract or chain, so that the permit would hold there.
    """
    contract = MockUSD(chain, token)
    message = {
        "owner": account.address,
        "spender": spender,
        "value": value,
        "nonce": contract.nonces(account.address),
        "deadline": deadline,
    }
    return _signed(account, chain, contract, "Permit", _PERMIT, message)


def sign_authorization(
    account: Account, chain: Chain, token: str, *, to: str, value: int, valid_before: int, nonce: bytes
) -> bytes:
    """Lets `to`, and nobody else, receive exactly `value` base units of the account's `token`, once (ERC-3009).

    It is good at once, and until `valid_before` (chain time, seconds). Whoever sends it pays the gas.

    Args:
        nonce: 32 bytes; the token refuses one that this account has used.

    Returns:
        The signature, 65 bytes.

    Raises:
        BadInput: as `sign_permit`.
    """
    contract = MockUSD(chain, token)
    message = {
        "from": account.address,
        "to": to,
        "value": value,
        "validAfter": 0,
        "validBefore": valid_before,
        "nonce": nonce,
    }
    signed = _signed(account, chain, contract, "ReceiveWithAuthorization", _RECEIVE, message)
    return signed.r + signed.s + bytes([signed.v])


def _signed(  # noqa: PLR0917 - whose, where, and what
    account: Account,
    chain: Chain,
    token: MockUSD,
    primary: str,
    fields: Sequence[tuple[str, str]],
    message: Mapping[str, object],
) -> Signature:
    _, name, version, chain_id, verifying_contract, _, _ = token.eip712_domain()
    if checksum(verifying_contract) != token.address or chain_id != chain.deployment.chain_id:
        raise BadInput(
            f"token {token.address} asks for a signature for {verifying_contract} on chain {chain_id}: "
            "nothing was signed"
        )
    return account.sign_typed(
        {
            "types": {"EIP712Domain": _typed(_DOMAIN), primary: _typed(fields)},
            "primaryType": primary,
            "domain": {
                "name": name,
                "version": version,
                "chainId": chain_id,
                "verifyingContract": verifying_contract,
            },
            "message": dict(message),
        }
    )


def _typed(fields: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in fields]
