"""SIGTERM and Ctrl-C as an event that long-running commands wait on."""

import os
import signal
import threading


def stop_on_signal() -> threading.Event:
    """An event that SIGTERM and SIGINT set; its loop then ends the process; a second signal ends it at once."""
    stop = threading.Event()

    def told(signum: int, _frame: object) -> None:
        if stop.is_set():
            os._exit(128 + signum)  # whatever it was about, it goes on at the next start
        stop.set()

    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, told)
    return stop
