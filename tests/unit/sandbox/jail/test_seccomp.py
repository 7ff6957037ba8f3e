"""Assembled filters do what their profiles say, for every number and argument, and the profiles say what they must."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.jail.numbers import AARCH64, NUMBERS, X86_64
from sandbox.jail.profiles import JIT, PROFILES, PYTHON, WASM_HOST
from sandbox.jail.seccomp import SELF, Action, Condition, Profile, Rule, assemble
from tests.unit.sandbox.jail.bpf import ARCHITECTURES, X32, expected, interpret, of_interest

PID = 41
UNHURRIED: dict[str, Any] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
"""On a busy machine drawing an example takes long; that says nothing of the programs."""

WORD = st.integers(0, (1 << 64) - 1)
PROGRAMS = {
    (profile.name, machine): assemble(profile, machine, numbers, PID)
    for profile in PROFILES.values()
    for machine, numbers in NUMBERS.items()
}
KINDS = sorted(PROGRAMS)


def _does(name: str, machine: str, call: str, *arguments: int) -> int:
    given = (*arguments, *[0] * (6 - len(arguments)))
    return interpret(PROGRAMS[name, machine], ARCHITECTURES[machine], NUMBERS[machine][call], given)


@pytest.mark.parametrize(("name", "machine"), KINDS)
def test_every_number_gives_the_action_of_the_table(name: str, machine: str) -> None:
    numbers, program = NUMBERS[machine], PROGRAMS[name, machine]
    beyond = [X32 - 1, X32, X32 + 1, X32 + 520, 1 << 31, (1 << 32) - 1]
    by_number = {number: PROFILES[name].calls.get(call, Action.EPERM) for call, number in numbers.items()}
    for number in [*range(600), *beyond]:
        for value in of_interest(by_number.get(number, Action.EPERM), PID):
            arguments = [value] * 6
            wanted = expected(PROFILES[name], machine, numbers, number, arguments, PID)
            assert interpret(program, ARCHITECTURES[machine], number, arguments) == wanted


@settings(max_examples=300, **UNHURRIED)
@given(kind=st.sampled_from(KINDS), number=st.integers(0, (1 << 32) - 1) | st.integers(0, 500), data=st.data())
def test_any_call_with_any_arguments_gives_the_action_of_the_table(
    kind: tuple[str, str], number: int, data: st.DataObject
) -> None:
    profile, numbers = PROFILES[kind[0]], NUMBERS[kind[1]]
    call = next((name for name, found in numbers.items() if found == number), "")
    edges = st.sampled_from(of_interest(profile.calls.get(call, Action.EPERM), PID))
    arguments = data.draw(st.lists(WORD | edges, min_size=6, max_size=6))
    wanted = expected(profile, kind[1], numbers, number, arguments, PID)
    assert interpret(PROGRAMS[kind], ARCHITECTURES[kind[1]], number, arguments) == wanted


ACTIONS = st.sampled_from(Action)
CONDITIONS = st.builds(Condition, st.integers(0, 5), WORD | st.just(SELF), WORD)
RULES = st.builds(Rule, st.lists(st.lists(CONDITIONS, min_size=1).map(tuple), min_size=1).map(tuple), ACTIONS)


@settings(max_examples=40, **UNHURRIED)
@given(
    calls=st.dictionaries(st.sampled_from(sorted(X86_64)), ACTIONS | RULES, max_size=80),
    otherwise=ACTIONS,
    machine=st.sampled_from(sorted(NUMBERS)),
    data=st.data(),
)
def test_any_profile_is_assembled_right(
    calls: dict[str, Action | Rule], otherwise: Action, machine: str, data: st.DataObject
) -> None:
    numbers, profile = NUMBERS[machine], Profile("any", calls, otherwise)
    program = assemble(profile, machine, numbers, PID)
    for _ in range(5):
        number = data.draw(
            st.integers(0, 500) | st.sampled_from([numbers[call] for call in calls if call in numbers] or [0])
        )
        action = next((what for call, what in calls.items() if numbers.get(call) == number), otherwise)
        arguments = data.draw(st.lists(WORD | st.sampled_from(of_interest(action, PID)), min_size=6, max_size=6))
        wanted = expected(profile, machine, numbers, number, arguments, PID)
        assert interpret(program, ARCHITECTURES[machine], number, arguments) == wanted


def test_a_condition_that_cannot_hold_allows_nothing() -> None:
    numbers = NUMBERS["x86_64"]
    for value, mask in ((1, 0), (1 << 40, 0xFF), (0x100, 0xFF), (1 << 32 | 1, 1)):
        profile = Profile("never", {"close": Rule(((Condition(0, value, mask),),))}, Action.KILL)
        program = assemble(profile, "x86_64", numbers, PID)
        for argument in (0, 1, value, value & mask):
            found = interpret(program, ARCHITECTURES["x86_64"], numbers["close"], [argument, 0, 0, 0, 0, 0])
            assert found == Action.EPERM


@pytest.mark.parametrize(("name", "machine"), KINDS)
def test_calls_of_another_processor_end_the_process(name: str, machine: str) -> None:
    for architecture in (0x40000003, 0x40000028, *(other for key, other in ARCHITECTURES.items() if key != machine)):
        assert interpret(PROGRAMS[name, machine], architecture, NUMBERS[machine]["getpid"], [0] * 6) == Action.KILL


@pytest.mark.parametrize(("name", "machine"), KINDS)
def test_a_program_is_one_the_kernel_takes(name: str, machine: str) -> None:
    assert len(PROGRAMS[name, machine]) // 8 <= 4096


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_name_is_a_call_of_some_processor(profile: Profile) -> None:
    assert set(profile.calls) <= set(X86_64) | set(AARCH64)


@pytest.mark.parametrize(("name", "machine"), KINDS)
@pytest.mark.parametrize(
    "call",
    [
        "ptrace", "process_vm_readv", "process_vm_writev", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup",
        "mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "keyctl", "add_key", "request_key", "setuid",
        "setresuid", "execve", "execveat", "init_module", "kexec_load", "open_by_handle_at", "personality",
        "pidfd_getfd",
    ],
)  # fmt: skip
def test_what_only_an_attacker_calls_ends_the_process(name: str, machine: str, call: str) -> None:
    assert _does(name, machine, call) == Action.KILL


@pytest.mark.parametrize(("name", "machine"), KINDS)
def test_threads_are_allowed_and_processes_are_not(name: str, machine: str) -> None:
    assert _does(name, machine, "clone", 0x3D0F00) == Action.ALLOW  # what the C library's threads ask for
    assert _does(name, machine, "clone", 0x11) == Action.EPERM  # fork
    for namespace in (0x20000, 0x10000000, 0x20000000, 0x40000000, 0x80, 1 << 32):
        assert _does(name, machine, "clone", 0x3D0F00 | namespace) == Action.EPERM
    assert _does(name, machine, "clone3") == Action.ENOSYS


@pytest.mark.parametrize("machine", sorted(NUMBERS))
def test_memory_is_executable_only_for_jit_and_never_writable_then(machine: str) -> None:
    for profile in PROFILES:
        assert _does(profile, machine, "mmap", 0, 4096, 3, 0x22) == Action.ALLOW
        assert _does(profile, machine, "mmap", 0, 4096, 5, 0x22) == Action.EPERM
        assert _does(profile, machine, "mmap", 0, 4096, 7, 0x22) == Action.EPERM
        assert _does(profile, machine, "mprotect", 0, 4096, 7) == Action.EPERM
    assert _does(JIT.name, machine, "mprotect", 0, 4096, 5) == Action.ALLOW


@pytest.mark.parametrize("machine", sorted(NUMBERS))
def test_the_wasm_host_maps_no_memory_that_its_limits_do_not_count(machine: str) -> None:
    shared, validated, stack = 0x21, 0x23, 0x122
    for flags in (shared, validated, stack):
        assert _does(WASM_HOST.name, machine, "mmap", 0, 4096, 3, flags) == Action.EPERM
    assert _does(WASM_HOST.name, machine, "mmap", 0, 4096, 1, 0x22) == Action.EPERM  # its tables are not counted
    assert _does(WASM_HOST.name, machine, "mmap", 0, 4096, 0, 0x22) == Action.ALLOW
    assert _does(WASM_HOST.name, machine, "mprotect", 0, 4096, 3) == Action.ALLOW
    for rights in (0, 1):
        assert _does(WASM_HOST.name, machine, "mprotect", 0, 4096, rights) == Action.EPERM
    start, move = 0x5050000, 1 | 2 | 4
    assert _does(WASM_HOST.name, machine, "mremap", 0, start, start, move) == Action.ALLOW
    for flags in (0, 1, 1 | 2, 1 | 4, move | 8):
        assert _does(WASM_HOST.name, machine, "mremap", 0, start, start, flags) == Action.EPERM
    for size in (0, 4096, 8 << 20, (64 << 20) - 4096):  # a stack's, which RLIMIT_DATA does not count
        assert _does(WASM_HOST.name, machine, "mremap", 0, size, size, move) == Action.EPERM
    for profile in (WASM_HOST, PYTHON):
        assert _does(profile.name, machine, "mprotect", 0, 4096, 5) == Action.EPERM


@pytest.mark.parametrize(("name", "machine"), KINDS)
def test_a_process_reads_its_own_limits_and_signals_itself_alone(name: str, machine: str) -> None:
    assert _does(name, machine, "prlimit64", 0, 7, 0, 1) == Action.ALLOW
    assert _does(name, machine, "prlimit64", 0, 7, 1, 0) == Action.EPERM
    assert _does(name, machine, "prlimit64", 1, 7, 0, 1) == Action.EPERM
    for call in ("kill", "tgkill"):
        assert _does(name, machine, call, PID, 9) == Action.ALLOW
        for other in (0, 1, PID + 1, (1 << 64) - 1, (1 << 32) - 1):
            assert _does(name, machine, call, other, 9) == Action.EPERM


@pytest.mark.parametrize("machine", sorted(NUMBERS))
def test_the_wasm_host_opens_nothing(machine: str) -> None:
    for call in (
        "openat",
        "socket",
        "connect",
        "bind",
        "memfd_create",
        "pipe2",
        "dup3",
        "fcntl",
        "newfstatat",
        "mkdirat",
    ):
        assert _does(WASM_HOST.name, machine, call) == Action.EPERM


@pytest.mark.parametrize("machine", sorted(NUMBERS))
def test_the_wasm_host_sends_and_receives_bytes_alone(machine: str) -> None:
    for call in ("recvfrom", "sendto"):
        assert _does(WASM_HOST.name, machine, call, 3, 0, 10, 0) == Action.ALLOW
        assert _does(WASM_HOST.name, machine, call, 3, 0, 10, 1) == Action.EPERM  # out of band
    for call in ("sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "getsockopt", "setsockopt"):
        assert _does(WASM_HOST.name, machine, call) == Action.EPERM


@pytest.mark.parametrize("machine", sorted(NUMBERS))
@pytest.mark.parametrize("profile", [PYTHON, JIT], ids=lambda profile: profile.name)
def test_descriptors_send_no_signals_and_hold_up_nobody(profile: Profile, machine: str) -> None:
    for command in (0, 1, 2, 3, 4, 1030):
        assert _does(profile.name, machine, "fcntl", 3, command) == Action.ALLOW
    owner, signal, lease, notify, pipe, seals = 8, 10, 1024, 1026, 1031, 1033
    for command in (5, 6, 7, owner, signal, 15, lease, notify, pipe, seals, 1 << 32):
        assert _does(profile.name, machine, "fcntl", 3, command) == Action.EPERM
    assert _does(profile.name, machine, "flock", 3, 2) == Action.EPERM
