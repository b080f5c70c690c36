"""The system layer: Debian packages unpacked, the kernel's modules, and the files that the scripts
of the packages would have written, had they been run.

Knows nothing about labkit but where its code will be. Sources: Debian Policy 4.6 chapter 6 and 10,
the postinst scripts of base-files, base-passwd, libc-bin and iptables, update-alternatives(1).
"""

from __future__ import annotations

import shutil
from pathlib import Path

from labkit.machine.layers import modules
from labkit.machine.layers.unpack import make_folder, open_up, unpack
from labkit.machine.layers.workshop import Workshop

HERE = Path(__file__).parent
LIST = HERE / "system.txt"
LABKIT_INIT = HERE / "labkit-init.sh"

_FOLDERS = (
    *(
        "boot",
        "dev",
        "etc",
        "home",
        "mnt",
        "opt/labkit",
        "proc",
        "root",
        "run",
        "srv",
        "sys",
        "tmp",
    ),
    *("usr/local/bin", "usr/local/lib", "usr/local/sbin", "var/cache", "var/lib", "var/log"),
    *("var/spool", "var/tmp"),
)

_COPIES = {
    "etc/passwd": "usr/share/base-passwd/passwd.master",
    "etc/group": "usr/share/base-passwd/group.master",
    "etc/nsswitch.conf": "usr/share/libc-bin/nsswitch.conf",
    "etc/profile": "usr/share/base-files/profile",
    "root/.bashrc": "usr/share/base-files/dot.bashrc",
    "root/.profile": "usr/share/base-files/dot.profile",
}
"""What the scripts of base-passwd, libc-bin and base-files copy: target to source."""

_TEXTS = {
    "etc/hostname": "lab\n",
    "etc/hosts": "127.0.0.1\tlocalhost lab\n::1\tlocalhost ip6-localhost ip6-loopback\n",
    "etc/resolv.conf": "# This machine has no network to the outside.\n",
    "etc/fstab": "# The machine's mounts are made before its root is.\n",
    "etc/subuid": "",
    "etc/subgid": "",
    "usr/lib/python3/dist-packages/labkit.pth": "/opt/labkit\n",
}

_LINKS = {
    "etc/mtab": "../proc/self/mounts",
    "var/run": "/run",
    "var/lock": "/run/lock",
    "usr/bin/sh": "dash",
    "usr/bin/awk": "mawk",
    "usr/bin/pager": "less",
    "usr/bin/which": "which.debianutils",
    **{
        f"usr/sbin/{program}": "xtables-nft-multi"
        for family in ("iptables", "ip6tables")
        for program in (family, f"{family}-save", f"{family}-restore")
    },
    "usr/sbin/ebtables": "xtables-nft-multi",
    "usr/sbin/arptables": "xtables-nft-multi",
}
"""What update-alternatives would choose; links whose target is not there are left out."""

_PYTHON = ("usr/lib/python3", "usr/lib/python{version}")


def package_list(file: Path = LIST) -> list[str]:
    """The packages that system.txt names."""
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [line for line in lines if line]


def make_system(packages: list[Path], kernel: Path, workshop: Workshop, into: Path) -> None:
    """Makes the squashfs.

    Args:
        packages: the closure of system.txt.
        kernel: the unpacked kernel package, after depmod.
        workshop: the programs it takes.
        into: the file to write. A folder beside it is used, and removed.
    """
    tree = into.with_name(into.name + ".tree")
    try:
        unpack(packages, tree)
        write_system_files(tree)
        add_modules(tree, kernel, workshop)
        workshop.ldconfig(tree)
        shutil.rmtree(tree / "usr/lib" / f"python{workshop.python}" / "test", ignore_errors=True)
        folders = [folder.format(version=workshop.python) for folder in _PYTHON]
        workshop.compile(tree, folders)
        for folder in (*folders, "usr/lib/modules"):
            open_up(tree / folder)
        workshop.squash(tree, into)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def add_modules(tree: Path, kernel: Path, workshop: Workshop) -> None:
    """The modules of modules.txt, indexed, so that modprobe finds them."""
    (source,) = (kernel / "usr/lib/modules").iterdir()
    target = tree / "usr/lib/modules" / source.name
    modules.copy_wanted(source, target, modules.patterns())
    workshop.depmod(tree, source.name)


def write_system_files(tree: Path) -> None:
    """Whatever the packages' scripts would have made that matters in a machine."""
    for folder in _FOLDERS:
        make_folder(tree, folder)
    for folder in ("tmp", "var/tmp"):
        (tree / folder).chmod(0o1777)
    (tree / "root").chmod(0o700)
    for target, source in _COPIES.items():
        _write(tree / target, (tree / source).read_text(encoding="utf-8"))
    for name, text in _TEXTS.items():
        _write(tree / name, text)
    _write_shadow(tree)
    for name, target in _LINKS.items():
        place = tree / name
        is_there = target.startswith(("/", "..")) or (place.parent / target).exists()
        if is_there and not place.is_symlink() and not place.exists():
            place.symlink_to(target)
    _write(tree / "usr/sbin/labkit-init", LABKIT_INIT.read_text(encoding="utf-8"), 0o755)


def _write_shadow(tree: Path) -> None:
    """Nobody has a password; root needs none, as nobody else can reach the machine."""
    names = [line.partition(":")[0] for line in (tree / "etc/passwd").read_text().splitlines()]
    lines = [f"{name}:*:19000:0:99999:7:::\n" for name in names]
    _write(tree / "etc/shadow", "".join(lines), 0o640)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
