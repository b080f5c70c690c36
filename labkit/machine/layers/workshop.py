"""The programs that layers are made with, from Debian, unpacked: nothing is installed.

An unpacked program is started through its own loader with its own libraries, so that it runs on any
distribution. Knows nothing about layers. Sources: ld.so(8), depmod(8), mksquashfs(1), compileall.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import SystemFault
from labkit.machine.layers.programs import failure, run

PACKAGES = ("kmod", "libc-bin", "python3", "squashfs-tools", "usr-is-merged", "zstd")
"""depmod, ldconfig, the machine's own Python, mksquashfs, zstd; the last spares usrmerge's Perl."""

STEP_S = 600.0
"""Deadline for one program, on a slow and busy machine."""


def loader(root: Path) -> list[str]:
    """The start of a command that runs a program of the unpacked ``root``: its loader, libraries.

    Raises:
        SystemFault: there is no loader in it.
    """
    found = sorted((root / "usr/lib").glob("*-linux-gnu*/ld-linux-*.so.*"))
    if not found:
        raise SystemFault(f"run what lies in {root}", why="it has no dynamic loader")
    # Beside the program, whatever it lies in: a ":" or a ";" would be the end of a folder's name.
    libraries = f"$ORIGIN/../lib/{found[0].parent.name}:$ORIGIN/../lib"
    return [str(found[0]), "--library-path", libraries]


@dataclass(frozen=True)
class Workshop:
    """The unpacked programs. ``root`` stays as it is: nothing is written in it."""

    root: Path

    @property
    def python(self) -> str:
        """Version of the machine's Python, such as ``"3.11"``."""
        names = [path.name for path in (self.root / "usr/bin").glob("python3.*")]
        found = [m[1] for name in names if (m := re.fullmatch(r"python(3\.\d+)", name))]
        if len(found) != 1:
            raise SystemFault("find the machine's Python", why=f"among {sorted(names)}")
        return found[0]

    def argv(self, program: str, *arguments: str, name: str = "") -> list[str]:
        """The command line of a program.

        Args:
            program: its path below the root.
            arguments: what it gets.
            name: what it is called as, when it has several.
        """
        path = str(self.root / program)
        return [*loader(self.root), "--argv0", name or path, path, *arguments]

    def run(self, step: str, program: str, *arguments: str, folder: Path) -> str:
        """Runs one that writes in ``folder``; see :func:`programs.run`."""
        return run(step, self.argv(program, *arguments), folder=folder, timeout_s=STEP_S)

    def unzstd(self, packed: bytes) -> bytes:
        """What was packed with zstd; whatever lies behind it is ignored."""
        argv = self.argv("usr/bin/zstd", "-d", "-c", "-q", "--no-check")
        done = subprocess.run(argv, input=packed, capture_output=True, check=False)
        if not done.stdout:
            raise failure("unpack zstd", done.returncode, done.stderr, self.root)
        return done.stdout

    def depmod(self, root: Path, version: str) -> None:
        """Writes the indexes that modprobe reads, in ``root``'s tree of modules."""
        argv = self.argv("usr/bin/kmod", "-b", str(root), version, name="depmod")
        run("index the kernel's modules", argv, folder=root, timeout_s=STEP_S)

    def ldconfig(self, root: Path) -> None:
        """Writes ``/etc/ld.so.cache`` of ``root``. The program is static: it needs no loader."""
        argv = [str(self.root / "usr/sbin/ldconfig"), "-r", str(root)]
        run("index the machine's libraries", argv, folder=root, timeout_s=STEP_S)
        shutil.rmtree(root / "var/cache/ldconfig", ignore_errors=True)  # has our inode numbers

    def squash(self, tree: Path, into: Path) -> None:
        """Packs a folder as a squashfs that belongs to root: the same bytes for the same files."""
        self.run(
            f"pack {into.name}",
            *("usr/bin/mksquashfs", str(tree), str(into), "-noappend", "-comp", "lz4"),
            *("-all-root", "-no-xattrs", "-no-progress", "-quiet", "-no-exports"),
            *("-mkfs-time", "0", "-all-time", "0"),
            folder=into.parent,
        )

    def compile(self, tree: Path, folders: Sequence[str]) -> None:
        """Byte-compiles Python below ``folders`` of ``tree``, for the path it has in the machine.

        The compiled files are believed unread (PEP 552, unchecked hashes), so no file's time
        matters. What cannot be compiled (templates, tests of syntax errors) stays as it is.
        """
        files = [str(f) for folder in folders for f in sorted((tree / folder).rglob("*.py"))]
        cpus = os.cpu_count() or 1
        with tempfile.TemporaryDirectory(dir=tree.parent, prefix=f"{tree.name}.") as lists:
            children = []
            for number in range(cpus):
                share = Path(lists) / str(number)
                share.write_text("\n".join(files[number::cpus]), encoding="utf-8")
                children.append(self._compiler(tree, share))
            try:
                for child in children:
                    _finish(child, tree)
            finally:
                _end(children)
        if files and not any(True for f in folders for _ in (tree / f).rglob("*.pyc")):
            raise SystemFault("compile Python", why="the machine's Python compiled nothing")

    def _compiler(self, tree: Path, share: Path) -> subprocess.Popen[str]:
        arguments = ("-m", "compileall", "-q", "-i", str(share), "-s", str(tree), "-p", "/")
        argv = self.argv(f"usr/bin/python{self.python}", "-S", "-s", *arguments)
        env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PYTHON")},
            "PYTHONHOME": str(self.root / "usr"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.Popen(
            [*argv, "--invalidation-mode", "unchecked-hash"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, errors="replace", env=env,
        )  # fmt: skip


def _finish(child: subprocess.Popen[str], folder: Path) -> None:
    _, said = child.communicate(timeout=STEP_S)
    if child.returncode not in (0, 1):  # 1: some file is not Python
        raise failure("compile Python", child.returncode, said, folder)


def _end(children: Iterable[subprocess.Popen[str]]) -> None:
    for child in children:
        child.kill()  # does nothing to one that has ended
        child.wait()
        if child.stderr:
            child.stderr.close()
