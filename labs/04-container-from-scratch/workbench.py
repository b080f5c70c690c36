"""The bench at which the container is built: a file that grows, and a machine to try it on.

Knows nothing about containers: those are the learner's. What is started here ends with the
notebook, whatever ends that.
"""

import inspect
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

from labkit.core import journal
from labkit.core.session import current_session
from labkit.image import base_image
from labkit.sandbox import processes
from labkit.sandbox.cgroups import find_places
from labkit.sandbox.client import client

PYTHON = str(Path(sys.executable).with_name("python3"))
PATIENCE_S = 20.0
"""How long Python may take to start, in a machine that is emulated."""

ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")
KINDS = ("--mount", "--uts", "--ipc", "--net", "--pid", "--mount-proc")
# Twice: whoever makes a user namespace, of that promise the kernel forgets the first.
AS_ROOT = (
    *(*ENDS_WITH_US, "unshare", "--user", "--map-root-user"),
    *(*ENDS_WITH_US, "unshare", *KINDS, "--fork", "--kill-child"),
)
AS_USER = (
    *(*ENDS_WITH_US, "unshare", "--user", "--map-user=1000", "--map-group=1000"),
    *ENDS_WITH_US,
)
"""A practice machine, in the words of topic 02; and an ordinary user."""


class Program:
    """A Python file that grows: functions are put into it, in the place of older ones.

    Args:
        file: it is written anew.
        head: what it begins with.
    """

    def __init__(self, file, head):
        self.file, self.head, self.functions = Path(file), head.strip(), {}
        self._write()

    def put(self, *functions):
        """Puts these functions in, in the place of those of the same name."""
        for function in functions:
            self.functions[function.__name__] = inspect.getsource(function).strip()
        self._write()

    def __str__(self):
        return self.file.read_text()

    def __len__(self):
        """Lines of code: without empty ones, comments and docstrings."""
        text = re.sub(r'"""[^"]*"""', "", str(self))
        return sum(not re.match(r"\s*(#|$)", line) for line in text.splitlines())

    def _write(self):
        last = ['if __name__ == "__main__":\n    main()'] if "main" in self.functions else []
        parts = [self.head, *self.functions.values(), *last]
        self.file.write_text("\n\n\n".join(parts) + "\n")


class Bench:
    """A folder to work in, files for a root, and three ways to try a program.

    Args:
        folder: the learner's work folder.

    Attributes:
        rootfs: a folder with the files of the base image, to be broken at will.
        said: what the last try printed.
    """

    _started: ClassVar = {}  # by hostname; of all benches of this notebook

    def __init__(self, folder):
        self.folder, self.rootfs, self.said = Path(folder), Path(folder) / "rootfs", ""
        shutil.rmtree(self.rootfs, ignore_errors=True)
        shutil.copytree(base_image().layers[-1], self.rootfs, symlinks=True)
        self.group = self._note_group("practice")
        while self._started:  # a bench that is set up anew is an empty one
            self._started.popitem()[1].kill()

    def practice(self, script, **variables):
        """Runs a shell script on a practice machine of its own, as root, and prints what it says."""
        self._try(AS_ROOT, script, variables)

    def as_user(self, script, **variables):
        """Runs a shell script as user 1000, who has no rights at all, and prints what it says."""
        self._try(AS_USER, script, variables)

    def start(self, program, hostname, *words):
        """Starts your program on this machine, and leaves it running beside the notebook.

        It is given `--hostname`, a `--group` that is written down beforehand, and the other words.
        One that was started with this hostname before is ended.

        Returns:
            The PID, out here, of the first process in the container.
        """
        if hostname in self._started:
            self._started.pop(hostname).kill()
        name = ["--hostname", hostname, "--group", self._note_group(hostname)]
        started = subprocess.Popen(
            [*ENDS_WITH_US, PYTHON, "-IS", program, *name, *map(str, words)],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # an interrupt of the notebook is none of its own
        )
        self._started[hostname] = started
        deadline = time.monotonic() + PATIENCE_S
        while started.poll() is None and time.monotonic() < deadline:
            everyone = {process.pid: process for process in processes()}
            for process in everyone.values():
                # It has become the command, and this waits for something.
                is_it = process.ppid == started.pid and process.argv != everyone[started.pid].argv
                if is_it and process.state == "S":
                    return process.pid
            time.sleep(0.01)
        raise RuntimeError(f"{program} has started nothing; what it said stands above")

    def mend(self, program, old, new):
        """Replaces a piece of a program, which has to be there once."""
        file = self.folder / program
        text = file.read_text()
        if text.count(old) != 1:
            raise ValueError(f"{program} has {text.count(old)} times: {old!r}")
        file.write_text(text.replace(old, new))

    def _try(self, frame, script, variables):
        # Busybox's commands, which say the same on every machine.
        path = f"{self.rootfs}/bin:/bin:/usr/bin"
        setting = {"PYTHON": PYTHON, "PATH": path, "ROOT": self.rootfs, "GROUP": self.group}
        setting = {name: str(value) for name, value in (setting | variables).items()}
        shell = [f"{self.rootfs}/bin/sh", "-c", 'python3() { "$PYTHON" -IS "$@"; }\n' + script]
        tools = {name: shutil.which(name) for name in ("setpriv", "unshare")}
        done = subprocess.run(
            [*(tools.get(word, word) for word in frame), *shell],
            cwd=self.folder,
            env=os.environ | setting,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        self.said = done.stdout.strip()
        print(self.said)

    def _note_group(self, name):
        """A cgroup outlives who made it: written down first, it is removed whatever happens."""
        client()  # whose process undoes what is written down, should this one be killed
        session = current_session()
        group = f"labkit-{session.id}-{name}"
        log = journal.open_journal(str(session.folder))
        try:
            for place in find_places().values():
                if place.base:
                    journal.append(log, "cgroup", path=f"{place.base}/{group}")
        finally:
            os.close(log)
        return group


def lay_out_exercise(lab):
    """Puts what the exercise begins with into the work folder; the learner's own file stays."""
    here = Path(__file__).parent
    if not (lab.folder / "mine.py").exists():
        shutil.copy(here / "leaky.py", lab.folder / "mine.py")
    base, hut = lab.folder / "layers/base", lab.folder / "layers/hut"
    if not hut.exists():
        shutil.copytree(base_image().layers[-1], base, symlinks=True)
        (hut / "etc").mkdir(parents=True)
        (hut / "etc/motd").write_text("a hut on a base\n")
