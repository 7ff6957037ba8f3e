"""Which system calls each kind of process may make, and why.

`wasm-host` runs a compiled image that is mapped already: nothing executable is mapped any more, no file is opened, and
the process speaks on the one socket it has. `python` runs native Python whose libraries are mapped already, with
files. `jit` is `python` for packages that make machine code while they run: memory may turn from writable into
executable, and be both never.
"""

from collections.abc import Iterable

from sandbox.jail.seccomp import SELF, Action, Condition, Profile, Rule

_PROT_WRITE, _PROT_EXEC = 2, 4
_MAP_PRIVATE, _MAP_TYPE, _MAP_GROWSDOWN = 2, 0x0F, 0x100
_INT = (1 << 32) - 1  # what the kernel looks at of an argument that is an int

# What the C library asks for when it starts a thread: all of _THREAD, some of _THREAD_MORE, nothing else.
_THREAD = 0x00010F00 | 0x00040000  # VM, FS, FILES, SIGHAND, THREAD, SYSVSEM
_THREAD_MORE = 0x00080000 | 0x00100000 | 0x00200000 | 0x00400000 | 0x01000000  # thread-local data, thread ids
_ANY = (1 << 64) - 1

_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_SETFL, _F_DUPFD_CLOEXEC = 0, 1, 2, 3, 4, 1030
_TCGETS, _FIONREAD, _FIONBIO, _FIOCLEX = 0x5401, 0x541B, 0x5421, 0x5451

_ATTACKS = """
    ptrace process_vm_readv process_vm_writev process_madvise kcmp pidfd_getfd
    bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
    mount umount2 pivot_root chroot move_mount open_tree open_tree_attr fsopen fsconfig fsmount fspick mount_setattr
    unshare setns init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
    add_key request_key keyctl open_by_handle_at name_to_handle_at quotactl quotactl_fd acct
    setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset
    execve execveat iopl ioperm modify_ldt personality memfd_secret
    settimeofday clock_settime adjtimex clock_adjtime sethostname setdomainname
"""

_BASE = """
    read write close fstat poll ppoll
    munmap madvise brk
    futex futex_wait futex_wake futex_requeue sched_yield sched_getaffinity
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack
    set_robust_list rseq set_tid_address restart_syscall
    getpid gettid getppid getuid geteuid getgid getegid getrandom getrusage sysinfo
    clock_gettime clock_getres gettimeofday time nanosleep clock_nanosleep
    exit exit_group
"""

_FILES = """
    mremap readv writev pread64 pwrite64 preadv pwritev lseek dup select pselect6 rt_sigtimedwait arch_prctl times uname
    open openat stat lstat newfstatat statx access faccessat faccessat2 getdents64 readlink readlinkat
    getcwd chdir fchdir statfs fstatfs fsync fdatasync ftruncate fallocate
    mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 utimensat
    pipe pipe2 dup2 dup3 epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd2 copy_file_range sendfile
"""


def _all(action: Action, names: str) -> dict[str, Action | Rule]:
    return dict.fromkeys(names.split(), action)


def _one_of(argument: int, values: Iterable[int]) -> Rule:
    return Rule(tuple((Condition(argument, value),) for value in values))


_ARGUMENTS: dict[str, Action | Rule] = {
    "mmap": Rule(((Condition(2, 0, mask=_PROT_EXEC),),)),
    "mprotect": Rule(((Condition(2, 0, mask=_PROT_EXEC),),)),
    "clone": Rule(((Condition(0, _THREAD, mask=_ANY & ~_THREAD_MORE),),)),
    "clone3": Action.ENOSYS,  # its flags lie behind a pointer; the C library then calls clone
    "prlimit64": Rule(((Condition(0, 0), Condition(2, 0)), (Condition(0, SELF), Condition(2, 0)))),  # reading its own
    "fcntl": _one_of(1, (_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_SETFL, _F_DUPFD_CLOEXEC)),  # no signals, no leases
    "ioctl": _one_of(1, (_TCGETS, _FIONREAD, _FIONBIO, _FIOCLEX)),
    "kill": _one_of(0, (SELF,)),
    "tgkill": _one_of(0, (SELF,)),
}

_NO_CODE = Condition(2, _PROT_WRITE, mask=_PROT_WRITE | _PROT_EXEC)
_COUNTED = Condition(3, _MAP_PRIVATE, mask=_MAP_TYPE | _MAP_GROWSDOWN)
_MREMAP_MOVE = 1 | 2 | 4  # to a given address, of the same size, leaving a mapping behind
_LARGE = 64 << 20  # a bit that no smaller size has
_PLAIN = Rule(((Condition(3, 0, mask=_INT),),))

_WASM_HOST: dict[str, Action | Rule] = {
    # RLIMIT_DATA has to bound all memory, since not every user has cgroups. It counts what is private, can be written
    # and is no stack. So nothing is shared; nothing that was written turns read-only, which is counted no more; and
    # nothing new can only be read, of which the page tables alone would fill a machine.
    "mmap": Rule(((Condition(2, 0), _COUNTED), (_NO_CODE, _COUNTED))),
    "mprotect": Rule(((_NO_CODE,),)),
    # The start of a guest, some 84 MiB, is moved under it and back, and each time a mapping stays (`sandbox.snapshot`).
    # The first thread's stack cannot be multiplied so: it is smaller, and fixed where newer kernels would move it with
    # what lies around it (`pages.hold_stack`). Of what can only be read RLIMIT_AS bounds the page tables.
    "mremap": Rule(((Condition(1, _LARGE, mask=_LARGE), Condition(3, _MREMAP_MOVE, mask=_INT)),)),
    "pread64": Action.ALLOW,
    # Bytes on a socket that is there, without descriptors and out-of-band data.
    "recvfrom": _PLAIN,
    "sendto": _PLAIN,
}

WASM_HOST = Profile(
    "wasm-host",
    {
        **_all(Action.KILL, _ATTACKS),
        **_all(Action.ALLOW, _BASE),
        **{name: rule for name, rule in _ARGUMENTS.items() if name != "fcntl"},
        **_WASM_HOST,
    },
)

WASM_HOST_STILL = Profile("wasm-host", {name: rule for name, rule in WASM_HOST.calls.items() if name != "mremap"})
"""Where the stack cannot be held: nothing is moved, and the start of each guest is mapped anew."""

PYTHON = Profile("python", {**_all(Action.KILL, _ATTACKS), **_all(Action.ALLOW, _BASE + _FILES), **_ARGUMENTS})

JIT = Profile(
    "jit",
    {**PYTHON.calls, "mprotect": Rule(((Condition(2, 0, mask=_PROT_EXEC),), (Condition(2, 0, mask=_PROT_WRITE),)))},
)

PROFILES = {profile.name: profile for profile in (WASM_HOST, PYTHON, JIT)}
