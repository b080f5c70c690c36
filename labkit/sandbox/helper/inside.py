"""What a new process does to itself to become a container. Read it from top to bottom.

Written down here by the helper as a batch of system calls, and made by the child of its clone(2):
alone in its new namespaces, until execve(2) replaces it. Each step has a name; when one fails, its
name and errno go back to the session.

Sources: namespaces(7), pivot_root(2), Documentation/filesystems/overlayfs.rst, devpts(5),
OCI Runtime Specification 1.2 (default devices, masked and read-only paths).
"""

from __future__ import annotations

import errno
import fcntl
import math
import os
import signal
import socket
import stat
import struct
import termios
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labkit.core import linux
from labkit.sandbox.cgroups import Place, members_file
from labkit.sandbox.helper import uplink
from labkit.sandbox.helper.batch import Batch, Result
from labkit.sandbox.helper.networks import Plug

Spec = dict[str, Any]

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
"""The devices that the OCI runtime specification asks for; console and ptmx come with a pty."""

MASKED = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kmsg", "/proc/latency_stats")
"""Files that tell about the host."""

_HERE = -100  # AT_FDCWD
_PATH_ONLY = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_TIOCSPTLCK, _TIOCGPTPEER = 0x40045431, 0x5441
_CAPABILITY_VERSION_3 = 0x20080522
_OR_EXISTS = (0, errno.EEXIST)
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_ROWS, _COLUMNS = 24, 80
"""Size of a new terminal: that of the VT100, which every program can cope with."""


