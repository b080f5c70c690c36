"""Snapshots as real machines give them, for the tests of the pictures."""

from __future__ import annotations

from labkit.grading.verdict import Evidence
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
from labkit.sandbox.judgement import Wall, Walls
from labkit.views.snapshots import (
    Card,
    Comparison,
    CourseMap,
    Route,
    TopicCard,
    TopicStatus,
)

ROOT = ("bin", "boot", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "srv")
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


def walls(*missing: str) -> Walls:
    names = ("host name", "processes", "root", "/proc", "memory", "powers")
    return Walls(
        31337,
        tuple(
            Wall(name, "keeps to its own", name not in missing, "seen so, with a long word or two")
            for name in names
        ),
    )


def both_sides(*shared: str, pid: int = 31337, hostname: str = "thinkpad-of-ada") -> BothSides:
    outside = Side(
        pid=pid,
        ppid=31330,
        uid=1000,
        user="ada",
        hostname=hostname,
        root=ROOT,
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
        root=ROOT[:10],
        root_filesystem="overlay",
        processes=(
            ProcessLine(1, 0, "sleep 600"),
            ProcessLine(7, 0, "sh -c 'while :; do :; done'"),
        ),
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
            Volume("/home/ada/lab/my-work/01-what-is-a-container/data", "/data", False),
            Volume("/etc/ssl/certs", "/etc/ssl/certs", True),
        ),
        limits=(
            Limit(
                "memory.max",
                64 * 1024**2,
                used,
                "bytes",
                "/sys/fs/cgroup/user.slice/labkit-5f3a9c01-web/memory.max",
            ),
            Limit(
                "pids.max",
                20,
                3,
                "processes",
                "/sys/fs/cgroup/user.slice/labkit-5f3a9c01-web/pids.max",
            ),
        ),
        capabilities=CAPABILITIES,
        no_new_privs=True,
        seccomp="filter",
        seccomp_profile="default",
    )


def family() -> FamilyTree:
    return FamilyTree(
        (
            Relative(1, 0, "/sbin/init splash", 1),
            Relative(1822, 1, "/lib/systemd/systemd --user", 1822),
            Relative(30110, 1822, "/home/ada/lab/.venv/bin/jupyter-lab", 30110),
            Relative(
                31201,
                30110,
                "/home/ada/lab/.venv/bin/python -m ipykernel_launcher -f kernel-8b",
                31201,
                "you are here",
            ),
            Relative(31330, 31201, "labkit-helper", 31330, "helper"),
            Relative(31337, 31330, "sh -c 'httpd -p 8080 & sleep 600'", 1, "sandbox web"),
            Relative(31341, 31337, "httpd -p 8080", 2),
            Relative(31342, 31337, "sleep 600", 3),
            Relative(31360, 31330, "top -b", 9),
        )
    )


TITLES = (
    "Start here", "What is a container?", "Namespaces: what you can see",
    "cgroups: what you can use", "Container from scratch", "Images and layers", "Registry",
    "Docker engine", "Containers vs VMs", "Install a container host", "Why orchestrate?",
    "Kubernetes architecture", "Pods and deployments", "Scheduling and scaling",
    "Services and discovery", "Monitoring and insight", "Service mesh", "etcd and configuration",
    "Cluster from scratch", "Deploy with the API",
)  # fmt: skip


def slug(number: int) -> str:
    return f"t{number:02}"


def course() -> CourseMap:
    states: dict[int, TopicStatus] = {0: "done", 1: "started", 5: "open"}
    return CourseMap(
        tuple(
            TopicCard(
                number=i,
                slug=slug(i),
                title=title,
                part="containers" if i < 10 else "orchestration",
                needs=(slug(0),) if i else (),
                status=states.get(i, "planned"),
                passed={0: 5, 1: 2}.get(i, 0),
                tasks=5 if i in states else 0,
                minutes=40 if i in states else None,
                link=f"labs/{i:02}/lab.ipynb" if i in states else None,
            )
            for i, title in enumerate(TITLES)
        ),
        (
            Route(
                "use it",
                "Run, build and deploy first; look under the bonnet later.",
                tuple(map(slug, (5, 7, 10, 12, 14))),
            ),
            Route(
                "understand it",
                "From the kernel up, until you have built a container yourself.",
                tuple(map(slug, (1, 2, 3, 4))),
            ),
        ),
    )


def not_yet() -> Card:
    return Card(
        id="01-own-hostname",
        title="Start a sandbox with a host name of its own",
        points=2,
        status="not yet",
        message="A process runs, and it has a UTS namespace of its own, but the host name in it is "
        "still the one it was born with.",
        evidence=(
            Evidence("process runs", "yes", "yes"),
            Evidence("UTS namespace", "its own", "its own"),
            Evidence("host name inside", "heron-42", "thinkpad-of-ada"),
            Evidence(
                "first lines of /etc/hosts",
                "127.0.0.1 localhost\n127.0.1.1 heron-42",
                "127.0.0.1 localhost",
            ),
        ),
        hint="A new UTS namespace begins as a copy of its parent's. Who gives it another name, and "
        "when? Look at what `Sandbox` takes besides the root file system.",
        hints_taken=1,
        hints_left=2,
        next_hint_cost=0.5,
        earned=0,
    )


def passed() -> Card:
    return Card(
        id="01-own-hostname",
        title="Start a sandbox with a host name of its own",
        points=2,
        status="passed",
        message="The process has a UTS namespace of its own, and heron-42 is its name in it.",
        evidence=(Evidence("host name inside", "heron-42", "heron-42"),),
        hints_taken=1,
        earned=1.5,
    )


def blocked() -> Card:
    return Card(
        id="01-memory-limit",
        title="Limit a sandbox to 64 MiB",
        points=1,
        status="blocked",
        message="This user may not set limits: the memory controller of cgroup v1 belongs to root.",
        blocked_fix="sudo labkit doctor --fix limits\nor start the lab as root",
        hints_left=1,
    )


def comparison() -> Comparison:
    return Comparison(
        "Inside the sandbox, what does `echo $$` print for the first process?",
        "31337, the same number that the host shows: a process has one id.",
        "1. The process is the first of its PID namespace; the host goes on calling it by another "
        "number.",
        False,
    )
