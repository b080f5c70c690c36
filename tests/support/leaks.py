"""Each test ends with what it began with: who watches that, and where a test keeps its things.

A test gets a ``LABKIT_HOME`` and a ``TMPDIR`` of its own. When it ends, the session of this process
is closed; what is then left of the test's own things is named, and taken away so that the next test
starts clean. A test that asks for ``shared_home`` keeps the home and the session of the whole run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from labkit.core.session import opened_session
from tests.support.session_ids import SessionIds
from tests.support.snapshot import Snapshot, all_pids, our_processes, take_snapshot

GRACE_S = 2.0
"""How long what a test ended may take to go: a killed process has its memory to give back."""


class Place:
    """A folder for a test's things: ``labkit``, its ``LABKIT_HOME``, and ``tmp``, its ``TMPDIR``.

    Args:
        folder: an empty folder; short, for the path of a socket has 108 characters at most.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.tmp = folder, folder / "labkit", folder / "tmp"
        # Made early, so that the sessions opened in it can be watched.
        (self.home / "run" / "sessions").mkdir(mode=0o700, parents=True)
        self.tmp.mkdir()

    def enter(self) -> None:
        """From now on labkit, and whoever makes temporary files, works here."""
        os.environ["LABKIT_HOME"] = str(self.home)
        os.environ["TMPDIR"] = tempfile.tempdir = str(self.tmp)

    def remove(self) -> None:
        """Removes it; an overlay's work folder denies even its own user to read it."""
        remove_folder(self.folder)


class Watch:
    """Watches one place, from now on.

    Args:
        place: where what is ours lies.
        ids: collects the ids of the sessions opened in it.
    """

    def __init__(self, place: Place, ids: SessionIds) -> None:
        self.place, self._ids = place, ids
        ids.add(place.home / "run" / "sessions")
        self._pids = all_pids()
        self._before = self.snapshot()

    def snapshot(self) -> Snapshot:
        """What is ours now; of processes only those that came since the watch began."""
        return take_snapshot(self.place.home, self._ids.seen(), not_ours=self._pids)

    def leftovers(self) -> list[str]:
        """What came and did not go, one line each; waits a little for what is going."""
        deadline = time.monotonic() + GRACE_S
        while left := self._new():
            if time.monotonic() > deadline:
                return left
            time.sleep(0.02)
        return []

    def take_away(self) -> None:
        """Ends and removes what is left, so that no other test meets it."""
        for pid in our_processes(self.place.home, self._pids):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        now = self.snapshot()
        for point in now.mounts - self._before.mounts:
            subprocess.run(["umount", "--lazy", point], check=False)
        for name in now.network_namespaces - self._before.network_namespaces:
            subprocess.run(["ip", "netns", "delete", name], check=False)
        for name in now.links - self._before.links:
            subprocess.run(["ip", "link", "delete", name], check=False)
        for folder in now.cgroups - self._before.cgroups:
            with suppress(OSError):
                Path(folder).rmdir()

    def _new(self) -> list[str]:
        """New things; the session of this process, when it stays open, and its helper are none."""
        new = self.snapshot().since(self._before)
        session = opened_session()
        ours = [str(one.folder) for one in (session, *session.inner)] if session else []
        return [line for line in new if not any(folder in line for folder in ours)]


def close_session() -> None:
    """Ends the session of this process, as Python's end would; the next use opens a new one."""
    if session := opened_session():
        session.close()


def remove_folder(folder: Path) -> None:
    """Removes a folder and whatever is in it, folders that nobody may read included."""

    def open_up(_function: object, path: str, _error: object) -> None:
        with suppress(OSError):
            Path(path).chmod(0o700)
            shutil.rmtree(path, ignore_errors=True)

    shutil.rmtree(folder, onerror=open_up)
