"""What a new process does to itself to become a container. Read it from top to bottom.

Runs in the child of the helper's clone(2): alone in its new namespaces, until exec(2) replaces it.
Every step has a name; when one fails, its name and errno go back to the helper.

Sources: namespaces(7), pivot_root(2), Documentation/filesystems/overlayfs.rst, devpts(5),
OCI Runtime Specification 1.2 (default devices, masked and read-only paths).
"""

from __future__ import annotations

import array
import fcntl
import os
import signal
import socket
import stat
import struct
import termios
from collections.abc import Sequence
from typing import Any

from labkit.core import linux

Spec = dict[str, Any]

DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
"""The devices that the OCI runtime specification asks for; console and ptmx come with a pty."""

MASKED = ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kmsg", "/proc/latency_stats")
"""Files that tell about the host."""

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_TIOCSPTLCK, _TIOCGPTN = 0x40045431, 0x80045430
_ROWS, _COLUMNS = 24, 80
"""Size of a new terminal: that of the VT100, which every program can cope with."""


class Steps:
    """Remembers which step is being done, for the report of a failure."""

    now = "start"


def become(spec: Spec, fds: Sequence[int], sync: socket.socket, steps: Steps) -> None:
    """Turns this process into the sandbox's PID 1 and starts the command. Does not return."""
    namespaces = spec["namespaces"]
    steps.now = "wait for the helper"
    if sync.recv(1) != b"g":
        os._exit(1)
    os.setsid()
    join_groups(open_groups(spec, steps), steps)
    if "cgroup" in namespaces:
        steps.now = "make a cgroup namespace"
        # Only now: a cgroup namespace takes the group one is in when it is made as its root.
        linux.unshare(linux.CLONE_NEWCGROUP)
    if "uts" in namespaces:
        steps.now = "set the hostname"
        linux.sethostname(spec["hostname"])
    if "net" in namespaces:
        steps.now = "bring the loopback interface up"
        _loopback_up()
    if "mnt" in namespaces:
        _own_mounts(spec, sync, steps)
    run(spec, fds, sync, steps)


def open_groups(spec: Spec, steps: Steps) -> list[int]:
    """The files of the sandbox's cgroups by which a process joins them."""
    steps.now = "open the cgroup"
    return [os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in spec["members"]]


def join_groups(groups: list[int], steps: Steps) -> None:
    """Moves this process into cgroups."""
    steps.now = "join the cgroup"
    for fd in groups:
        os.write(fd, b"0")
        os.close(fd)


def run(spec: Spec, fds: Sequence[int], sync: socket.socket, steps: Steps) -> None:
    """Gives up what the command must not have, and executes it. Does not return."""
    steps.now = "hide from the processes of the sandbox"
    # Until exec they could trace this process, and reach the helper's open files through it.
    linux.prctl(linux.PR_SET_DUMPABLE, 0)
    steps.now = "open a terminal"
    stdio = _terminal(sync) if spec["tty"] else fds[:3]
    try:
        os.setgroups([])
    except PermissionError:
        pass  # a user without privileges cannot give up a group either: user_namespaces(7)
    if spec["capabilities"] is not None:
        steps.now = "drop capabilities"
        linux.keep_capabilities(spec["capabilities"])
    steps.now = "set no_new_privs"
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1)
    steps.now = "die with the helper"
    # Last of the credentials: changing them clears it.
    linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL)
    if _has_closed(sync):  # it died before this was set
        os._exit(1)
    steps.now = f"enter the folder {spec['cwd']}"
    os.chdir(spec["cwd"])
    for number, fd in enumerate(stdio):
        os.dup2(fd, number)
    steps.now = f"execute {spec['argv'][0]}"
    os.execve(_find_program(spec["argv"][0], spec["env"]["PATH"]), spec["argv"], spec["env"])


def _find_program(name: str, path: str) -> str:
    """Where a program is, as execvp(3) finds it, without an execve for each folder of PATH.

    The kernel sets up the memory of a new program before it sees that there is none.
    """
    if "/" in name:
        return name
    found = [f"{folder or '.'}/{name}" for folder in path.split(":")]
    there = [candidate for candidate in found if os.path.isfile(candidate)]
    runs = (candidate for candidate in there if os.access(candidate, os.X_OK))
    return next(runs, (there or found)[0])


