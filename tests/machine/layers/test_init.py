from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from labkit.machine.layers.initramfs import APPLETS, INIT
from labkit.machine.layers.itself import SOURCE
from labkit.machine.layers.system import LABKIT_INIT, LIST, package_list


@pytest.mark.requires("program:busybox")
@pytest.mark.parametrize("script", [INIT, LABKIT_INIT])
def test_busybox_can_read_the_scripts(script: Path) -> None:
    done = subprocess.run(["busybox", "sh", "-n", script], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_each_program_that_init_calls_is_in_the_initramfs() -> None:
    text = re.sub(r"#.*", "", INIT.read_text())
    called = set(
        re.findall(r"\bmust ([a-z_]+)|\$\(([a-z_]+)|/bin/([a-z_]+)", text.split("PATH=/usr")[0])
    )
    names = {name for names in called for name in names if name}
    assert names <= set(APPLETS)
    assert all(re.search(rf"\b{applet}\b", text) for applet in APPLETS)


@pytest.mark.requires("program:busybox")
def test_busybox_has_these_programs() -> None:
    done = subprocess.run(["busybox", "--list"], capture_output=True, text=True, check=True)
    assert set(APPLETS) <= set(done.stdout.split())


def test_pid_1_needs_nothing_of_labkit_but_its_own_package() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import pkgutil, importlib, labkit.machine.guest as guest\n"
        "for module in pkgutil.iter_modules(guest.__path__):\n"
        "    if module.name not in ('__main__', 'kernel'):\n"
        "        importlib.import_module(f'labkit.machine.guest.{module.name}')\n"
        "ours = {name for name in sys.modules if name.partition('.')[0] == 'labkit'}\n"
        "print(*sorted(n for n in ours if not n.startswith('labkit.machine.guest')))\n"
    )
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-I", "-S", "-c", code, SOURCE.parent],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["labkit", "labkit.machine"]


def test_each_package_has_a_reason() -> None:
    lines = [line for line in LIST.read_text().splitlines() if not line.startswith("#")]
    assert all(line.partition("#")[2].strip() for line in lines)
    assert len(set(package_list())) == len(lines)
