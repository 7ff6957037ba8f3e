"""Attempts to talk to anyone."""

from tests.escape.attempt import EPERM, Attempt

NO_MODULE = ("ModuleError OSError",)

ATTEMPTS = (
    Attempt(
        "tcp",
        "connects to a listener on this machine",
        """
        socket = load("socket")
        end = socket.socket()
        end.settimeout(1)
        must(end.connect, ("127.0.0.1", KNOWN["tcp"]))
        """,
        wasm=NO_MODULE,
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "tcp_outside",
        "connects to addresses beyond this machine, of both families",
        """
        socket = load("socket")
        for family, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
            def connect():
                end = socket.socket(family)
                end.settimeout(1)
                end.connect((address, 80))
            reach(connect)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "tcp_listen",
        "listens for others to come in",
        "must(lambda: load('socket').create_server(('0.0.0.0', 0)))",
        wasm=NO_MODULE,
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "udp",
        "sends a datagram to a listener on this machine",
        """
        socket = load("socket")
        end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        must(end.sendto, b"x", ("127.0.0.1", KNOWN["udp"]))
        """,
        wasm=NO_MODULE,
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "dns",
        "asks for the address of a name that holds what it wants to tell",
        "must(load('socket').getaddrinfo, 'told.example.com', 80)",
        wasm=("ModuleError AttributeError",),
        native=("ModuleError gaierror",),
        host=("ModuleError gaierror",),
    ),
    Attempt(
        "unix_socket",
        "connects to a unix socket by its path, as to a container engine's",
        """
        socket = load("socket")
        end = socket.socket(socket.AF_UNIX)
        reach(end.connect, KNOWN["unix"])
        for path in ("/var/run/docker.sock", "/run/dbus/system_bus_socket", "/run/systemd/private"):
            reach(end.connect, path)
        """,
        wasm=("ModuleError AttributeError",),
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "abstract_socket",
        "connects to a unix socket that has a name and no path",
        """
        socket = load("socket")
        must(socket.socket(socket.AF_UNIX).connect, "\\0" + KNOWN["abstract"])
        """,
        wasm=("ModuleError AttributeError",),
        native=EPERM,
        host=EPERM,
    ),
    Attempt(
        "netlink_socket",
        "opens netlink sockets, which configure the machine's network",
        "for protocol in (0, 4, 9, 12, 15, 16): reach(syscall, 41, 16, 3, protocol)",
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "vsock_socket",
        "opens a socket to the host of this virtual machine",
        "for kind in (1, 2, 5): reach(syscall, 41, 40, kind, 0)",
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "odd_sockets",
        "opens raw, packet, kernel crypto, bluetooth, CAN, XDP and every other family of sockets",
        """
        for family in range(3, 46):
            for kind in (1, 2, 3, 5):
                reach(syscall, 41, family, kind, 0)
        for family in (2, 10): reach(syscall, 41, family, 3, 255)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
    Attempt(
        "raw_socket_calls",
        "makes an internet socket by the raw call, past Python's own module",
        """
        for family in (1, 2, 10):
            for kind in (1, 2): reach(syscall, 41, family, kind, 0)
        """,
        wasm=("Result",),
        native=("Result",),
        host=("Result",),
    ),
)
