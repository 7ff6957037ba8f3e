"""An interpreter for the few BPF instructions of a system call filter, and an oracle that reads a profile's table."""

import struct
from collections.abc import Mapping, Sequence

from sandbox.jail.seccomp import SELF, Action, Condition, Profile, Rule

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32 = 0x40000000


def interpret(program: bytes, architecture: int, number: int, arguments: Sequence[int]) -> int:
    """What the kernel would do with a call; also checks that the program ends and stays within its data."""
    data = struct.pack("=IIQ6Q", number, architecture, 0x1234, *arguments)
    code = list(struct.iter_unpack("=HBBI", program))
    accumulator, at = 0, 0
    while True:
        operation, then, otherwise, value = code[at]
        at += 1
        match operation:
            case 0x20:
                assert value % 4 == 0
                (accumulator,) = struct.unpack_from("=I", data, value)
            case 0x54:
                accumulator &= value
            case 0x05:
                at += value
            case 0x15:
                at += then if accumulator == value else otherwise
            case 0x35:
                at += then if accumulator >= value else otherwise
            case 0x06:
                return value
            case _:
                raise AssertionError(f"an instruction the kernel would not take here: {operation:#x}")


def expected(
    profile: Profile, machine: str, numbers: Mapping[str, int], number: int, arguments: Sequence[int], pid: int
) -> Action:
    """What the profile's table says, read without any cleverness."""
    if machine == "x86_64" and number >= X32:
        return Action.KILL
    names = [name for name in profile.calls if numbers.get(name) == number]
    if not names:
        return profile.otherwise
    action = profile.calls[names[0]]
    if isinstance(action, Action):
        return action
    passed = any(
        all(_passes(condition, arguments, pid) for condition in conditions) for conditions in action.alternatives
    )
    return Action.ALLOW if passed else action.otherwise


def _passes(condition: Condition, arguments: Sequence[int], pid: int) -> bool:
    value = pid if condition.value == SELF else condition.value
    return arguments[condition.argument] & condition.mask == value


def of_interest(action: Action | Rule, pid: int) -> list[int]:
    """Values on and beside the edges of a rule's conditions."""
    if isinstance(action, Action):
        return [0]
    found = [0, 1, 2, 4, (1 << 64) - 1, 1 << 32]
    for conditions in action.alternatives:
        for condition in conditions:
            value = pid if condition.value == SELF else condition.value
            found += [value, value | 1 << 32, value | ~condition.mask & ((1 << 64) - 1), value ^ 1, value + (1 << 33)]
    return [each & ((1 << 64) - 1) for each in found]
