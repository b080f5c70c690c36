"""Boots a machine from layers under plain emulation, with a script as its PID 1."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from labkit.machine.layers import Layers, cpio

BOOT_S = 100.0
"""Twenty times what it takes."""

KERNEL = (
    "console=ttyS0 quiet panic=-1 tsc=reliable mitigations=off nowatchdog "
    "rcupdate.rcu_cpu_stall_suppress=1"
)
SCRIPT = "/run/labkit-guest/test.sh"


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
    disks: int = 2,
    append: str = "",
) -> Boot:
    """Runs ``script`` in a machine and powers it off.

    Args:
        layers: what it is made of; the script goes into a second archive behind the initramfs.
        script: the shell script.
        folder: where the initramfs is put together.
        qemu: the program.
        disks: how many of the two disks it gets.
        append: more of the kernel's command line; the last of two equal words counts.
    """
    text = f"#!/bin/sh\n{script}\nbusybox poweroff -f\n".encode()
    second = cpio.archive([cpio.file(f"labkit-guest/{Path(SCRIPT).name}", text, 0o755)])
    initramfs = folder / "initramfs"
    initramfs.write_bytes(layers.initramfs.read_bytes() + second)
    argv = [qemu, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
    argv += ["-M", "pc-q35-7.2", "-cpu", "Nehalem", "-m", "512", "-smp", "2"]
    argv += ["-accel", "tcg,thread=multi,tb-size=256", "-serial", "stdio"]
    argv += ["-kernel", str(layers.kernel), "-initrd", str(initramfs)]
    argv += ["-append", f"{KERNEL} labkit.init={SCRIPT} {append}"]
    for number, disk in enumerate((layers.system, layers.python)[:disks]):
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
