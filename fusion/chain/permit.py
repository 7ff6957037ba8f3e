"""ERC-2612: an allowance given by a signature."""

from fusion.chain.account import Account, Signature
from fusion.chain.client import Chain
from fusion.chain.contract import checksum
from fusion.chain.contracts import MockUSD
from fusion.errors import BadInput

_DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
_PERMIT = [
    {"name": "owner", "type": "address"},
    {"name": "spender", "type": "address"},
    {"name": "value", "type": "uint256"},
    {"name": "nonce", "type": "uint256"},
    {"name": "deadline", "type": "uint256"},
]


def sign_permit(  # noqa: PLR0917 - in the order of permit(owner, spender, value, deadline) of ERC-2612
    account: Account, chain: Chain, token: str, spender: str, value: int, deadline: int
) -> Signature:
    """Lets `spender` take `value` base units of the account's `token` until `deadline` (chain time, seconds).

    The token's own domain (ERC-5267) is signed, so a permit holds for one token on one chain, and once.

    Raises:
        BadInput: the token's domain is that of another contract or chain, so that the permit would hold there.
    """
    contract = MockUSD(chain, token)
    _, name, version, chain_id, verifying_contract, _, _ = contract.eip712_domain()
    if checksum(verifying_contract) != contract.address or chain_id != chain.deployment.chain_id:
        raise BadInput(
            f"token {contract.address} asks for a permit of {verifying_contract} on chain {chain_id}: "
            "nothing was signed"
        )
    return account.sign_typed(
        {
            "types": {"EIP712Domain": _DOMAIN, "Permit": _PERMIT},
            "primaryType": "Permit",
            "domain": {
                "name": name,
                "version": version,
                "chainId": chain_id,
                "verifyingContract": verifying_contract,
            },
            "message": {
                "owner": account.address,
                "spender": spender,
                "value": value,
                "nonce": contract.nonces(account.address),
                "deadline": deadline,
            },
        }
    )
