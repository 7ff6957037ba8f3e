"""System call filters as data, and their assembler: what a profile says becomes a BPF program for the kernel.

The program first refuses calls of another processor, then finds a call's action by halving the range of numbers, then
looks at arguments where an action depends on them. An argument that is a pointer cannot be followed, so no rule does.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

_X32 = 0x40000000  # set in the numbers of x86-64's second set of calls, which nothing here uses
_END = 1 << 32
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_LOAD, _RETURN, _AND = 0x20, 0x06, 0x54
_JUMP, _IF_EQUAL, _IF_FROM = 0x05, 0x15, 0x35
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # in the kernel's `struct seccomp_data`
_FARTHEST = 255  # instructions that a conditional jump may skip

SELF = -1
"""In place of a condition's value: the process that the program is made for."""


class Action(IntEnum):
    """What the kernel does with a call."""

    ALLOW = 0x7FFF0000
    KILL = 0x80000000
    """Ends the whole process: only an attacker calls this."""
    EPERM = 0x00050000 | 1
    ENOSYS = 0x00050000 | 38
    """As a kernel that has no such call, so that the C library takes an older one."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Whether `argument & mask == value`.

    Attributes:
        argument: 0 to 5.
        value: 64 bits, or SELF.
    """

    argument: int
    value: int
    mask: int = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Rule:
    """Allows a call whose arguments meet every condition of one of the alternatives."""

    alternatives: tuple[tuple[Condition, ...], ...]
    otherwise: Action = Action.EPERM


@dataclass(frozen=True, slots=True)
class Profile:
    """What a kind of process may call.

    Attributes:
        calls: name -> what is done. A name that a processor does not have is nothing there.
        otherwise: for every other call.
    """

    name: str
    calls: Mapping[str, Action | Rule] = field(repr=False)
    otherwise: Action = Action.EPERM


def assemble(profile: Profile, machine: str, numbers: Mapping[str, int], pid: int) -> bytes:
    """The program of a profile.

    Args:
        machine: as `platform.machine` names it.
        numbers: call -> its number there.
        pid: of the process that it is for, as that process knows it.

    Raises:
        KeyError: the machine is not known.
    """
    table = {numbers[name]: action for name, action in profile.calls.items() if name in numbers}
    code = [
        _instruction(_LOAD, _ARCHITECTURE_AT),
        _instruction(_IF_EQUAL, _ARCHITECTURES[machine], then=1),
        _instruction(_RETURN, Action.KILL),
        _instruction(_LOAD, _NUMBER_AT),
        *_search(_ranges(table, profile.otherwise, x32=machine == "x86_64"), pid),
    ]
    return b"".join(code)


_Code = list[bytes]
_Range = tuple[int, Action | Rule]
"""First number, and what is done from it up to the next range's."""


def _ranges(table: Mapping[int, Action | Rule], otherwise: Action, *, x32: bool) -> list[_Range]:
    """All numbers in order, neighbours with the same action as one."""
    points: dict[int, Action | Rule] = {0: otherwise}
    for number in sorted(table):
        points[number] = table[number]
        points[number + 1] = otherwise  # the next number, if listed, overwrites it
    if x32:
        points[_X32] = Action.KILL
    ranges: list[_Range] = []
    for number, action in sorted(points.items()):
        if not ranges or ranges[-1][1] != action:
            ranges.append((number, action))
    return ranges


def _search(ranges: list[_Range], pid: int) -> _Code:
    """Code that, with the number loaded, ends with the action of its range."""
    if len(ranges) == 1:
        action = ranges[0][1]
        return _rule(action, pid) if isinstance(action, Rule) else [_instruction(_RETURN, action)]
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle], pid), _search(ranges[middle:], pid)
    first = ranges[middle][0]
    if len(below) <= _FARTHEST:
        return [_instruction(_IF_FROM, first, then=len(below)), *below, *above]
    far = [_instruction(_IF_FROM, first, otherwise=1), _instruction(_JUMP, len(below))]
    return [*far, *below, *above]


def _rule(rule: Rule, pid: int) -> _Code:
    code: _Code = []
    for conditions in rule.alternatives:
        part: _Code = [_instruction(_RETURN, Action.ALLOW)]
        for condition in reversed(conditions):
            part = _condition(condition, pid, len(part)) + part
        code += part
    return [*code, _instruction(_RETURN, rule.otherwise)]


def _condition(condition: Condition, pid: int, rest: int) -> _Code:
    """Skips `rest` instructions unless the argument is as tested: first its upper half, then its lower."""
    value = pid if condition.value == SELF else condition.value
    code: _Code = []
    for shift in (0, 32):
        mask, wanted = condition.mask >> shift & 0xFFFFFFFF, value >> shift & 0xFFFFFFFF
        if not mask and not wanted:
            continue
        load = [_instruction(_LOAD, _ARGUMENTS_AT + 8 * condition.argument + shift // 8)]
        masked = [_instruction(_AND, mask)] if mask != 0xFFFFFFFF else []
        code = [*load, *masked, _instruction(_IF_EQUAL, wanted, otherwise=len(code) + rest), *code]
    return code


def _instruction(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    """One instruction; a conditional jump skips `then` or `otherwise` of those that follow."""
    return struct.pack("=HBBI", code, then, otherwise, value)
