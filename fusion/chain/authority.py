"""Who may do what to a deployment: the roles of its AccessManager, and calls that wait out a delay.

Two roles: the guardian may pause at once, the admin may do all else that is governed, after a delay that anyone sees
running. Neither can move money that is owed, held or staked: no governed function does. docs/privileges.md lists them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fusion.chain.contract import Call, Contract, Reader, selector
from fusion.chain.contracts import (
    AccessManager,
    JobMarket,
    LicenseMarket,
    RevenueLedger,
    SearchMarket,
    WindowRegistry,
)
from fusion.errors import BadInput

ADMIN, GUARDIAN = 0, 1
ROLES = {ADMIN: "admin", GUARDIAN: "guardian"}
MAX_DELAY = 2**32 - 1
# Every function that asks the AccessManager, and the role that may call it.
GOVERNED: dict[tuple[type[Contract], str], int] = {
    (RevenueLedger, "allowToken(address,bool)"): ADMIN,
    (RevenueLedger, "setProtocolFee(uint256)"): ADMIN,
    (LicenseMarket, "pause()"): GUARDIAN,
    (LicenseMarket, "unpause()"): ADMIN,
    (JobMarket, "pause()"): GUARDIAN,
    (JobMarket, "unpause()"): ADMIN,
    (SearchMarket, "pause()"): GUARDIAN,
    (SearchMarket, "unpause()"): ADMIN,
    (WindowRegistry, "listRecorder(address,bool)"): ADMIN,
}


@dataclass(frozen=True, slots=True)
class Roles:
    """Who governs a deployment; `delay` is the admin's, in seconds."""

    admin: str
    guardian: str
    delay: int

    def check(self, owner: str) -> None:
        """BadInput when the account that deploys, `owner`, cannot hand over so."""
        if not 0 <= self.delay <= MAX_DELAY:
            raise BadInput(f"the delay is {self.delay} seconds: give 0 to {MAX_DELAY}")
        if self.admin == owner and self.delay:
            raise BadInput(
                f"{owner} deploys, and governs without a delay until it hands over: name another account as admin"
            )


def settling(reader: Reader, at: Mapping[type[Contract], str], token: str, roles: Roles, owner: str) -> list[Call]:
    """The calls of the AccessManager by which `owner` brings about the roles and allows the token; none when all is so.

    BadInput when something is missing and `owner` is the admin no longer.
    """
    manager, ledger = AccessManager(reader, at[AccessManager]), RevenueLedger(reader, at[RevenueLedger])
    missing = []
    if not ledger.token_allowed(token):
        missing.append(manager.execute(ledger.address, ledger.allow_token(token, allowed=True).data))
    for (kind, signature), role in GOVERNED.items():
        if manager.get_target_function_role(at[kind], selector(signature)) != role:
            missing.append(manager.set_target_function_role(at[kind], [selector(signature)], role))
    if not manager.has_role(GUARDIAN, roles.guardian)[0]:
        missing.append(manager.label_role(GUARDIAN, ROLES[GUARDIAN]))
        missing.append(manager.grant_role(GUARDIAN, roles.guardian, 0))
    governs = manager.has_role(ADMIN, owner)[0]
    # Who deployed without naming a guardian is that, until it names one.
    if governs and roles.guardian != owner and manager.has_role(GUARDIAN, owner)[0]:
        missing.append(manager.renounce_role(GUARDIAN, owner))
    if roles.admin != owner:
        if manager.has_role(ADMIN, roles.admin) != (True, roles.delay):
            missing.append(manager.grant_role(ADMIN, roles.admin, roles.delay))
        if governs:
            missing.append(manager.renounce_role(ADMIN, owner))
    if missing and not governs:
        names = ", ".join(call.signature.partition("(")[0] for call in missing)
        raise BadInput(
            f"{owner} handed this deployment over, and it is not as asked ({names}): its admin may change it"
        )
    return missing
