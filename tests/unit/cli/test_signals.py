"""The first signal asks a process to end, the second ends it."""

import signal
import subprocess
import sys

SCRIPT = """
import time
from cli.signals import stop_on_signal
stop = stop_on_signal()
print("ready", flush=True)
stop.wait()
print("asked", flush=True)
time.sleep(60)
"""


def test_a_second_signal_ends_a_process_that_takes_its_time() -> None:
    process = subprocess.Popen([sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as told:
        assert told.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert told.readline() == "asked\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 128 + signal.SIGTERM
