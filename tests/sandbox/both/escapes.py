"""Ways out of a sandbox that are tried from inside, and refused. One hole a function.

Where root runs the sandbox, root inside has the user id of the host's root: what holds then is
held by namespaces, capabilities and mounts alone.

Sources: the holes that container runtimes had to close; capabilities(7), user_namespaces(7),
cgroup_namespaces(7), CVE-2016-9962 (open files of the process that enters).
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from labkit.sandbox import Sandbox
from tests.sandbox.both.tools import names_in, new_folder


def refused(box: Sandbox, *commands: str) -> None:
    """Each of these lines of shell fails."""
    for command in commands:
        ran = box.exec(["sh", "-c", command], timeout_s=20)
        assert ran.exit_code != 0, (command, ran)


def nothing_can_be_mounted_or_unmounted() -> None:
    with Sandbox() as box:
        refused(
            box,
            "mount -t tmpfs none /mnt",
            "mount -t proc proc /mnt",
            "mount --bind / /mnt",
            "umount /proc",
            "umount -l /proc/keys",
            "umount /dev/null",
            "mount -o remount,rw /proc",
            "mount -o remount,bind,rw /proc",
            "mount -o remount,rw /dev/null",
            "pivot_root / /mnt",
        )


def switches_of_the_kernel_cannot_be_turned() -> None:
    before = Path("/proc/sys/kernel/core_pattern").read_text()
    with Sandbox() as box:
        refused(
            box,
            "echo x > /proc/sys/kernel/core_pattern",
            "echo 0 > /proc/sys/vm/swappiness",
            "echo h > /proc/sysrq-trigger",
            "echo x > /proc/sys/kernel/hostname",
            "echo 9 > /proc/sys/user/max_user_namespaces",
            "hostname other",
        )
    assert Path("/proc/sys/kernel/core_pattern").read_text() == before


def the_clock_cannot_be_set() -> None:
    before = time.time()
    assert "not permitted" in Sandbox().run(["date", "-s", "2001-01-01"]).stderr
    assert time.time() >= before


def no_file_of_proc_can_be_written_or_given_another_mode() -> None:
    """Of proc's files outside /proc/PID, and whatever the host's /proc offers."""
    script = """
    for file in $(find /proc -maxdepth 1 -type f) $(find /proc/sys /proc/irq /proc/bus /proc/fs \
        /proc/scsi /proc/acpi /proc/driver /proc/tty -type f 2>/dev/null); do
        if ( : >> $file ) 2>/dev/null; then echo written $file; fi
        if chmod 777 $file 2>/dev/null; then echo mode $file; fi
    done"""
    modes = {path: path.stat().st_mode for path in Path("/proc").iterdir() if path.is_file()}
    ran = Sandbox().run(["sh", "-c", script], timeout_s=60)
    masked = {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/kmsg", "/proc/latency_stats"}
    written = {line.split()[1] for line in ran.stdout.splitlines() if "written" in line}
    assert written <= masked, ran.stdout  # what is written there goes to /dev/null
    assert "mode" not in ran.stdout, ran.stdout
    assert modes == {path: path.stat().st_mode for path in modes}


def the_devices_of_the_host_keep_owner_and_mode() -> None:
    before = Path("/dev/null").stat()
    with Sandbox() as box:
        refused(box, "chmod 600 /dev/null", "chown 1000 /dev/zero", "chmod 600 /dev/urandom")
    after = Path("/dev/null").stat()
    assert (before.st_mode, before.st_uid) == (after.st_mode, after.st_uid)


def no_device_can_be_made() -> None:
    disks = [p for p in Path("/sys/block").iterdir() if (p / "dev").exists()]
    major, minor = (disks[0] / "dev").read_text().strip().split(":") if disks else ("7", "0")
    with Sandbox() as box:
        refused(
            box,
            f"mknod /tmp/disk b {major} {minor}",
            f"mknod /dev/disk b {major} {minor}",
            "mknod /tmp/mem c 1 1",
            "mknod /dev/shm/kmsg c 1 11",
            "cat /dev/mem",
            "cat /dev/kmsg",
            "dmesg",
        )


def processes_of_the_host_cannot_be_reached() -> None:
    with Sandbox() as box:
        refused(
            box,
            f"kill -0 {os.getpid()}",
            f"kill -0 {os.getppid()}",
            f"ls /proc/{os.getpid()}",
            f"renice 5 {os.getpid()}",
        )
        seen = box.exec(["sh", "-c", "ls -d /proc/[0-9]* | wc -l"]).stdout
        assert int(seen) <= 5, seen


def kill_all_reaches_the_sandbox_alone() -> None:
    with Sandbox() as box, Sandbox() as other:
        box.exec(["kill", "-9", "-1"])
        assert other.exec(["true"]).exit_code == 0


def the_way_up_from_a_chroot_ends_at_the_sandbox_root() -> None:
    """The classic: an open folder outside, chroot below, fchdir out, and up."""
    assert (
        Sandbox().run(["sh", "-c", "ls /../../../../.."]).stdout
        == Sandbox().run(["ls", "/"]).stdout
    )
    script = (
        "mkdir -p /tmp/jail/a; cp /bin/busybox /tmp/jail/; cd /; "
        "chroot /tmp/jail /busybox sh -c '/busybox ls /; cd ../../../..; /busybox ls ..'"
    )
    seen = Sandbox().run(["sh", "-c", script]).stdout.split()
    assert "busybox" in seen
    assert "work" not in seen
    for path in ("/proc/1/root", "/proc/self/root", "/proc/1/cwd", "/proc/self/cwd"):
        listing = Sandbox().run(["ls", f"{path}/../../../"]).stdout
        assert "bin" in listing.split()
        assert set(listing.split()) <= set(Sandbox().run(["ls", "/"]).stdout.split()), path


def a_python_that_does_it_by_system_calls_gets_no_further() -> None:
    """As far as a Python that only needs the host's libraries can be had inside."""
    roots = {Path("/usr"): "/usr:ro", Path("/lib"): "/lib:ro"}
    if Path("/lib64").exists():
        roots[Path("/lib64")] = "/lib64:ro"
    code = r"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def tried(name, *args):
    result = getattr(libc, name)(*args)
    print(name, result, ctypes.get_errno() if result < 0 else 0)
