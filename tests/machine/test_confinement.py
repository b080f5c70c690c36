"""What holds a machine in, tried: by root inside it, by other users of this machine, by its QEMU.

A QEMU that its guest has taken over would do what QMP can have one do; so QMP asks it for that.
"""

from __future__ import annotations

import mmap
import os
import re
import signal
import socket
import stat
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import SystemFault
from labkit.machine.qemu.qmp import Qmp
from labkit.machine.snapshot import Snapshot
from tests.machine.inside import Inside
from tests.machine.notebooks import Notebook
from tests.support.as_user import OrdinaryUser
from tests.support.snapshot import all_pids, our_processes

pytestmark = pytest.mark.requires("program:qemu-system-x86_64")

Open = Callable[..., Notebook]
Start = Callable[[], Inside]


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that is no machine's business, with a secret in it."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "secret").write_text("secret")
    (folder / "secret").chmod(0o600)
    return folder


# -- root inside, and the host's files -------------------------------------------------------------


def test_links_of_the_hosts_lead_root_inside_to_nothing_of_the_hosts(
    box: Inside, tmp_path: Path, outside: Path
) -> None:
    far = os.path.relpath(outside, tmp_path)
    for name, target in {"folder": str(outside), "up": far, "file": f"{outside}/secret"}.items():
        (tmp_path / name).symlink_to(target)
    ways = (f"/course/{far}/secret", "/course/folder/secret", "/course/up/secret", "/course/file")
    for way in ways:
        assert "secret" not in box.run(f"cat {way}")[1].split()
        box.run(f"mkdir -p $(dirname $(readlink -m {way})); echo written > {way}")
        box.run(f"chmod 777 {way}; truncate -s 0 {way}; touch -d 2001-01-01 {way}")
    box.run("ln -L file hard; ln -P file hard; echo written > hard")
    box.run("mv file moved; echo written > moved; cp -f /etc/hostname folder/new")
    assert (outside / "secret").read_text() == "secret"
    assert stat.S_IMODE((outside / "secret").stat().st_mode) == 0o600
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_root_inside_makes_nothing_that_the_hosts_programs_would_stumble_over(
    box: Inside, tmp_path: Path, outside: Path
) -> None:
    far = os.path.relpath(outside, tmp_path)
    for target in (str(outside), far, "/etc/shadow", "../..", f"a/../../{far}"):
        box.run(f"ln -s {target} link-$RANDOM")
    box.ask("mkdir inner && ln -s ../kept inner/link && mv inner/link . || true")
    box.run("mknod disk b 8 0; mknod null c 1 3; mkfifo pipe; cp /bin/true raised")
    box.run("chmod 6755 raised; chown 1:1 raised; setcap cap_sys_admin+ep raised")
    found = [path for path in tmp_path.rglob("*") if path.name != "raised"]
    assert [path for path in found if not path.resolve().is_relative_to(tmp_path)] == []
    assert {stat.S_IFMT(path.lstat().st_mode) for path in found} <= {stat.S_IFLNK, stat.S_IFDIR}
    raised = (tmp_path / "raised").stat()
    assert (raised.st_uid, raised.st_mode & 0o7000) == (os.getuid(), 0)
    assert os.listxattr(tmp_path / "raised") == []


def test_root_inside_that_speaks_to_the_file_service_itself_gets_no_more(
    box: Inside, tmp_path: Path, outside: Path
) -> None:
    (tmp_path / "link").symlink_to(outside)
    script = f"""
        import os, struct, subprocess
        from pathlib import Path
        subprocess.run("pkill -9 sshfs; sleep 1", shell=True)
        [name] = [path.parent.name for path in Path("/sys/class/virtio-ports").glob("*/name")
                  if path.read_text() == "labkit.files\\n"]
        port = os.open(f"/dev/{{name}}", os.O_RDWR)
        def ask(kind, *fields):
            body = b"".join(fields)
            os.write(port, struct.pack(">IB", len(body) + 1, kind) + body)
            head = b""
            while len(head) < 5: head += os.read(port, 5 - len(head))
            size, kind = struct.unpack(">IB", head)
            rest = b""
            while len(rest) < size - 1: rest += os.read(port, size - 1 - len(rest))
            return kind, rest
        text = lambda value: struct.pack(">I", len(value)) + value
        while ask(1, struct.pack(">I", 3))[0] != 2: pass
        for path in (b"/course/../secret", b"/course/link/secret", b"{outside}/secret",
                     b"/etc/passwd", b"/course/../../etc/passwd", b"/labkit/../../etc/passwd"):
            for flags in (1, 2, 2 | 8):
                kind, rest = ask(3, b"\\0\\0\\0\\1", text(path), struct.pack(">II", flags, 0))
                print(kind, end=" ")
        print(ask(3, b"\\0\\0\\0\\1", text(b"/course/mine"), struct.pack(">II", 2 | 8, 0))[0])
    """
    (tmp_path / "speak.py").write_text(textwrap.dedent(script))
    said = box.ask("cp speak.py /tmp && cd / && python3 /tmp/speak.py").split()
    assert said == [*["101"] * 18, "102"]  # an error each; and the one that may be is opened
    assert (tmp_path / "mine").exists()
    assert (outside / "secret").read_text() == "secret"


