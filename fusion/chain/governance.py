"""Governing a deployment: its state, who may change it, and calls that wait out the admin's delay."""

from dataclasses import dataclass
from typing import Literal

from fusion.chain.account import Account
from fusion.chain.authority import GOVERNED, ROLES
from fusion.chain.bindings.access_manager import OperationScheduled, RoleGranted
from fusion.chain.bindings.revenue_ledger import TokenAllowed
from fusion.chain.client import Chain, Receipt
from fusion.chain.contract import Call, checksum, selector
from fusion.errors import BadInput


@dataclass(frozen=True, slots=True)
class Holder:
    """An account with a role; `delay` in seconds."""

    account: str
    delay: int


@dataclass(frozen=True, slots=True)
class Operation:
    """A scheduled call; `when` is the first second, in chain time, at which `caller` may have it executed."""

    caller: str
    target: str
    function: str
    data: bytes
    when: int


@dataclass(frozen=True, slots=True)
class Step:
    """How far a governed call is.

    Attributes:
        state: "done" now; "scheduled" now; "waiting" since an earlier call.
        when: the first second, in chain time, at which it may be executed; 0 when it is done.
        tx: the transaction that was sent; empty when none was.
    """

    state: Literal["done", "scheduled", "waiting"]
    when: int
    tx: str


def holders(chain: Chain) -> dict[str, list[Holder]]:
    """Who has which role now, by the role's name; a role that no design of ours knows is named by its number."""
    found: dict[str, list[Holder]] = {name: [] for name in ROLES.values()}
    granted = {(event.role_id, event.account) for event in chain.find(RoleGranted)}
    for role, account in sorted(granted):
        member, delay = chain.manager.has_role(role, account)
        if member:
            found.setdefault(ROLES.get(role, f"role {role}"), []).append(Holder(account, delay))
    return found


def operations(chain: Chain) -> list[Operation]:
    """Scheduled calls that were neither executed nor cancelled, and have not lapsed."""
    found = []
    for event in chain.find(OperationScheduled):
        when = chain.manager.get_schedule(event.operation_id)
        if when and chain.manager.get_nonce(event.operation_id) == event.nonce:
            found.append(Operation(event.caller, event.target, _function(chain, event), event.data, when))
    return found


def allowed_tokens(chain: Chain) -> list[str]:
    """Tokens that sales may be in now."""
    named = dict.fromkeys(event.token for event in chain.find(TokenAllowed))
    return [token for token in named if chain.ledger.token_allowed(token)]


def carry_out(chain: Chain, account: Account, call: Call) -> Step:
    """Makes a governed call, or the next step to it: at once without a delay, else schedules it, and later executes it.

    Raises:
        BadInput: the account may not make that call.
        ContractRefused: the call itself is refused.
    """
    manager = chain.manager
    immediate, delay = manager.can_call(account.address, call.to, call.data[:4])
    if immediate:
        return Step("done", 0, chain.send(account, call).tx_hash)
    if not delay:
        role = ROLES[next(held for (kind, signature), held in GOVERNED.items() if _is(call, kind.NAME, signature))]
        those = ", ".join(each.account for each in holders(chain)[role]) or "nobody"
        raise BadInput(f"{account.address} may not call {call.name}: that is the {role}'s, which is {those}")
    when = due(chain, account, call)
    if not when:
        receipt = chain.send(account, manager.schedule(call.to, call.data, 0))
        return Step("scheduled", receipt.event(OperationScheduled).schedule, receipt.tx_hash)
    if when > chain.now():
        return Step("waiting", when, "")
    return Step("done", 0, chain.send(account, manager.execute(call.to, call.data)).tx_hash)


def due(chain: Chain, account: Account, call: Call) -> int:
    """The first second, in chain time, at which a call that the account scheduled may be executed; 0 for others."""
    return chain.manager.get_schedule(chain.manager.hash_operation(account.address, call.to, call.data))


def cancel(chain: Chain, account: Account, function: str) -> list[Receipt]:
    """Cancels what is scheduled of a function, named as `Operation.function` names it.

    Raises:
        BadInput: nothing of it is scheduled.
        ContractRefused: the account neither scheduled it nor is an admin.
    """
    scheduled = operations(chain)
    found = [each for each in scheduled if each.function == function]
    if not found:
        those = ", ".join(dict.fromkeys(each.function for each in scheduled)) or "nothing"
        raise BadInput(f"no call of {function} is scheduled; scheduled is {those}")
    return [chain.send(account, chain.manager.cancel(each.caller, each.target, each.data)) for each in found]


def _is(call: Call, contract: str, signature: str) -> bool:
    return (call.contract, call.signature) == (contract, signature)


def _function(chain: Chain, event: OperationScheduled) -> str:
    """The name of a scheduled call's function, or its first bytes."""
    for kind, signature in GOVERNED:
        there = checksum(chain.deployment.contracts[kind.NAME]) == event.target
        if there and selector(signature) == event.data[:4]:
            return f"{kind.NAME}.{signature.partition('(')[0]}"
    return "0x" + event.data[:4].hex()
