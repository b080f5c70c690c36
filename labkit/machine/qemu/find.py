"""Which QEMU there is, and whether it can use the processor itself (KVM) or has to emulate one.

``/dev/kvm`` that opens proves nothing: there are machines where a guest on it hangs, or dies of an
instruction. So a guest of one instruction is started on it, with a deadline. What came of it holds
until the next boot, and so does what a whole machine has shown (`note_accelerator`).

Sources: qemu(1); docs/specs and hw/misc/debugexit.c of QEMU (isa-debug-exit).
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import Blocked
from labkit.host.packages import install_command
from labkit.host.probes.machines import OLDEST_QEMU, read_version

_VERSION_S = 10.0
_PROBE_S = 1.5
"""A guest on KVM that works has ended after 0.3 s; one that takes seconds is emulated beneath."""

_BOOT_SECTOR = bytes.fromhex("b010e6f4f4").ljust(510, b"\0") + b"\x55\xaa"
"""mov al, 0x10; out 0xf4, al: through the debug exit, QEMU ends with exit code 0x21."""
_PROVEN = 0x10 << 1 | 1


@dataclass(frozen=True)
class Program:
    """A QEMU that can be started.

    Attributes:
        argv: the program, with what must come first.
        version: such as ``(7, 2, 22)``.
        identity: what tells it from another one, an update of the package included.
        reads: what it needs of itself, when that is not where the system has its programs.
    """

    argv: tuple[str, ...]
    version: tuple[int, ...]
    identity: str
    reads: tuple[Path, ...] = ()

    @property
    def path(self) -> str:
        """The file that is started."""
        return self.argv[-1]


def find_program(argv: Sequence[str] | None = None) -> Program:
    """The QEMU of this machine.

    Args:
        argv: one to be used in place of that on the path.

    Raises:
        Blocked: there is none, it is too old, or it does not start.
    """
    name = f"qemu-system-{platform.machine()}"
    found = shutil.which(name)
    if not argv and not found:
        raise _blocked("is not installed")
    words = tuple(argv or (str(found),))
    try:
        shown = subprocess.run(
            [*words, "--version"], capture_output=True, text=True, timeout=_VERSION_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise _blocked(f"does not start: {_last_words(error)}") from error
    version = read_version(shown)
    if version < OLDEST_QEMU:
        wanted = ".".join(map(str, OLDEST_QEMU))
        raise _blocked(f"is too old: {shown.splitlines()[0]}, and it takes {wanted} or newer")
    stat = os.stat(words[-1])  # noqa: PTH116
    identity = f"{shown} {stat.st_size} {stat.st_mtime_ns}"
    reads = (Path(argv[-1]).parent,) if argv else _beside(Path(words[-1]))
    return Program(words, version, identity, reads)


def _beside(program: Path) -> tuple[Path, ...]:
    """A program's own files, with firmware and libraries where a build in a folder has them."""
    real = program.resolve()
    if real.is_relative_to("/usr"):
        return ()
    prefix = real.parents[1]
    return (program, real, prefix / "share/qemu", prefix / "lib")


def find_accelerator(program: Program, folder: Path) -> str:
    """``kvm`` where a guest was seen to run on it, else ``tcg``.

    Args:
        program: the QEMU.
        folder: where the answer is kept until the next boot.
    """
    if platform.system() != "Linux" or not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    file = folder / "accelerator.json"
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = {"boot": boot, "qemu": program.identity}
    try:
        answer = json.loads(file.read_bytes())
        if {name: answer[name] for name in known} == known:
            return str(answer["accelerator"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    accelerator = "kvm" if runs_on_kvm(program) else "tcg"
    note_accelerator(program, folder, accelerator)
    return accelerator


def note_accelerator(program: Program, folder: Path, accelerator: str) -> None:
    """Keeps, until the next boot, what a machine of this QEMU is to run on."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = {"boot": boot, "qemu": program.identity, "accelerator": accelerator}
    with contextlib.suppress(OSError):  # then the next one finds out anew
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "accelerator.json").write_text(json.dumps(known))


def runs_on_kvm(program: Program) -> bool:
    """Whether a guest on KVM comes to its end in time. A guest that hangs is killed."""
    if platform.machine() != "x86_64":
        return False  # written for, and not tried: emulation works everywhere
    with tempfile.NamedTemporaryFile(prefix="labkit-kvm-") as disk:
        disk.write(_BOOT_SECTOR)
        disk.flush()
        argv = [*program.argv, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        argv += ["-M", "pc", "-accel", "kvm", "-cpu", "host", "-m", "16M"]
        argv += ["-drive", f"file={disk.name},if=floppy,format=raw,read-only=on"]
        argv += ["-device", "isa-debug-exit,iobase=0xf4,iosize=1"]
        nothing = subprocess.DEVNULL
        try:
            done = subprocess.run(
                argv, stdin=nothing, stdout=nothing, stderr=nothing, timeout=_PROBE_S, check=False
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == _PROVEN


def _last_words(error: OSError | subprocess.SubprocessError) -> str:
    """A program's own, when it had some."""
    lines = str(getattr(error, "stderr", None) or "").strip().splitlines()
    return lines[-1] if lines else str(error)


def _blocked(why: str) -> Blocked:
    return Blocked(
        "no microVM can be started here",
        why=f"QEMU {why}",
        hint=install_command("qemu"),
        capability="microvm",
    )
