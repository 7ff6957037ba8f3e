"""Installs the Debian packages that tests use, when it can: `python -m tests.packages`. Tests that lack one skip."""

import os
import shutil
import subprocess
import sys

PACKAGES = {"chromium": "chromium", "faketime": "faketime", "qemu-x86_64-static": "qemu-user-static"}
"""Program -> package."""


def main() -> None:
    missing = sorted(package for program, package in PACKAGES.items() if shutil.which(program) is None)
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        names = ", ".join(missing)
        print(f"tests that need {names} will skip: install them, or run as root on Debian", file=sys.stderr)
        return
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *missing]):
        done = subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            print(f"`{' '.join(command)}` failed; tests that need {', '.join(missing)} will skip", file=sys.stderr)
            return


if __name__ == "__main__":
    main()
