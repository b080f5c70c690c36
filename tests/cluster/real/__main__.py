"""A real, older Kubernetes, compiled here, without nodes::

python -m tests.cluster.real build DIR     # once: downloads and compiles, a quarter of an hour
python -m tests.cluster.real start DIR     # until Ctrl-C or SIGTERM; prints a kubeconfig's path
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tests.cluster.real.building import CannotBuild, build
from tests.cluster.real.running import DidNotStart, control_plane


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster.real", description=__doc__)
    parser.add_argument("what", choices=["build", "start"])
    parser.add_argument("folder", metavar="DIR", type=Path)
    asked = parser.parse_args()
    folder = asked.folder.absolute()
    try:
        programs = build(folder)
        if asked.what == "start":
            start(programs, folder / "running")
    except (CannotBuild, DidNotStart) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def start(programs: Path, folder: Path) -> None:
    """Runs until a signal says that it is enough; a new cluster each time."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), control_plane(programs, folder) as kubeconfig:
        sys.stdout.write(f"{kubeconfig}\n")
        sys.stdout.flush()
        while True:
            signal.pause()
    shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