def _own_mounts(spec: Spec, sync: socket.socket, steps: Steps) -> None:
    """A root of its own: image layers below, an empty writable layer above, volumes in it."""
    steps.now = "keep mounts from spreading to the host"
    linux.mount("", "/", "", linux.MS_REC | linux.MS_SLAVE)
    volumes = []
    for source, target, is_read_only in spec["volumes"]:
        steps.now = f"open the volume {source}"
        tree = linux.open_tree(source)
        if is_read_only:
            linux.set_read_only(tree)
        volumes.append((tree, target, os.stat(source)))
    steps.now = "open the host's devices"
    devices = [(name, _open_device(name)) for name in DEVICES]
    stage = spec["stage"]
    steps.now = "mount memory for the writable layer"
    linux.mount("tmpfs", stage, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    proc = _open_proc(spec, steps)
    root = _overlay(spec, sync, steps)
    steps.now = "change the root (pivot_root)"
    os.chdir(root)
    linux.pivot_root(".", ".")  # "/" is the new root; the old one now lies on it, at "."
    linux.umount(".", linux.MNT_DETACH)
    os.chdir("/")
    steps.now = "fill /dev"
    _fill_dev(devices)
    # Before there is a /proc: links of the image may name its links, which lead to open files.
    for tree, target, status in volumes:
        steps.now = f"mount a volume on {target}"
        _make_target(target, is_folder=stat.S_ISDIR(status.st_mode))
        linux.move_mount(tree, target)
    steps.now = "mount /proc"
    _mkdir("/proc")
    linux.move_mount(proc, "/proc")
    if spec["capabilities"] is not None:
        for path in MASKED:
            if os.path.exists(path):
                linux.move_mount(linux.open_tree("/dev/null"), path)


def _open_proc(spec: Spec, steps: Steps) -> int:
    """A /proc of its own PID namespace, not yet attached anywhere.

    Made while the host's is still in sight: the kernel allows a new one only where another can be
    seen in full. It is read-only, for root in here may have the user id of the host's root: the
    switches in it check no more than that, and so does changing the mode of its files, which
    counts for the whole machine.
    """
    steps.now = "mount /proc"
    if "pid" in spec["namespaces"]:
        path = f"{spec['stage']}/proc"
        os.mkdir(path)
        linux.mount("proc", path, "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    else:
        path = "/proc"  # a process of the host's PID namespace may not mount another
    tree = linux.open_tree(path)
    if spec["capabilities"] is not None:
        if "user" in spec["namespaces"]:
            # In a further one it would have every capability again, to mount its cgroup with.
            steps.now = "forbid further user namespaces"
            _write(f"{path}/sys/user/max_user_namespaces", b"0")  # counts for this one alone
        steps.now = "make /proc read-only"
        linux.set_read_only(tree)
    return tree


def _overlay(spec: Spec, sync: socket.socket, steps: Steps) -> str:
    """Mounts the layers under a writable one that is memory of this mount namespace alone."""
    stage = spec["stage"]
    upper, work, root = f"{stage}/upper", f"{stage}/work", f"{stage}/root"
    for folder in (upper, work, root):
        os.mkdir(folder, 0o755)
    steps.now = "mount the layers (overlayfs)"
    lower = ":".join(_escape(layer) for layer in spec["layers"])
    options = f"lowerdir={lower},upperdir={_escape(upper)},workdir={_escape(work)}"
    if "user" in spec["namespaces"]:
        options += ",userxattr"
    linux.mount("overlay", root, "overlay", 0, options)
    fd = os.open(upper, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    socket.send_fds(sync, [b"u"], [fd])
    os.close(fd)
    return str(root)


def _escape(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")


def _write(path: str, data: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    os.write(fd, data)
    os.close(fd)


def _open_device(name: str) -> int:
    """A device of the host. Read-only keeps its owner and mode as they are, not its data."""
    tree = linux.open_tree(f"/dev/{name}")
    linux.set_read_only(tree)
    return tree


def _fill_dev(devices: list[tuple[str, int]]) -> None:
    _mkdir("/dev")
    linux.mount("tmpfs", "/dev", "tmpfs", linux.MS_NOSUID, "mode=755,size=65536k")
    for name, tree in devices:
        os.close(os.open(f"/dev/{name}", os.O_CREAT | os.O_CLOEXEC, 0o666))
        linux.move_mount(tree, f"/dev/{name}")
    _mkdir("/dev/pts")
    flags = linux.MS_NOSUID | linux.MS_NOEXEC
    linux.mount("devpts", "/dev/pts", "devpts", flags, "newinstance,ptmxmode=0666,mode=620")
    _mkdir("/dev/shm")
    flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
    linux.mount("tmpfs", "/dev/shm", "tmpfs", flags, "mode=1777")
    links = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "ptmx": "pts/ptmx"}
    links |= {"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
    for name, target in links.items():
        os.symlink(target, f"/dev/{name}")


def _make_target(target: str, *, is_folder: bool) -> None:
    if os.path.exists(target):
        return
    os.makedirs(target if is_folder else os.path.dirname(target), exist_ok=True)
    if not is_folder:
        os.close(os.open(target, os.O_CREAT | os.O_CLOEXEC, 0o644))


def _mkdir(path: str) -> None:
    if not os.path.isdir(path):
        os.mkdir(path, 0o755)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = bytearray(struct.pack("16sh22x", b"lo", 0))
        fcntl.ioctl(control, _SIOCGIFFLAGS, request)
        _, flags = struct.unpack_from("16sh", request)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def _has_closed(sync: socket.socket) -> bool:
    """Whether nobody is at the other end any more."""
    try:
        return sync.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


def _terminal(sync: socket.socket) -> list[int]:
    """A pty of the sandbox's own devpts; its master end goes to whoever asked."""
    master = os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    unlock, number = array.array("i", [0]), array.array("i", [0])
    fcntl.ioctl(master, _TIOCSPTLCK, unlock)
    fcntl.ioctl(master, _TIOCGPTN, number)
    slave = os.open(f"/dev/pts/{number[0]}", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
    socket.send_fds(sync, [b"t"], [master])
    return [slave, slave, slave]
