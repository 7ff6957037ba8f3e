"""Attempts to read what is the operator's, and to write where anyone else would find it."""

from tests.escape.attempt import EPERM, KILLED, NO_VOTE, Attempt

ATTEMPTS = (
    Attempt(
        "read_the_key",
        "reads the operator's keyfile by its path",
        "must(read, KNOWN['key'])",
        wasm=("ModuleError FileNotFoundError",),
        native=("ModuleError FileNotFoundError",),
        host=EPERM,
    ),
    Attempt(
        "read_the_key_by_dots",
        "reads the keyfile by paths that climb out: `..`, `/proc/self/root`, `/proc/self/cwd`, doubled slashes",
        """
        up = "../" * 20
        for start in ("", "/", up, "/" + up, "/tmp/" + up, "/proc/self/root/", "/proc/self/cwd/" + up, "/proc/1/root/",
                      "//", "/./", f"/proc/{KNOWN['operator']}/root/", f"/proc/{KNOWN['operator']}/cwd/" + up):
            reach(read, start + KNOWN["key"])
            reach(read, start + KNOWN["open"])
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "read_the_key_below_descriptors",
        "reads the keyfile below every descriptor that might be a folder",
        """
        for handle in range(256):
            for path in (KNOWN["key"], KNOWN["key"][1:], "../" * 20 + KNOWN["key"][1:]):
                reach(lambda: os.read(os.open(path, os.O_RDONLY, dir_fd=handle), 99))
                reach(os.listdir, handle)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "read_what_anyone_may",
        "reads a file of the operator that every user of the machine may read",
        "must(read, KNOWN['open'])",
        wasm=("ModuleError FileNotFoundError",),
        native=("ModuleError FileNotFoundError",),
        host=EPERM,
    ),
    Attempt(
        "read_the_machine_s_accounts",
        "reads /etc/passwd, /etc/shadow, /etc/hostname, /root",
        """
        for path in ("/etc/passwd", "/etc/shadow", "/etc/hostname", "/etc/resolv.conf", "/etc/ssh/sshd_config"):
            reach(read, path)
        for path in ("/root", "/home", "/etc", "/var", "/boot", "/sys", "/run"):
            reach(lambda: os.listdir(path)[0])
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "environment",
        "looks for the operator's password in the environment, Python's and the C library's",
        """
        secrets = [name for name in os.environ if name.startswith("FUSION")]
        try:
            ctypes = load("ctypes")
            entry = ctypes.POINTER(ctypes.c_char_p).in_dll(libc(), "environ")
            at = 0
            while entry and entry[at]:
                secrets += [entry[at]] if entry[at].startswith(b"FUSION") else []
                at += 1
        except OSError:
            pass
        if secrets:
            raise Reached(repr(secrets))
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "read_proc",
        "reads environments, memory, maps and command lines in /proc, its own and the operator's",
        """
        for who in ("1", KNOWN["operator"], KNOWN["bystander"], os.getppid() if hasattr(os, "getppid") else 2):
            for what in ("environ", "mem", "maps", "cmdline", "status", "stack", "auxv", "root", "fd/0"):
                reach(read, f"/proc/{who}/{what}")
        for path in ("/proc/kallsyms", "/proc/keys", "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern"):
            reach(read, path)
        for path in ("/proc/self/environ", "/proc/thread-self/environ"):
            try:
                if b"FUSION" in read(path): raise Reached(read(path))
            except OSError:
                pass
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "read_the_bystander_s_memory_in_proc",
        "reads another process's memory in /proc at the address of the secret",
        """
        with open(f"/proc/{KNOWN['bystander']}/mem", "rb", buffering=0) as memory:
            memory.seek(KNOWN["address"])
            raise Reached(memory.read(64))
        """,
        wasm=("ModuleError FileNotFoundError",),
        native=("ModuleError FileNotFoundError",),
        host=EPERM,
    ),
    Attempt(
        "read_devices",
        "opens the machine's memory, disks and virtual machines in /dev",
        """
        names = "mem kmem port kcore kmsg kvm vda sda nvme0n1 loop0 fuse console tty0 ptmx hwrng rtc0 net/tun"
        for name in names.split():
            for mode in ("rb", "wb"):
                reach(open, f"/dev/{name}", mode)
        reach(read, "/proc/kcore")
        reach(read, "/proc/kmsg")
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "make_a_device",
        "makes a device node for the disk and reads it",
        """
        for place in ("/tmp", "/dev/shm", "."):
            reach(lambda: os.mknod(f"{place}/{KNOWN['token']}", 0o060666, (254 << 8)))
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "write_to_the_operator_s_files",
        "appends to files of the operator that every user may write, and to its folder",
        """
        for path in (KNOWN["open"], KNOWN["key"], KNOWN["shared"], KNOWN["home"] + "/" + KNOWN["token"]):
            reach(write, path)
            reach(os.remove, path)
            reach(lambda: (os.rename(path, path + "2"), os.stat(path + "2")))
            reach(lambda: (os.chmod(path, 0o777), os.stat(path)))
            reach(lambda: os.truncate(path, 0))
            reach(lambda: os.utime(path, (0, 0)))
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "write_to_the_interpreter",
        "writes to the files of Python, numpy, the SDK and the runner, which later jobs run",
        """
        for name in ("os", "numpy", "json", "fusion.sdk", "sandbox.guest.runner", "encodings"):
            path = getattr(sys.modules.get(name), "__file__", None) or f"/usr/local/lib/{name}.py"
            reach(write, path, b"#")
            reach(os.remove, path)
            reach(lambda: (os.rename(path, path + "2"), os.stat(path + "2")))
            reach(lambda: (os.chmod(path, 0o666), os.stat(path)))
        for folder in (*sys.path, sys.prefix, os.path.dirname(os.__file__), "/", "/usr", "/usr/lib", "/bin", "/lib64"):
            reach(write, folder + "/" + KNOWN["token"])
            reach(lambda: os.mkdir(folder + "/" + KNOWN["token"]))
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "others_shared_memory",
        "reads a file of shared memory and attaches a System V segment that anyone may",
        """
        reach(read, KNOWN["shared"])
        reach(write, KNOWN["shared"])
        reach(syscall, 30, KNOWN["segment"], 0, 0)
        reach(syscall, 31, KNOWN["segment"], 0, 0)
        reach(syscall, 71, 0, 0)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "links_to_the_key",
        "makes symbolic and hard links to the keyfile and reads them",
        """
        for place in ("/tmp", "/dev/shm", "."):
            link = f"{place}/{KNOWN['token']}"
            for make in ("symlink", "link"):
                try: getattr(os, make)(KNOWN["key"], link)
                except (OSError, AttributeError): continue
                reach(read, link)
                os.remove(link)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "open_by_handle",
        "opens the root of the disk by its handle instead of a path",
        """
        ctypes = load("ctypes")
        handle = ctypes.create_string_buffer(b"\\x08\\0\\0\\0\\x01\\0\\0\\0\\x02\\0\\0\\0\\0\\0\\0\\0", 136)
        for where in (-100, 0, 1, 2, 3):
            reach(syscall, 304, where, ctypes.addressof(handle), 0)
            reach(syscall, 303, where, b"/", ctypes.addressof(handle), ctypes.addressof(handle), 0)
        """,
        wasm=("ModuleError OSError",),
        native=NO_VOTE,
        host=KILLED,
    ),
    Attempt(
        "inherited_descriptors",
        "uses every descriptor it was started with: writes, reads, seeks, sends",
        """
        answer = sys.modules["sandbox.guest.runner"].ANSWER
        for handle in range(3, 1100):
            if handle == answer: continue
            reach(os.write, handle, b"x")
            reach(lambda: os.ftruncate(handle, 0))
            reach(lambda: os.pwrite(handle, b"x", 0))
            try: name = os.readlink(f"/proc/self/fd/{handle}")
            except (OSError, AttributeError): continue
            if "socket" in name or KNOWN["home"] in name: raise Reached(name)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "run_a_program",
        "runs a shell and Python through os and subprocess",
        (
            "if os.system('true') != 0: raise PermissionError('no shell')\nraise Reached('a shell')",
            "must(lambda: os.execv('/bin/sh', ['sh', '-c', 'true']))",
            "must(lambda: os.execv(sys.executable, ['python', '-c', '']))",
            "must(lambda: os.posix_spawn('/bin/true', ['true'], {}))",
            "must(lambda: load('subprocess').run(['true']))",
            "must(lambda: os.popen('true').read())",
        ),
        wasm=("ModuleError AttributeError", "ModuleError OSError"),
        native=(*EPERM, *NO_VOTE),
        host=(*EPERM, *KILLED),
    ),
)