tried('unshare', 0x10000000)                 # a user namespace
tried('unshare', 0x00020000)                 # a mount namespace
tried('mount', b'none', b'/tmp', b'cgroup', 0, b'memory')
tried('mount', b'none', b'/tmp', b'cgroup2', 0, None)
tried('init_module', None, 0, b'')
tried('reboot', 0)
tried('swapon', b'/etc/passwd', 0)
tried('ptrace', 16, os.getppid(), 0, 0)      # PTRACE_ATTACH to PID 1: allowed or not, it is ours
for number in (0, 3):
    fd = os.open('/proc/1/ns/mnt', os.O_RDONLY)
    print('setns', libc.setns(fd, 0))
x = libc.open_by_handle_at(-100, b'\0' * 64, 0)
print('open_by_handle_at', x, ctypes.get_errno())
pid = libc.syscall(435, 0, 0)                # clone3 with nothing
print('clone3', pid)
"""
    box = Sandbox(volumes=roots)
    if box.run(["/usr/bin/python3", "-c", "import ctypes"]).exit_code != 0:
        return
    lines = box.run(["/usr/bin/python3", "-c", code]).stdout.splitlines()
    seen = {" ".join(line.split()[:2]) for line in lines}
    for call in ("unshare", "mount", "init_module", "reboot", "swapon", "open_by_handle_at"):
        assert f"{call} -1" in seen, (call, lines)
        assert f"{call} 0" not in seen, (call, lines)


def no_user_namespace_gives_capabilities_back() -> None:
    with Sandbox() as box:
        for flags in ("-U", "-Ur", "-Urm", "-UrmC", "-Urpf"):
            refused(box, f"unshare {flags} true")
        refused(box, "unshare -UrmC sh -c 'mount -t cgroup -o memory none /mnt'")


def with_all_capabilities_kept_a_user_namespace_can_be_made() -> None:
    ran = Sandbox(capabilities=None).run(["unshare", "-Ur", "id", "-u"])
    assert ran.stdout == "0\n"


def with_limits_they_cannot_be_raised_from_inside() -> None:
    from labkit.sandbox import running

    with Sandbox(name="limited", limits={"memory.max": "64M", "pids.max": 20}) as box:
        groups = next(row for row in running() if row.name == "limited").groups
        refused(
            box,
            f"ls {groups['memory']}",
            "ls /sys/fs/cgroup/memory",
            "mount -t cgroup -o memory none /mnt",
            "mount -t cgroup2 none /mnt",
            "unshare -UrmC sh -c 'mount -t cgroup -o pids none /mnt && echo max > /mnt/pids.max'",
        )
        assert (Path(groups["pids"]) / "pids.max").read_text() == "20\n"


def a_link_in_a_volume_leads_to_the_file_inside() -> None:
    folder = new_folder("data")
    (folder / "shadow").symlink_to("/etc/shadow")
    (folder / "up").symlink_to("../../../../../../etc/hostname")
    (folder / "host").symlink_to(str(Path(__file__)))
    with Sandbox(volumes={folder: "/data"}) as box:
        refused(box, "cat /data/shadow", "cat /data/host")
        box.exec(["sh", "-c", "echo inside > /etc/hostname"])
        assert box.exec(["cat", "/data/up"]).stdout == "inside\n"


def only_three_files_are_open() -> None:
    script = "for fd in /proc/self/fd/*; do readlink $fd; done; ls /proc/1/fd"
    holder = [os.open(os.devnull, os.O_RDONLY) for _ in range(5)]
    for fd in holder:
        os.set_inheritable(fd, True)
    try:
        alone = Sandbox().run(["ls", "/proc/self/fd"]).stdout.split()
        assert alone == ["0", "1", "2", "3"], alone  # 3 is the folder that ls reads
        with Sandbox() as one, Sandbox() as two, one.terminal(["sleep", "60"]):
            for box in (one, two):
                assert names_in(f"/proc/{box.pid}/fd") == ["0", "1", "2"]
                seen = box.exec(["sh", "-c", script]).stdout
                assert not any(word in seen for word in ("lock", "socket", "journal", "/run")), seen
                assert box.exec(["ls", "/proc/self/fd"]).stdout.split() == ["0", "1", "2", "3"]
            with one.terminal(["sleep", "61"]) as terminal:
                assert names_in(f"/proc/{terminal.pid}/fd") == ["0", "1", "2"]
    finally:
        for fd in holder:
            os.close(fd)


def no_group_of_the_host_comes_along() -> None:
    groups = [int(group) for group in Sandbox().run(["id", "-G"]).stdout.split()]
    assert groups == [0]
    with Sandbox() as box:
        assert box.exec(["id", "-G"]).stdout == "0\n"


def no_secret_of_the_host_is_in_sight() -> None:
    os.environ["TOKEN"] = "letmein-4711"
    secret = new_folder("secret") / "file"
    secret.write_text("letmein-4711")
    with Sandbox(env={"A": "b"}) as box:
        seen = box.exec(["sh", "-c", "cat /proc/*/environ /proc/*/cmdline 2>/dev/null; env; mount"])
        assert "letmein-4711" not in seen.stdout
        refused(box, f"cat {secret}", f"ls /proc/*/root{secret}", f"cat /proc/1/root{secret}")
        refused(
            box,
            f"ls {sys.prefix}/bin/python",
            "cat /proc/kcore | grep .",
            "cat /proc/keys | grep .",
        )


def nothing_gains_privileges_by_a_set_user_id_program() -> None:
    copy = "cp /bin/busybox /tmp/busybox && chmod 6755 /tmp/busybox"
    show = "/tmp/busybox grep -E 'NoNew|CapEff' /proc/self/status"
    seen = Sandbox().run(["sh", "-c", f"{copy} && {show}"]).stdout.split()
    assert seen[seen.index("NoNewPrivs:") + 1] == "1"
    assert int(seen[seen.index("CapEff:") + 1], 16) & (1 << 21) == 0  # CAP_SYS_ADMIN


def the_network_of_the_host_cannot_be_seen() -> None:
    import socket

    with socket.socket() as server, socket.socket(socket.AF_UNIX) as abstract:
        server.bind(("127.0.0.1", 0))
        server.listen()
        abstract.bind("\0labkit-test-abstract")
        port = server.getsockname()[1]
        with Sandbox() as box:
            refused(box, f"nc -w 1 127.0.0.1 {port} < /dev/null")
            assert "labkit-test-abstract" not in box.exec(["cat", "/proc/net/unix"]).stdout
            lines = box.exec(["cat", "/proc/net/dev"]).stdout.splitlines()[2:]
            assert [line.split(":")[0].strip() for line in lines] == ["lo"]
