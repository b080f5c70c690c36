"""The real thing: Debian's archive, pip's index, QEMU."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import packaging
import pytest

from labkit.core.errors import NotFound
from labkit.machine.layers import Layers, build, prune, qemu_from_packages
from labkit.machine.layers.debian import Debian
from labkit.machine.layers.initramfs import NEEDED
from labkit.machine.layers.modules import name_of, read_modules
from labkit.machine.layers.shelf import Item, Shelf
from labkit.machine.layers.workshop import Workshop
from tests.machine.layers.virtual import boot
from tests.support.as_user import OrdinaryUser

pytestmark = [
    pytest.mark.requires("program:apt-get", "program:dpkg-deb", "program:qemu-system-x86_64"),
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("layers"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Half a gigabyte, which pytest would keep for three more runs."""
    made = tmp_path_factory.mktemp("layers")
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def layers(folder: Path) -> Layers:
    return build(folder)


def test_a_machine_of_these_layers_does_what_the_labs_need(layers: Layers, tmp_path: Path) -> None:
    script = """
    python3 -c 'import ipykernel.kernelapp, ipywidgets, anywidget; print("kernel", "imported")'
    cd /sys/fs/cgroup && cmp cgroup.controllers cgroup.subtree_control \\
        && grep -q memory cgroup.controllers \\
        && mkdir lab && echo 9 > lab/pids.max && echo cgroup "ok"
    ip link add one type veth peer name two && ip link set two up && echo veth "ok"
    mkdir /tmp/l /tmp/u /tmp/w /tmp/m && echo low > /tmp/l/f && \\
        mount -t overlay -o lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w x /tmp/m && \\
        grep -q low /tmp/m/f && echo overlay "ok"
    test "$(unshare -Urpf --mount-proc sh -c 'echo $$')" = 1 && echo unshare "ok"
    for module in bridge nf_tables tun br_netfilter nft_compat xt_conntrack xt_MASQUERADE \\
        xt_addrtype ip_vs dummy macvlan vxlan loop dm_mod vmgenid; do
        modprobe "$module" || echo "missing: $module"
    done
    iptables -t nat -A POSTROUTING -j MASQUERADE && nft list ruleset | grep -q masquerade \\
        && echo nat "ok"
    ip addr show lo | grep -q 127.0.0.1 && ping -c1 -w1 127.0.0.1 >/dev/null 2>&1; \\
        test "$(hostname)" = lab && echo names "ok"
    touch /etc/x /usr/x /opt/labkit/x && test "$(stat -c %u%g%a /etc/passwd)" = 00644 \\
        && echo root "ok"
    """
    done = boot(layers, script, tmp_path)
    said = done.console.splitlines()
    for line in ("kernel imported", *(f"{what} ok" for what in (
        "cgroup", "veth", "overlay", "unshare", "nat", "names", "root",
    ))):  # fmt: skip
        assert line in said, done.console
    assert "missing" not in done.console


def test_a_machine_without_a_disk_says_so_and_ends(layers: Layers, tmp_path: Path) -> None:
    done = boot(layers, "echo started", tmp_path, disks=1)
    assert "the machine cannot start: there is no disk /dev/vdb" in done.console
    assert "started" not in done.console


def test_a_damaged_layer_is_said_on_the_console(layers: Layers, tmp_path: Path) -> None:
    cut = tmp_path / "python.squashfs"
    cut.write_bytes(layers.python.read_bytes()[:4096] + bytes(8192))
    broken = replace(layers, python=cut)
    done = boot(broken, "echo started", tmp_path)
    assert "the machine cannot start: mount -t squashfs -o ro,nodev /dev/vdb" in done.console


def test_an_init_that_is_not_there_is_named(layers: Layers, tmp_path: Path) -> None:
    done = boot(layers, "", tmp_path, append="labkit.init=/sbin/nothing")
    assert "there is no program /sbin/nothing" in done.console


