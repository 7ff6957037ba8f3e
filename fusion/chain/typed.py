"""Typed: who signed EIP-712 typed data."""

from collections.abc import Mapping
from typing import Any

from eth_account import Account as Keys
from eth_account.messages import encode_typed_data

from fusion.chain.signer import Signature
from fusion.errors import BadInput

LENGTH = 65
"""Bytes of a signature: r, s and v."""

_HALF = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def packed(signature: Signature) -> bytes:
    """A signature as its 65 bytes."""
    return signature.r + signature.s + bytes([signature.v])


def signer_of(message: Mapping[str, Any], signature: bytes) -> str:
    """The address whose key made this signature of {types, primaryType, domain, message}.

    Raises:
        BadInput: it is no signature, or the second form of one (EIP-2), which anyone could make of the first.
    """
    if len(signature) != LENGTH or signature[64] not in {27, 28} or int.from_bytes(signature[32:64], "big") > _HALF:
        raise BadInput(f"0x{signature[:80].hex()} is no signature: it has 65 bytes, r, s up to half the order, and v")
    try:
        return str(Keys.recover_message(encode_typed_data(full_message=dict(message)), signature=signature))
    except Exception as error:  # of several libraries, for numbers that no key can have made
        raise BadInput(f"0x{signature.hex()} is no signature") from error
