"""Installs the Debian packages that the tests need: ``make test-deps``.

Says what is missing and why, asks when a person is there, and leaves no daemon behind: nothing is
started while packages are installed, and what was installed is not started at the next boot either.
On another distribution it says what is needed, and the tests that lack something say so themselves.

Sources: apt-get(8), invoke-rc.d(8) and deb-systemd-invoke(1p) (policy-rc.d, exit code 101).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

LIST = Path(__file__).with_name("debian-packages.txt")

INSTALL = """
set -eu
policy=$1; shift
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\\n# labkit installs packages: start no service\\nexit 101\\n' >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
apt-get update --quiet=2
apt-get install --quiet=2 --yes --no-install-recommends -o Dpkg::Use-Pty=0 -- "$@" </dev/null
for package in "$@"; do
    case $package in
        docker.io) units="docker.service docker.socket" ;;
        containerd) units="containerd.service" ;;
        *) continue ;;
    esac
    ! command -v systemctl >/dev/null || systemctl disable --quiet $units
done
"""
"""The part that needs root: first argument the policy file, then the packages."""

POLICY = "/usr/sbin/policy-rc.d"


def read_list(path: Path = LIST) -> dict[str, str]:
    """Package to the reason for it, in the order of the file."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    pairs = (line.partition("#") for line in lines if line.strip())
    return {name.strip(): reason.strip() for name, _, reason in pairs}


def find_missing(packages: Mapping[str, str]) -> dict[str, str]:
    """Those that dpkg does not know as installed."""
    query = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n"]
    done = subprocess.run([*query, *packages], capture_output=True, text=True, check=False)
    there = {line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed")}
    return {name: why for name, why in packages.items() if name not in there}


def is_person_there() -> bool:
    """Whether somebody can answer a question, and nobody has answered it beforehand."""
    answered = os.environ.get("CI") or os.environ.get("ASSUME_YES")
    return sys.stdin.isatty() and not answered


def main() -> int:
    """Exit code 0 when the tests can start, 1 when the installation failed."""
    packages = read_list()
    if not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        print("This is no Debian. The tests use these programs; those that lack one say so:")
        print_table(packages)
        return 0
    missing = find_missing(packages)
    if not missing:
        print(f"The {len(packages)} Debian packages that the tests need are installed.")
        return 0
    print("The tests need these Debian packages:")
    print_table(missing)
    return install(list(missing))


def install(names: list[str]) -> int:
    """Installs packages as root, by sudo where needed."""
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if prefix and not shutil.which("sudo"):
        print(f"They need root: apt-get install {' '.join(names)}")
        print("Going on without them: the tests that need one say so.")
        return 0
    how = "with sudo" if prefix else "as root"
    if is_person_there() and not is_yes(f"Install them now, {how}? No service is started. [Y/n] "):
        print("Left out. The tests that need one of them say so.")
        return 0
    print(f"Installing them {how} …", flush=True)
    done = subprocess.run([*prefix, "sh", "-c", INSTALL, "sh", POLICY, *names], check=False)
    if left := find_missing(dict.fromkeys(names, "")):
        print(f"Not installed: {', '.join(left)}; apt's reason stands above.", file=sys.stderr)
        return 1
    if done.returncode:
        return 1
    print("Installed. No service was started, and none will start by itself.")
    return 0


def is_yes(question: str) -> bool:
    """Asks; return and y mean yes."""
    try:
        return input(question).strip().lower() in ("", "y", "yes")
    except EOFError:
        return False


def print_table(packages: Mapping[str, str]) -> None:
    """Name and reason of each package."""
    for name, why in packages.items():
        print(f"  {name:<18} {why}")


if __name__ == "__main__":
    sys.exit(main())