# -- root inside, and the network ------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A service of this machine's, on every address that it has."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as sock:
        sock.setblocking(False)
        yield sock


def test_root_inside_reaches_no_service_of_the_hosts(box: Inside, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    argv = ["hostname", "-I"]
    own = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.split()
    usual = ["127.0.0.1", "::1", "10.0.2.2", "10.0.2.3", "169.254.169.254", "192.168.122.1"]
    box.run("modprobe -a virtio_net e1000 vhost_vsock vsock vmw_vsock_virtio_transport")
    up = "ip link set $n up; ip addr add 10.0.2.15/24 dev $n; ip route add default via 10.0.2.2"
    box.run(f"for n in $(ls -r /sys/class/net); do {up} dev $n; done")
    code = f"""
        import socket
        for address in {[*usual, *own]}:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            try:
                socket.create_connection((address, {port}), 1)
                print("reached", address)
            except OSError:
                pass
        try:
            socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).connect((2, {port}))
            print("reached the host")
        except OSError:
            print("none")
    """
    (box.machine.exports["course"].folder / "reach.py").write_text(textwrap.dedent(code))
    assert box.ask("python3 reach.py") == "none"
    with pytest.raises(BlockingIOError):
        listener.accept()
    socket.create_connection(("127.0.0.1", port)).close()
    listener.accept()[0].close()  # who can reach it, does


def test_it_has_no_network_card(box: Inside) -> None:
    assert box.ask("ls /sys/class/net") == "lo"
    classes = box.ask("cat /sys/bus/pci/devices/*/class").split()
    assert classes and not [one for one in classes if one.startswith("0x02")]


@pytest.mark.requires("program:ss")
def test_a_notebook_in_a_machine_opens_no_port_of_the_hosts(
    open_notebook: Open, labkit_home: Path
) -> None:
    before = _listening()
    notebook = open_notebook()
    notebook.run("import socket; here = socket.create_server(('0.0.0.0', 8888))")
    ours = set(our_processes(labkit_home))
    names = {Path(f"/proc/{pid}/comm").read_text()[:4] for pid in ours}
    assert "qemu" in names and len(ours) > 1
    assert [line for line in _listening() - before if ours & set(_pids(line))] == []


def _listening() -> set[str]:
    argv = ["ss", "-Htulnp"]
    return set(subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines())


def _pids(line: str) -> list[int]:
    return [int(pid) for pid in re.findall(r"pid=(\d+)", line)]


# -- other users of this machine -------------------------------------------------------------------


@pytest.mark.requires("root")
def test_another_user_gets_at_nothing_of_a_machine(
    open_notebook: Open, snapshot: Snapshot, labkit_home: Path, user: OrdinaryUser
) -> None:
    notebook = open_notebook()
    [qemu] = [pid for pid in our_processes(labkit_home) if _is_qemu(pid)]
    [session] = (path.parent for path in labkit_home.glob("run/sessions/*/door"))
    private = (session, snapshot.folder, Path(notebook.manager.ip).parent)
    things = [path for folder in private for path in folder.rglob("*") if not path.is_dir()]
    names = {path.name for path in things}
    assert {"ram", "state", "console.log", "qemu.log", "door", "shell", "lock"} <= names
    things.append(Path(notebook.manager.connection_file))
    things += [Path(f"/proc/{qemu}/{name}") for name in ("mem", "environ", "maps", "fd/0")]
    _let_everybody_come_to(private)
    ways = [str(path) for path in things]
    code = f"""
        import os, socket
        def tries(path):
            yield lambda: os.open(path, os.O_RDONLY)
            yield lambda: os.open(path, os.O_WRONLY)
            yield lambda: os.unlink(path)
            yield lambda: socket.socket(socket.AF_UNIX).connect(path)
        for path in {ways}:
            for number, attempt in enumerate(tries(path)):
                try:
                    attempt()
                    print(path, number)
                except OSError:
                    pass
        for path in {[str(path) for path in private]}:
            try:
                print(os.listdir(path))
            except OSError:
                pass
        print("all tried")
    """
    done = user.run(["python3", "-c", textwrap.dedent(code)])
    assert (done.stdout, done.stderr) == ("all tried\n", "")
    assert all(path.exists() for path in things if not path.is_relative_to("/proc"))


def _is_qemu(pid: int) -> bool:
    return Path(f"/proc/{pid}/comm").read_text().startswith("qemu")


def _let_everybody_come_to(folders: tuple[Path, ...]) -> None:
    """Opens the tests' own folders around these, which would keep others away."""
    for folder in folders:
        for parent in folder.parents:
            if parent.stat().st_uid == os.getuid() and str(parent) not in ("/", "/tmp"):
                parent.chmod(parent.stat().st_mode | 0o755)


def test_each_socket_of_a_machine_is_its_users_alone(box: Inside) -> None:
    sockets = [path for path in box.machine.folder.iterdir() if path.is_socket()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in sockets} == {0o600}


# -- QEMU itself -----------------------------------------------------------------------------------


@pytest.fixture
def qmp(box: Inside) -> Qmp:
    return box.machine.qemu.qmp


def test_every_thread_of_qemu_is_under_seccomp_and_gains_nothing_by_exec(box: Inside) -> None:
    tasks = list(Path(f"/proc/{box.machine.qemu.process.pid}/task").iterdir())
    assert len(tasks) > 1
    for task in tasks:
        said = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines())
        assert (said["Seccomp"], said["NoNewPrivs"]) == ("2", "1")


