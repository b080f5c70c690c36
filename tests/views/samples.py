"""Snapshots as real machines give them, for the tests of the pictures."""

from __future__ import annotations

from labkit.sandbox.facts import (
    Anatomy,
    BothSides,
    FamilyTree,
    Limit,
    NamespaceRow,
    ProcessLine,
    Relative,
    Side,
    Volume,
)

KINDS = ("user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time")
CAPABILITIES = (
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_NET_BIND_SERVICE",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)


def namespaces(*shared: str) -> tuple[NamespaceRow, ...]:
    return tuple(
        NamespaceRow(kind, 4026531835 + i if kind in shared else 4026533107 + i, 4026531835 + i)
        for i, kind in enumerate(KINDS)
    )


def both_sides(*shared: str, pid: int = 31337, hostname: str = "thinkpad-of-ada") -> BothSides:
    outside = Side(
        pid=pid,
        ppid=31330,
        uid=1000,
        user="ada",
        hostname=hostname,
        root=tuple("bin boot dev etc home lib lib64 media mnt opt proc root run sbin srv".split()),
        root_filesystem="ext4",
        processes=(
            ProcessLine(1, 0, "/sbin/init splash"),
            ProcessLine(1822, 1, "/lib/systemd/systemd --user"),
            ProcessLine(30110, 1822, "/home/ada/lab/.venv/bin/jupyter-lab"),
            ProcessLine(31201, 30110, "/home/ada/lab/.venv/bin/python -m ipykernel_launcher -f x"),
            ProcessLine(31330, 31201, "labkit-helper"),
            ProcessLine(pid, 31330, "sleep 600"),
        ),
        process_count=412,
        interfaces=("docker0", "eth0", "lo", "wlp0s20f3"),
        mount_count=38,
        cgroup="/user.slice/user-1000.slice/user@1000.service/labkit-5f3a9c01-web",
    )
    inside = Side(
        pid=1,
        ppid=0,
        uid=0,
        user="root",
        hostname="web",
        root=tuple("bin data dev etc home proc root tmp usr var".split()),
        root_filesystem="overlay",
        processes=(ProcessLine(1, 0, "sleep 600"), ProcessLine(7, 0, "sh -c 'while :; do :; done'")),
        process_count=2,
        interfaces=("lo",),
        mount_count=14,
        cgroup="/",
    )
    return BothSides(
        name="web",
        command="sleep 600",
        inside=inside,
        outside=outside,
        namespaces=namespaces(*(shared or ("time",))),
        capabilities=CAPABILITIES,
        no_new_privs=True,
    )


def anatomy(*shared: str, used: int = 13_002_342) -> Anatomy:
    return Anatomy(
        name="web",
        pid=31337,
        command="sleep 600",
        hostname="web",
        is_rootless=True,
        namespaces=namespaces(*(shared or ("time",))),
        image="hello:2",
        layers=("b5bb9d8014a0f9b1d61e21e796d78dcc", "7d865e959b2466918c9863afca942d0f"),
        changed=("/etc/motd", "/etc/os-release (deleted)", "/srv/www/index.html", "/tmp/notes/"),
        volumes=(
            Volume("/home/ada/lab/work/01-what-is-a-container/data", "/data", False),
            Volume("/etc/ssl/certs", "/etc/ssl/certs", True),
        ),
        limits=(
            Limit("memory.max", 64 * 1024**2, used, "bytes",
                  "/sys/fs/cgroup/user.slice/labkit-5f3a9c01-web/memory.max"),
            Limit("pids.max", 20, 3, "processes",
                  "/sys/fs/cgroup/user.slice/labkit-5f3a9c01-web/pids.max"),
        ),
        capabilities=CAPABILITIES,
        no_new_privs=True,
    )


def family() -> FamilyTree:
    return FamilyTree((
        Relative(1, 0, "/sbin/init splash", 1),
        Relative(1822, 1, "/lib/systemd/systemd --user", 1822),
        Relative(30110, 1822, "/home/ada/lab/.venv/bin/jupyter-lab", 30110),
        Relative(31201, 30110, "/home/ada/lab/.venv/bin/python -m ipykernel_launcher -f kernel-8b",
                 31201, "you are here"),
        Relative(31330, 31201, "labkit-helper", 31330, "helper"),
        Relative(31337, 31330, "sh -c 'httpd -p 8080 & sleep 600'", 1, "sandbox web"),
        Relative(31341, 31337, "httpd -p 8080", 2),
        Relative(31342, 31337, "sleep 600", 3),
        Relative(31360, 31330, "top -b", 9),
    ))
