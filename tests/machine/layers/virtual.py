"""Boots a machine from layers under plain emulation, with a script as its PID 1."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from labkit.machine.layers import Layers
from labkit.machine.layers.workshop import Workshop

BOOT_S = 100.0
"""Twenty times what it takes."""

KERNEL = (
    "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off nowatchdog "
    "rcupdate.rcu_cpu_stall_suppress=1"
)
SCRIPT = "/sbin/test.sh"


@dataclass(frozen=True)
class Boot:
    """What the machine said on its console until it powered off; in seconds, how long it took."""

    console: str
    seconds: float


def boot(
    layers: Layers,
    script: str,
    folder: Path,
    *,
    qemu: str = "qemu-system-x86_64",
    disks: int = 3,
    append: str = "",
) -> Boot:
    """Runs ``script`` in a machine and powers it off.

    Args:
        layers: what it is made of; the script lies in the third disk, instead of labkit.
        script: the shell script.
        folder: where that disk is made.
        qemu: the program.
        disks: how many of the three disks it gets.
        append: more of the kernel's command line; the last of two equal words counts.
    """
    text = f"#!/bin/sh\n{script}\nbusybox poweroff -f\n".encode()
    tree, third = folder / "tree", folder / "test.squashfs"
    (tree / "usr/sbin").mkdir(parents=True, exist_ok=True)
    program = tree / "usr" / SCRIPT.lstrip("/")
    program.write_bytes(text)
    program.chmod(0o755)
    (root,) = (path for path in layers.system.parent.glob("workshop-*") if path.is_dir())
    Workshop(root).squash(tree, third)
    argv = [qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    argv += ["-M", "pc-q35-7.2", "-cpu", "Nehalem", "-m", "512", "-smp", "2"]
    argv += ["-accel", "tcg,thread=multi,tb-size=256", "-serial", "stdio"]
    argv += ["-kernel", str(layers.kernel), "-initrd", str(layers.initramfs)]
    argv += ["-append", f"{KERNEL} labkit.init={SCRIPT} {append}"]
    for number, disk in enumerate((layers.system, layers.python, third)[:disks]):
        argv += ["-drive", f"if=none,id=disk{number},file={disk},format=raw,read-only=on"]
        argv += ["-device", f"virtio-blk-pci,drive=disk{number}"]
    for device in ("virtio-rng-pci", "virtio-serial-pci", "virtio-balloon-pci"):
        argv += ["-device", device]
    start = time.monotonic()
    done = subprocess.run(
        argv, capture_output=True, timeout=BOOT_S, check=False, stdin=subprocess.DEVNULL
    )
    console = (done.stdout + done.stderr).decode(errors="replace").replace("\r", "")
    return Boot(console, time.monotonic() - start)
