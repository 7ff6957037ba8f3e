"""Money moved by a signature: ERC-2612 permits, and ERC-3009 authorizations that another may submit."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from eth_utils.crypto import keccak

from fusion.chain.account import Account
from fusion.chain.client import Chain
from fusion.chain.contract import checksum, encode
from fusion.chain.contracts import MockUSD
from fusion.chain.signer import Signature
from fusion.errors import BadInput, FusionError, Retryable

T = TypeVar("T")

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


class UnsignableError(BadInput):
    """A token that takes no signatures, or does not tell what they are for."""


def sign_permit(  # noqa: PLR0917 - in the order of permit(owner, spender, value, deadline) of ERC-2612
    account: Account, chain: Chain, token: str, spender: str, value: int, deadline: int
) -> Signature:
    """Lets `spender` take `value` base units of the account's `token` until `deadline` (chain time, seconds).

    The token's own domain is signed, so a permit holds for one token on one chain, and once.

    Raises:
        UnsignableError: the token takes no permits.
        BadInput: the token's domain is that of another contract or chain, so that the permit would hold there.
    """
    contract = MockUSD(chain, token)
    nonce = _answered(lambda: contract.nonces(account.address))
    if nonce is None:
        raise UnsignableError(f"token {token} takes no permits (ERC-2612): nothing was signed")
    message = {
        "owner": account.address,
        "spender": spender,
        "value": value,
        "nonce": nonce,
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
    domain = _domain(chain, token)
    return account.sign_typed(
        {
            "types": {"EIP712Domain": _typed(_DOMAIN), primary: _typed(fields)},
            "primaryType": primary,
            "domain": domain,
            "message": dict(message),
        }
    )


def _domain(chain: Chain, token: MockUSD) -> dict[str, object]:
    """What the token's signatures are for: as ERC-5267 tells it; of older tokens, what fits their separator."""
    here = chain.deployment.chain_id
    told = _answered(token.eip712_domain)
    if told is not None:
        _, name, version, chain_id, verifying_contract, _, _ = told
        if checksum(verifying_contract) != token.address or chain_id != here:
            raise BadInput(
                f"token {token.address} asks for a signature for {verifying_contract} on chain {chain_id}: "
                "nothing was signed"
            )
        return _named(name, version, chain_id, token.address)
    older, separator = _Older(chain, token.address), _answered(token.domain_separator)
    called, versioned = _answered(token.name), _answered(older.version)
    for version in ("1", "2") if versioned is None else (versioned,):
        if called is not None and separator == _separator(called, version, here, token.address):
            return _named(called, version, here, token.address)
    raise UnsignableError(f"token {token.address} does not tell what its signatures are for: nothing was signed")


class _Older(MockUSD):
    """A token from before ERC-5267."""

    def version(self) -> str:
        return str(self._view("version()", ("string",), "latest")[0])


def _named(name: str, version: str, chain_id: int, contract: str) -> dict[str, object]:
    return {"name": name, "version": version, "chainId": chain_id, "verifyingContract": contract}


def _separator(name: str, version: str, chain_id: int, contract: str) -> bytes:
    """EIP-712's hash of a domain."""
    kind = keccak(text=f"EIP712Domain({','.join(f'{of} {field}' for field, of in _DOMAIN)})")
    values = [kind, keccak(text=name), keccak(text=version), chain_id, contract]
    return keccak(encode("domain(bytes32,bytes32,bytes32,uint256,address)", values))


def _answered(view: Callable[[], T]) -> T | None:
    """What a view returns; None where the token has none like it."""
    try:
        return view()
    except Retryable:
        raise
    except FusionError:
        return None


def _typed(fields: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in fields]
