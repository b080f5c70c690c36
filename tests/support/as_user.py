"""Running things as an ordinary user, from a test that runs as root.

The user is a number that nobody on this machine has, without groups, with a home, a ``LABKIT_HOME``
and a ``TMPDIR`` of its own. (Not ``nobody``: inside a user namespace every id that is not mapped
shows as ``nobody``, so a wrong map would not be noticed.) Where the tests run as an ordinary user
anyway, it is that user with folders of their own.

Sources: setpriv(1), subuid(5).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyseccomp

import labkit
from tests.support.leaks import remove_folder

_FIRST_UID, _UIDS = 41_000, 9_000
"""Numbers of ordinary users that no distribution hands out by default (the first is 1000)."""


Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class OrdinaryUser:
    """Somebody without any right beyond an ordinary user's.

    Attributes:
        uid: the number of the user, and of the group.
        folder: the user's own folder, with ``home``, ``labkit`` and ``tmp`` in it.
        env: the environment of the user's commands.
        prefix: a program, with its arguments, that becomes the command in the end.
        around: the same, run by root before it becomes the user.
    """

    uid: int
    folder: Path
    env: Mapping[str, str]
    prefix: Sequence[str] = ()
    around: Sequence[str] = ()

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line that runs ``argv`` as this user."""
        if os.geteuid() != 0:
            return [*self.prefix, *argv]
        ids = [f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        become = ["setpriv", *ids, "--inh-caps=-all", "--"]
        return [*self.around, *become, *self.prefix, *argv]

    def run(self, argv: Sequence[str], *, timeout_s: float = 60.0) -> Done:
        """Runs a command as the user; its output is captured, its exit code not judged."""
        return subprocess.run(
            self.command(argv), env=dict(self.env), cwd=self.folder, timeout=timeout_s,
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def python(self, code: str, *, timeout_s: float = 60.0) -> Done:
        """Runs Python code that can ``import labkit``, as the user."""
        library = self.folder / "lib" / "labkit"
        if not library.exists():
            hidden = shutil.ignore_patterns("__pycache__")
            shutil.copytree(Path(labkit.__file__).parent, library, ignore=hidden)
            # Without it a sandbox has no filter of system calls, and the user none to try.
            shutil.copy(pyseccomp.__file__, library.parent)
        return self.run([python_for_everyone(), "-c", code], timeout_s=timeout_s)


@contextmanager
def ordinary_user() -> Iterator[OrdinaryUser]:
    """An ordinary user for the time of the block; the user's folder goes with it."""
    uid = _FIRST_UID + os.getpid() % _UIDS if os.geteuid() == 0 else os.geteuid()
    # In /tmp, for the folders of a test are closed to everybody else.
    folder = Path(tempfile.mkdtemp(prefix="labkit-user-", dir="/tmp"))
    try:
        for part in (folder, folder / "home", folder / "labkit", folder / "tmp"):
            part.mkdir(exist_ok=True)
            os.chown(part, uid, uid if os.geteuid() == 0 else -1)
        yield OrdinaryUser(uid, folder, _environment(folder))
    finally:
        remove_folder(folder)


def with_subordinate_ids(user: OrdinaryUser, subids: str, name: str = "learner") -> OrdinaryUser:
    """The same user, to whom /etc/subuid and /etc/subgid give ids. Needs root.

    Each command sees these files in a mount namespace of its own: the machine's stay as they are,
    whatever is killed.

    Args:
        user: the user.
        subids: what both files say; ``{uid}`` stands for the user's number.
        name: what /etc/passwd calls the user; nothing for a user without a name.
    """
    etc = user.folder / "etc"
    etc.mkdir(exist_ok=True)
    line = f"{name}:x:{user.uid}:{user.uid}::{user.folder}/home:/bin/sh\n" if name else ""
    (etc / "passwd").write_text(Path("/etc/passwd").read_text() + line)
    for file in ("subuid", "subgid"):
        (etc / file).write_text(subids.format(uid=user.uid))
    mounts = 'for f in passwd subuid subgid; do mount --bind "$0/$f" "/etc/$f" || exit; done'
    apart = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    return replace(user, around=[*apart, f'{mounts}; exec "$@"', str(etc)])


def python_for_everyone() -> str:
    """A Python, 3.11 or newer, that an ordinary user may run (one below /root is not).

    Raises:
        FileNotFoundError: there is none.
    """
    for path in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        if is_for_everyone(Path(path)) and _is_recent(path):
            return path
    raise FileNotFoundError("a Python 3.11 that every user may run: apt install python3-venv")


def is_for_everyone(path: Path) -> bool:
    """Whether any user may run this program: each link and each folder on the way is open."""
    steps = {path, path.resolve()}
    folders = {parent for step in steps for parent in step.parents}
    return path.exists() and all(step.stat().st_mode & 0o001 for step in steps | folders)


def _is_recent(python: str) -> bool:
    code = "import sys; sys.exit(sys.version_info < (3, 11))"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",  # as Debian gives it to an ordinary user
        "LANG": "C.UTF-8",
        "HOME": str(folder / "home"),
        "USER": "learner",
        "LOGNAME": "learner",
        "TMPDIR": str(folder / "tmp"),
        "LABKIT_HOME": str(folder / "labkit"),
        "PYTHONPATH": str(folder / "lib"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
