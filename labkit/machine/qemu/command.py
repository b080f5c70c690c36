"""QEMU's command line for a microVM: no network, no display, one serial port for each thing said.

Sources: qemu(1); docs/specs/vmgenid.rst; kernel-parameters.txt of the Linux kernel.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PORTS = ("agent", "shell", "control", "stdin", "iopub", "files", "events", "terminal")
"""The machine's ports; in the guest each is called ``labkit.NAME``."""

SOCKETS = ("shell", "control", "stdin", "iopub")
"""Those that are sockets in the machine's folder, which ZeroMQ can connect to. QEMU gets them open:
it can make no socket itself."""

PASSED = tuple(name for name in PORTS if name not in SOCKETS)
"""Those whose host end is an open file that QEMU gets at its start."""

MEMORY_MIB = 768
"""Enough for a kernel (200 MiB) and the labs; what is not touched costs nothing."""

CPUS = 2

_TRANSLATED_MIB = 128
"""Emulated code is kept translated; QEMU's own choice would be up to a GiB for each machine."""

_QUIET = "quiet panic=-1 mitigations=off nowatchdog rcupdate.rcu_cpu_stall_suppress=1"


@dataclass(frozen=True)
class Hardware:
    """What is particular to a processor.

    Attributes:
        machine: QEMU's machine type; a versioned one, so that a snapshot fits tomorrow's QEMU.
        cpu: its processor when it is emulated. The default of QEMU lacks what NumPy needs.
        console: the kernel's name of the serial console.
        kernel: more of the kernel's command line.
    """

    machine: str
    cpu: str
    console: str
    kernel: str


HARDWARE = {
    "x86_64": Hardware("pc-q35-7.2", "Nehalem", "ttyS0", "tsc=reliable no_timer_check"),
    "aarch64": Hardware("virt-7.2", "max", "ttyAMA0", ""),
}


@dataclass(frozen=True)
class Design:
    """A machine as it is to be built.

    Attributes:
        kernel, initramfs: what it boots.
        disks: read-only images, in the order in which the guest finds them.
        accelerator: ``kvm``, ``hvf`` or ``tcg``.
        append: more of the kernel's command line.
    """

    kernel: Path
    initramfs: Path
    disks: tuple[Path, ...]
    accelerator: str = "tcg"
    append: str = ""
    memory_mib: int = MEMORY_MIB
    cpus: int = CPUS

    def arguments(self) -> list[str]:
        """What has to be the same for a machine and for its resumed copy."""
        hardware = HARDWARE[platform.machine()]
        kernel = f"console={hardware.console} {_QUIET} {hardware.kernel} {self.append}".strip()
        arguments = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        arguments += ["-M", f"{hardware.machine},memory-backend=memory,vmport=off,hpet=off"]
        arguments += ["-accel", _accelerator(self.accelerator)]
        arguments += ["-cpu", "host" if self.accelerator != "tcg" else hardware.cpu]
        arguments += ["-smp", str(self.cpus), "-m", f"{self.memory_mib}M"]
        arguments += ["-kernel", str(self.kernel), "-initrd", str(self.initramfs)]
        arguments += ["-append", kernel]
        for number, disk in enumerate(self.disks):
            drive = f"file={_escape(disk)},format=raw,read-only=on,file.locking=off"
            arguments += ["-drive", f"if=none,id=disk{number},{drive}"]
            arguments += ["-device", f"virtio-blk-pci,drive=disk{number}"]
        arguments += ["-device", "virtio-rng-pci", "-device", "vmgenid,guid=auto"]
        arguments += ["-device", f"virtio-serial-pci,max_ports={len(PORTS) + 1}"]
        for name in PORTS:
            arguments += ["-device", f"virtserialport,chardev={name},name=labkit.{name}"]
        return arguments


def channels(fds: Mapping[str, int]) -> list[str]:
    """The host ends of console, control protocol and ports.

    Args:
        fds: open files for ``console``, ``qmp`` and each of :data:`PORTS`.
    """
    arguments = ["-add-fd", f"fd={fds['console']},set=1"]
    arguments += ["-chardev", "file,id=console,path=/dev/fdset/1,append=on"]
    arguments += ["-serial", "chardev:console"]
    arguments += ["-chardev", f"socket,id=qmp,fd={fds['qmp']}", "-mon", "qmp,mode=control"]
    for name in PASSED:
        arguments += ["-chardev", f"socket,id={name},fd={fds[name]}"]
    for name in SOCKETS:
        arguments += ["-chardev", f"socket,id={name},fd={fds[name]},server=on,wait=off"]
    return arguments


def memory(file: Path, size_mib: int, *, is_shared: bool) -> list[str]:
    """The machine's memory: a file, written to when shared, else copied page by page."""
    share = "on" if is_shared else "off"
    path = _escape(file)
    backend = f"memory-backend-file,id=memory,size={size_mib}M,mem-path={path},share={share}"
    return ["-object", backend]


def _accelerator(name: str) -> str:
    return f"tcg,thread=multi,tb-size={_TRANSLATED_MIB}" if name == "tcg" else name


def _escape(path: Path) -> str:
    return str(path).replace(",", ",,")


def command(
    qemu: Sequence[str], design: Design, fds: Mapping[str, int], ram: Path, *, is_new: bool
) -> list[str]:
    """The whole command line.

    Args:
        qemu: the program, with what must come first.
        design: the machine.
        fds: see :func:`channels`.
        ram: the file of its memory.
        is_new: whether it boots and is to be saved; else it waits for a saved state.
    """
    start = [] if is_new else ["-incoming", "defer"]
    sandbox = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
    return [
        *qemu, *design.arguments(), *memory(ram, design.memory_mib, is_shared=is_new),
        *channels(fds), "-sandbox", sandbox, "-S", *start,
    ]  # fmt: skip