def _opens(file: Path, **more: Any) -> dict[str, Any]:
    name = f"n{abs(hash(file)) % 10**6}"
    return {"driver": "file", "node_name": name, "filename": str(file), "read_only": True, **more}


@pytest.mark.requires("landlock")
def test_qemu_opens_no_file_but_its_own(qmp: Qmp, snapshot: Snapshot, outside: Path) -> None:
    qmp.ask("blockdev-add", **_opens(snapshot.design.disks[0]))
    for file in (outside / "secret", Path("/etc/passwd"), Path(__file__)):
        with pytest.raises(SystemFault, match="Permission denied"):
            qmp.ask("blockdev-add", **_opens(file))


@pytest.mark.requires("landlock")
def test_qemu_writes_no_file_outside(qmp: Qmp, outside: Path, snapshot: Snapshot) -> None:
    for file in ("secret", "new"):
        for command, more in (
            ("pmemsave", {"val": 0, "size": 4096, "filename": str(outside / file)}),
            ("dump-guest-memory", {"paging": False, "protocol": f"file:{outside / file}"}),
            ("chardev-add", {"id": file, "backend": {
                "type": "file", "data": {"out": str(outside / file)}}}),
        ):  # fmt: skip
            with pytest.raises(SystemFault):
                qmp.ask(command, **more)
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert (outside / "secret").read_text() == "secret"


def test_qemu_starts_no_program(box: Inside, qmp: Qmp) -> None:
    trace = box.machine.folder / "trace"
    with suppress(SystemFault):
        qmp.ask("migrate", uri=f"exec:echo started > {trace}")
    box.wait_for_its_end()
    assert box.machine.qemu.process.returncode == -signal.SIGSYS
    assert not trace.exists()


def test_qemu_speaks_to_no_service_of_the_hosts(
    qmp: Qmp, listener: socket.socket, outside: Path
) -> None:
    port = str(listener.getsockname()[1])
    with socket.socket(socket.AF_UNIX) as local:
        local.bind(str(outside / "service"))
        local.listen()
        local.setblocking(False)
        for id, address in (
            ("inet", {"type": "inet", "data": {"host": "127.0.0.1", "port": port}}),
            ("unix", {"type": "unix", "data": {"path": str(outside / "service")}}),
        ):
            backend = {"type": "socket", "data": {"addr": address, "server": False}}
            with pytest.raises(SystemFault):
                qmp.ask("chardev-add", id=id, backend=backend)
        for sock in (listener, local):
            with pytest.raises(BlockingIOError):
                sock.accept()
    local_address = {"host": "127.0.0.1", "port": port}
    udp = {"remote": {"type": "inet", "data": local_address}}
    with pytest.raises(SystemFault):
        qmp.ask("chardev-add", id="udp", backend={"type": "udp", "data": udp})


# -- secrets ---------------------------------------------------------------------------------------

_OWN = """
import os, random, secrets, ssl, uuid
print(os.getrandom(16).hex(), random.random(), secrets.token_hex(8), ssl.RAND_bytes(16).hex())
print(uuid.uuid4(), open("/proc/sys/kernel/random/boot_id").read().strip())
print(open("/proc/sys/kernel/random/uuid").read().strip(), get_ipython().kernel.session.session)
"""


def test_two_machines_of_one_snapshot_have_nothing_random_in_common(open_notebook: Open) -> None:
    first, second = (open_notebook().run(_OWN).split() for _ in range(2))
    assert len(first) == len(second) == 8
    assert [one for one in first if one in second] == []


def test_the_connections_key_is_in_no_command_line_and_not_in_the_snapshot(
    open_notebook: Open, snapshot: Snapshot
) -> None:
    first, second = open_notebook(), open_notebook()
    keys = [notebook.manager.session.key for notebook in (first, second)]
    assert keys[0] != keys[1]
    for key, notebook in zip(keys, (first, second), strict=True):
        assert (
            notebook.run("print(get_ipython().kernel.session.key.decode())").encode() == key + b"\n"
        )
        assert not [pid for pid in all_pids() if key in _read(f"/proc/{pid}/cmdline")]
        assert not _is_in(key, snapshot.folder / "ram")
        assert key not in (snapshot.folder / "state").read_bytes()
    assert _is_in(b"labkit.machine.guest", snapshot.folder / "ram")  # what is there is found


def _read(path: str) -> bytes:
    with suppress(OSError):
        return Path(path).read_bytes()
    return b""


def _is_in(words: bytes, file: Path) -> bool:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as content:
        return content.find(words) >= 0