def test_what_is_there_is_found_without_a_network(
    layers: Layers, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert build(folder) == layers


def test_a_damaged_layer_alone_is_made_again_from_whole_packages(
    layers: Layers, folder: Path
) -> None:
    os.truncate(layers.initramfs, 1000)
    kernel = layers.kernel.stat()
    (package,) = (folder / "debian/archives").glob("busybox-static_*.deb")
    package.write_bytes(bytes(package.stat().st_size))  # of the right size, and damaged
    assert build(folder) == layers
    assert layers.kernel.stat() == kernel


def test_the_order_of_modules_is_modprobes(layers: Layers, folder: Path, tmp_path: Path) -> None:
    """The oracle is kmod, on the tree that lies in the system layer."""
    (root,) = (path for path in folder.glob("workshop-*") if path.is_dir())
    workshop, tree = Workshop(root), tmp_path / "tree"
    unsquash = workshop.argv("usr/bin/unsquashfs", "-n", "-q", "-d", str(tree), str(layers.system))
    subprocess.run([*unsquash, "usr/lib/modules", "lib"], check=True, capture_output=True)
    (kernel,) = (tree / "usr/lib/modules").iterdir()
    modules = read_modules(kernel)
    for name in (*NEEDED, "br_netfilter", "nft_compat", "xt_MASQUERADE", "ext4", "lrw", "ip_vs"):
        asked = workshop.argv("usr/bin/kmod", "-d", str(tree), "-S", kernel.name, name="modprobe")
        done = subprocess.run(
            [*asked, "--show-depends", name], capture_output=True, text=True, check=True
        )
        lines = (line.split() for line in done.stdout.splitlines())
        expected = dict.fromkeys(name_of(words[1]) for words in lines if words[0] == "insmod")
        assert [name_of(path) for path in modules.load_order([name])] == list(expected)


def test_a_package_that_does_not_exist_is_named(layers: Layers, folder: Path) -> None:
    debian = Debian(folder / "debian")
    with pytest.raises(NotFound, match="socatt") as caught:
        debian.resolve(["bash", "socatt"])
    assert "socat" in caught.value.near


def test_qemu_comes_from_packages_too(layers: Layers, folder: Path, tmp_path: Path) -> None:
    qemu = qemu_from_packages(folder)
    version = subprocess.run([qemu, "--version"], capture_output=True, text=True, check=True)
    assert "Debian" in version.stdout
    assert "started" in boot(layers, "echo started", tmp_path, qemu=str(qemu)).console
    assert build(folder).tools == qemu


def test_what_debian_has_no_more_is_resolved_anew(layers: Layers, folder: Path) -> None:
    (memory,) = (folder / "debian").glob("closures-*.json")
    text = memory.read_text()
    for closure in (known := json.loads(text)).values():
        for package in closure:
            if package["name"] == "busybox-static":
                package |= {"version": "0", "file": "busybox-static_0_amd64.deb"}
    memory.write_text(json.dumps(known))
    assert build(folder).digest == layers.digest
    assert "busybox-static_0" not in memory.read_text()


def test_prune_leaves_what_is_kept_and_the_tools(layers: Layers, folder: Path) -> None:
    shelf = Shelf(folder)
    old = shelf.keep(Item("kernel", ("old",)), lambda path: path.touch()).path
    kept = build(folder)
    assert old in prune(folder, kept.paths)
    assert build(folder) == kept
    assert not (folder / "debian/archives").exists()
    assert list(folder.glob("workshop-*"))


@pytest.mark.requires("root")
def test_an_ordinary_user_makes_the_same_layers(layers: Layers, user: OrdinaryUser) -> None:
    """Of what is Debian's, byte for byte; there is no pip for that user's Python everywhere."""
    shutil.copytree(Path(packaging.__file__).parent, user.folder / "lib/packaging")
    code = (
        "import hashlib, os\n"
        "from pathlib import Path\n"
        "from labkit.machine.layers import making\n"
        "os.umask(0o077)\n"
        "making.make_python = lambda wheels, workshop, into: into.write_bytes(b'')\n"
        "making.wheels = lambda installed, markers: ()\n"
        "layers = making.build(Path('layers'))\n"
        "for path in (layers.kernel, layers.initramfs, layers.system):\n"
        "    print(hashlib.sha256(path.read_bytes()).hexdigest())\n"
    )
    done = user.python(code, timeout_s=200)
    assert done.returncode == 0, done.stderr
    ours = (layers.kernel, layers.initramfs, layers.system)
    assert done.stdout.split() == [sha256(path.read_bytes()).hexdigest() for path in ours]