def become(
    do: Batch,
    spec: Spec,
    sync: int,
    places: Mapping[str, Place],
    *,
    plug: Plug | None = None,
    layers: Sequence[int] = (),
) -> None:
    """Turns a new process into a sandbox's PID 1, but for executing the command.

    Args:
        do: the batch that this is written down in.
        spec: what the session asks for.
        sync: the child's end of the socket to the helper, which sends a byte when the user ids are
            mapped, and another when the cgroups are made.
        places: where cgroups are made.
        plug: its place on a network; None for a sandbox that is alone.
        layers: the image's, as mounts with their ids mapped, where root inside is another user.
    """
    namespaces = spec["namespaces"]
    wait_for_the_helper(do, sync)
    do("setsid")
    if "time" in namespaces:
        _own_clocks(do, spec["clocks"])
    do.step = "find the cgroups"
    trees = {place.base: place for place in places.values() if place.base}.values()
    bases = [(place, do("openat", _HERE, place.base, _PATH_ONLY, 0)) for place in trees]
    if "uts" in namespaces:
        do.step = "set the hostname"
        do("sethostname", spec["hostname"], len(spec["hostname"]))
    if "net" in namespaces:
        do.step = "bring the loopback interface up"
        control = do("socket", socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)
        do("ioctl", control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
    switches = uplink.open_switches(do) if plug else None
    if "mnt" in namespaces:
        _own_mounts(do, spec, sync, layers)
    if plug and switches:
        wait_for_the_helper(do, sync)  # until there is a link
        uplink.configure(do, plug, switches)
    wait_for_the_helper(do, sync)
    do.step = "join the cgroup"
    for place, base in bases if not spec["has_other_root"] else ():  # else the helper has done it
        members = members_file(place, spec["group"])
        do("write", do("openat", base, members, os.O_WRONLY | os.O_CLOEXEC, 0), "0", 1)
    if "cgroup" in namespaces:
        do.step = "make a cgroup namespace"
        # Only now: a cgroup namespace takes the group one is in when it is made as its root.
        do("unshare", linux.CLONE_NEWCGROUP)


def wait_for_the_helper(do: Batch, sync: int) -> None:
    """Waits for a byte of the helper's; fails when it has gone."""
    do.step = "wait for the helper"
    do("recvfrom", sync, bytes(1), 1, 0, 0, 0, even_if=())


def execute(do: Batch, spec: Spec, fds: Sequence[int], sync: int, *, is_fork: bool) -> None:
    """Gives up what the command must not have, and executes it.

    Args:
        do, spec, sync: as for :func:`become`.
        fds: standard input, output and error.
        is_fork: whether the process is a fork of the helper's; else it shares its memory.
    """
    if is_fork:
        do.step = "hide from the processes of the sandbox"
        # Until exec they could trace this process, and reach the helper's open files through it.
        do("prctl", linux.PR_SET_DUMPABLE, 0, 0, 0, 0)
    if spec["has_other_root"]:
        become_root(do)
    do.step = "open a terminal"
    if spec["tty"]:
        _terminal(do, sync)
    else:
        for number, fd in enumerate(fds[:3]):
            do("dup3", fd, number, 0)
    do.step = "give up the groups"
    # A user without privileges cannot give one up: user_namespaces(7).
    do("setgroups", 0, None, even_if=(0, errno.EPERM))
    if spec["capabilities"] is not None:
        do.step = "drop capabilities"
        _keep_capabilities(do, spec["capabilities"])
    do.step = "set no_new_privs"
    do("prctl", linux.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    do.step = "die with the helper"
    # Last of the credentials: changing them clears it.
    do("prctl", linux.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # Nothing to receive yet is well; the end of the helper before this was set is not.
    do("recvfrom", sync, bytes(1), 1, socket.MSG_DONTWAIT, 0, 0, even_if=(errno.EAGAIN,))
    do.step = f"enter the folder {spec['cwd']}"
    do("chdir", spec["cwd"])
    if spec["filter"]:
        _filter(do, bytes.fromhex(spec["filter"]))  # the last: it may refuse what comes before
    do.step = f"execute {spec['argv'][0]}"
    argv = do.put_list(spec["argv"])
    env = do.put_list(f"{name}={value}" for name, value in spec["env"].items())
    *others, last = paths = _candidates(spec["argv"][0], spec["env"]["PATH"])
    for path in paths:
        do("execve", path, argv, env, even_if=(errno.ENOENT, errno.ENOTDIR, errno.EACCES))
    # None did. Once more, for the reason: a program that may not be executed tells more than none.
    for path in others:
        do("execve", path, argv, env, even_if=(errno.ENOENT, errno.ENOTDIR))
    do("execve", last, argv, env)


def become_root(do: Batch) -> None:
    """Takes the id of root inside; the helper's own has none there."""
    do.step = "become root of the user namespace"
    do("setgroups", 0, None)
    do("setresgid", 0, 0, 0)
    do("setresuid", 0, 0, 0)


def _filter(do: Batch, program: bytes) -> None:
    """Has the kernel ask this program before each system call (seccomp(2))."""
    do.step = "install the filter of system calls"
    steps = struct.pack("HxxxxxxP", len(program) // 8, do.put(program))
    do("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, steps, 0, 0)


def _own_clocks(do: Batch, clocks: Mapping[str, float]) -> None:
    """A time namespace, set while nobody is in it, then joined (time_namespaces(7)).

    unshare(2) makes it for children to come. Joining takes a memory that no other process shares.
    """
    do.step = "make a time namespace"
    do("unshare", linux.CLONE_NEWTIME)
    for name, seconds in clocks.items():
        do.step = f"set the clock {name}"
        whole = math.floor(seconds)
        line = f"{name} {whole} {round((seconds - whole) * 1e9) % 10**9}\n"
        offsets = do("openat", _HERE, "/proc/self/timens_offsets", os.O_WRONLY | os.O_CLOEXEC, 0)
        do("write", offsets, line, len(line))
    do.step = "join the time namespace"
    path = "/proc/self/ns/time_for_children"
    do("setns", do("openat", _HERE, path, os.O_RDONLY | os.O_CLOEXEC, 0), linux.CLONE_NEWTIME)


def _candidates(name: str, path: str) -> list[str]:
    """Where a program may be, as execvp(3) looks for it."""
    return [name] if "/" in name else [f"{folder or '.'}/{name}" for folder in path.split(":")]


def _own_mounts(do: Batch, spec: Spec, sync: int, layers: Sequence[int]) -> None:
    """A root of its own: image layers below, an empty writable layer above, volumes in it."""
    do.step = "keep mounts from spreading to the host"
    do("mount", None, "/", None, linux.MS_REC | linux.MS_SLAVE, None)
    volumes = []
    for source, target, is_read_only, is_folder in [*spec.get("files", ()), *spec["volumes"]]:
        do.step = f"open the volume {source}"
        volumes.append((_open_tree(do, source, is_read_only=is_read_only), target, is_folder))
    do.step = "open the host's devices"
    # Read-only keeps a device's owner and mode as they are, not its data.
    devices = [(name, _open_tree(do, f"/dev/{name}", is_read_only=True)) for name in DEVICES]
    stage = spec["stage"]
    do.step = "mount memory for the writable layer"
    options = "mode=755,uid=0,gid=0" if spec["has_other_root"] else "mode=755"
    do("mount", "tmpfs", stage, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    if spec["has_other_root"]:
        do("chdir", stage)  # on the way to it are folders that are not theirs
        stage = "."
        become_root(do)
    proc = _open_proc(do, spec, stage)
    root = _overlay(do, spec, sync, stage, _attach(do, stage, layers) or spec["layers"])
    do.step = "change the root (pivot_root)"
    do("chdir", root)
    do("pivot_root", ".", ".")  # "/" is the new root; the old one now lies on it, at "."
    do("umount2", ".", linux.MNT_DETACH)
    do("chdir", "/")
    do.step = "fill /dev"
    _fill_dev(do, devices)
    # Before there is a /proc: links of the image may name its links, which lead to open files.
    for tree, target, is_folder in volumes:
        do.step = f"mount a volume on {target}"
        _make_target(do, target, is_folder=is_folder)
        _move_mount(do, tree, target)
    do.step = "mount /proc"
    do("mkdirat", _HERE, "/proc", 0o755, even_if=_OR_EXISTS)
    _move_mount(do, proc, "/proc")
    if spec["capabilities"] is not None:
        for path in MASKED:  # some kernels have fewer
            do("mount", "/dev/null", path, None, linux.MS_BIND, None, even_if=(0, errno.ENOENT))


def _attach(do: Batch, stage: str, layers: Sequence[int]) -> list[str]:
    """Attaches layers that are detached mounts, and says where."""
    do.step = "mount the layers with their ids mapped"
    paths = [f"{stage}/layer{i}" for i in range(len(layers))]
    for path, fd in zip(paths, layers, strict=True):
        do("mkdirat", _HERE, path, 0o755)
        do("move_mount", fd, "", _HERE, path, linux.MOVE_MOUNT_F_EMPTY_PATH)
    return paths


def _open_proc(do: Batch, spec: Spec, stage: str) -> Result:
    """A /proc of its own PID namespace, not yet attached anywhere.

    Made while the host's is still in sight: the kernel allows a new one only where another can be
    seen in full. It is read-only, for root in here may have the user id of the host's root: the
    switches in it check no more than that, and so does changing the mode of its files, which
    counts for the whole machine.
    """
    do.step = "mount /proc"
    if "pid" in spec["namespaces"]:
        path = f"{stage}/proc"
        do("mkdirat", _HERE, path, 0o755)
        do("mount", "proc", path, "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC, None)
    else:
        path = "/proc"  # a process of the host's PID namespace may not mount another
    is_confined = spec["capabilities"] is not None
    if is_confined and "user" in spec["namespaces"]:
        # In a further one it would have every capability again, to mount its cgroup with.
        do.step = "forbid further user namespaces"
        switch = f"{path}/sys/user/max_user_namespaces"  # counts for this one alone
        do("write", do("openat", _HERE, switch, os.O_WRONLY | os.O_CLOEXEC, 0), "0", 1)
    do.step = "make /proc read-only"
    return _open_tree(do, path, is_read_only=is_confined)


def _overlay(do: Batch, spec: Spec, sync: int, stage: str, layers: Sequence[str]) -> str:
    """Mounts the layers under a writable one that is memory of this mount namespace alone."""
    upper, work, root = f"{stage}/upper", f"{stage}/work", f"{stage}/root"
    for folder in (upper, work, root):
        do("mkdirat", _HERE, folder, 0o755)
    do.step = "mount the layers (overlayfs)"
    lower = ":".join(_escape(layer) for layer in layers)
    options = f"lowerdir={lower},upperdir={_escape(upper)},workdir={_escape(work)}"
    if "user" in spec["namespaces"]:
        options += ",userxattr"
    do("mount", "overlay", root, "overlay", 0, options)
    _send_fd(do, sync, b"u", do("openat", _HERE, upper, _PATH_ONLY, 0))
    return root


def _escape(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _fill_dev(do: Batch, devices: Iterable[tuple[str, Result]]) -> None:
    do("mkdirat", _HERE, "/dev", 0o755, even_if=_OR_EXISTS)
    do("mount", "tmpfs", "/dev", "tmpfs", linux.MS_NOSUID, "mode=755,size=65536k")
    for name, tree in devices:
        do("mknodat", _HERE, f"/dev/{name}", stat.S_IFREG | 0o666, 0)
        _move_mount(do, tree, f"/dev/{name}")
    do("mkdirat", _HERE, "/dev/pts", 0o755)
    flags = linux.MS_NOSUID | linux.MS_NOEXEC
    do("mount", "devpts", "/dev/pts", "devpts", flags, "newinstance,ptmxmode=0666,mode=620")
    do("mkdirat", _HERE, "/dev/shm", 0o755)
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    do("mount", "tmpfs", "/dev/shm", "tmpfs", flags, "mode=1777")
    links = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "ptmx": "pts/ptmx"}
    links |= {"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
    for name, target in links.items():
        do("symlinkat", target, _HERE, f"/dev/{name}")


def _make_target(do: Batch, target: str, *, is_folder: bool) -> None:
    """Makes the mount point of a volume, and the folders that it lies in, where there is none."""
    *folders, last = target.strip("/").split("/")
    path = ""
    for folder in folders + [last] * is_folder:
        path += f"/{folder}"
        do("mkdirat", _HERE, path, 0o755, even_if=_OR_EXISTS)
    if not is_folder:
        do("mknodat", _HERE, f"{path}/{last}", stat.S_IFREG | 0o644, 0, even_if=_OR_EXISTS)


def _open_tree(do: Batch, path: str, *, is_read_only: bool) -> Result:
    """A detached copy of the mounts at and below ``path``."""
    tree = do("open_tree", _HERE, path, linux.OPEN_TREE_CLONE | os.O_CLOEXEC | linux.AT_RECURSIVE)
    if is_read_only:
        attributes = struct.pack("4Q", linux.MOUNT_ATTR_RDONLY, 0, 0, 0)
        flags = linux.AT_EMPTY_PATH | linux.AT_RECURSIVE
        do("mount_setattr", tree, "", flags, attributes, len(attributes))
    return tree


def _move_mount(do: Batch, tree: Result, target: str) -> None:
    """Attaches a detached copy of mounts at ``target``."""
    do("move_mount", tree, "", _HERE, target, linux.MOVE_MOUNT_F_EMPTY_PATH)


def _keep_capabilities(do: Batch, names: Iterable[str]) -> None:
    """Drops every capability but ``names`` from all sets, the bounding set included."""
    keep = linux.capability_mask(names)
    for number in range(linux.last_capability() + 1):
        if not keep >> number & 1:
            do("prctl", linux.PR_CAPBSET_DROP, number, 0, 0, 0)
    do("prctl", linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    low, high = keep & 0xFFFFFFFF, keep >> 32
    sets = struct.pack("6I", low, low, 0, high, high, 0)
    do("capset", struct.pack("Ii", _CAPABILITY_VERSION_3, 0), sets)


def _terminal(do: Batch, sync: int) -> None:
    """A pty of the sandbox's own devpts; its master end goes to whoever asked."""
    master = do("openat", _HERE, "/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC, 0)
    do("ioctl", master, _TIOCSPTLCK, struct.pack("i", 0))
    again = do("fcntl", master, fcntl.F_DUPFD_CLOEXEC, 0)
    slave = do("ioctl", again, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    do("dup3", slave, 0, 0)
    do("dup3", 0, 1, 0)
    do("dup3", 0, 2, 0)
    do("ioctl", 0, termios.TIOCSCTTY, 0)
    do("ioctl", 0, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    _send_fd(do, sync, b"t", again)


def _send_fd(do: Batch, sync: int, letter: bytes, fd: Result) -> None:
    """Sends a letter and an open file to the helper (unix(7), SCM_RIGHTS)."""
    length = socket.CMSG_LEN(4)
    control = do.put(struct.pack("Nii", length, socket.SOL_SOCKET, socket.SCM_RIGHTS) + bytes(8))
    fd.goes_to(control + length - 4)
    parts = do.put(struct.pack("PN", do.put(letter), 1))
    header = struct.pack("PIxxxxPNPNi", 0, 0, parts, 1, control, length, 0)
    do("sendmsg", sync, header, socket.MSG_NOSIGNAL)
