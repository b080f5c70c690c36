"""Bad input is a clear error, and nothing is left of it (each test ends with a hunt)."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labkit.core.errors import BadInput, LabkitError, NotFound, SystemFault
from labkit.sandbox import Sandbox, anatomy, xray

pytestmark = [pytest.mark.requires("sandbox"), pytest.mark.usefixtures("shared_home")]


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        ({"rootfs": "/does/not/exist"}, BadInput, "there is no /does/not/exist"),
        ({"rootfs": "/etc/passwd"}, BadInput, "the root /etc/passwd is not a folder"),
        ({"rootfs": "no-such-image:9"}, NotFound, "there is no image 'no-such-image:9'"),
        ({"rootfs": 7}, BadInput, "7 cannot be a root"),
        ({"limits": {"memory.max": -1}}, BadInput, "memory.max cannot be -1"),
        ({"limits": {"memory.max": "lots"}}, BadInput, "memory.max cannot be 'lots'"),
        ({"limits": {"memory.max": 0}}, BadInput, "memory.max cannot be 0"),
        ({"limits": {"memory.max": "5M"}}, BadInput, "a process needs 6M to start"),
        ({"limits": {"memory.max": "64MB"}}, BadInput, "such as 64M"),
        ({"limits": {"memory.max": True}}, BadInput, "memory.max cannot be True"),
        ({"limits": {"memory.max": 1e30}}, BadInput, "memory.max cannot be 1e+30"),
        ({"limits": {"memory.max": "9" * 5000}}, BadInput, "memory.max cannot be"),
        ({"limits": {"memory.max": None}}, BadInput, "memory.max cannot be None"),
        ({"limits": {"memory.max": "9999999T"}}, BadInput, "beyond what the kernel counts"),
        ({"limits": {"pids.max": -1}}, BadInput, "pids.max cannot be -1"),
        ({"limits": {"pids.max": 10**9}}, BadInput, "beyond what the kernel counts"),
        ({"limits": {"pids.max": "2K"}}, BadInput, "such as 20"),
        ({"limits": {"memory.min": 1}}, NotFound, "Did you mean memory.max"),
        ({"limits": {"cpu.shares": 1}}, NotFound, "There are memory.max, memory.high"),
        ({"limits": {"cpu.max": "0.5%"}}, BadInput, "1% of a CPU"),
        ({"limits": {"cpu.max": "half"}}, BadInput, "a share such as '50%'"),
        ({"limits": {"cpu.max": "50000 1"}}, BadInput, "a period from 1000 to 1000000"),
        ({"limits": {"cpu.max": True}}, BadInput, "cpu.max cannot be True"),
        ({"limits": {"cpu.weight": 0}}, BadInput, "a number from 1 to 10000"),
        ({"limits": {"cpu.weight": 10001}}, BadInput, "a number from 1 to 10000"),
        ({"limits": {"cpu.weight": "max"}}, BadInput, "a number from 1 to 10000"),
        ({"limits": {"cpuset.cpus": "0-"}}, BadInput, "a list of CPUs"),
        ({"limits": {"cpuset.cpus": "3-1"}}, BadInput, "a list of CPUs"),
        ({"limits": {"cpuset.cpus": ""}}, BadInput, "a list of CPUs"),
        ({"limits": {"io.max": "8:0"}}, BadInput, "a device and limits"),
        ({"limits": {"io.max": ""}}, BadInput, "a device and limits"),
        ({"limits": {"io.max": "8:0 bps=1M"}}, BadInput, "'bps=1M' is none of rbps, wbps"),
        ({"limits": {"io.max": "8:0 wiops=1M"}}, BadInput, "'wiops=1M' has no number"),
        ({"limits": {"io.max": "/dev/none rbps=1M"}}, BadInput, "cannot name /dev/none"),
        ({"limits": {"io.weight": "x"}}, BadInput, "a number from 1 to 10000"),
        ({"limits": ["memory.max"]}, BadInput, "limits cannot be ['memory.max']"),
        ({"name": "a/b"}, BadInput, "'a/b' cannot be the name of a sandbox"),
        ({"name": "a\nb"}, BadInput, "'a\\nb' cannot be the name"),
        ({"name": "a\n"}, BadInput, "'a\\n' cannot be the name"),
        ({"name": ""}, BadInput, "'' cannot be the name"),
        ({"name": ".."}, BadInput, "'..' cannot be the name"),
        ({"name": "x" * 64}, BadInput, "a name has 1 to 63 letters"),
        ({"name": "bücher"}, BadInput, "cannot be the name"),
        ({"name": 5}, BadInput, "5 cannot be the name"),
        ({"hostname": "-x"}, BadInput, "'-x' cannot be a hostname"),
        ({"hostname": "x y"}, BadInput, "'x y' cannot be a hostname"),
        ({"hostname": "x\n"}, BadInput, "cannot be a hostname"),
        ({"hostname": "x" * 65}, BadInput, "1 to 64 letters"),
        ({"hostname": ""}, BadInput, "'' cannot be a hostname"),
        ({"namespaces": ["pidd"]}, NotFound, "Did you mean pid"),
        ({"clocks": {"realtime": 5}}, NotFound, "one time of day for all"),
        ({"clocks": {"boottime": "soon"}}, BadInput, "such as '+7d'"),
        ({"id_map": {1: 5}}, BadInput, "says nothing of id 0"),
        ({"id_map": {0: range(5, 9), 2: 100}}, BadInput, "twice"),
        ({"id_map": "mine"}, BadInput, "it is 'subids', or a dict"),
        ({"seccomp": "strict"}, BadInput, "'auto', 'default'"),
        ({"namespaces": "pid"}, BadInput, "'pid' is one word"),
        ({"volumes": {"/no/such/folder": "/x"}}, BadInput, "there is no /no/such/folder"),
        ({"volumes": {"/tmp": "x"}}, BadInput, "must begin with '/'"),
        ({"volumes": {"/tmp": "/"}}, BadInput, "cannot be mounted on '/'"),
        ({"volumes": {"/tmp": "//"}}, BadInput, "cannot be mounted on"),
        ({"volumes": {"/tmp": "/a/../.."}}, BadInput, "hold no '..'"),
        ({"volumes": {"/tmp": "/a\0b"}}, BadInput, "cannot be mounted on"),
        ({"volumes": {"/tmp": "/x:rx"}}, BadInput, "ro or rw"),
        ({"volumes": {"/tmp": "/proc/x"}}, BadInput, "/proc is made anew"),
        ({"volumes": {"/tmp": "/dev"}}, BadInput, "/dev is made anew"),
        ({"volumes": {"/tm\0p": "/x"}}, BadInput, "NUL"),
        ({"volumes": {"~nobody-of-that-name/x": "/x"}}, BadInput, "nobody-of-that-name"),
        ({"volumes": ["/tmp"]}, BadInput, "volumes cannot be"),
        ({"env": {"A=B": "x"}}, BadInput, "'A=B' cannot be an environment variable"),
        ({"env": {"": "x"}}, BadInput, "cannot be an environment variable"),
        ({"env": {"A": "x\0y"}}, BadInput, "cannot be an environment variable"),
        ({"env": "A=B"}, BadInput, "env cannot be 'A=B'"),
        ({"cwd": "tmp"}, BadInput, "must begin with '/'"),
        ({"cwd": "/a\0b"}, BadInput, "is not a folder of the sandbox"),
        ({"capabilities": ["SYS_ADMN"]}, NotFound, "Did you mean SYS_ADMIN"),
        ({"capabilities": "KILL"}, BadInput, "'KILL' is one word"),
    ],
)
def test_what_cannot_be_meant_is_said_at_once(
    arguments: dict[str, Any], kind: type[LabkitError], said: str
) -> None:
    with pytest.raises(kind) as caught:
        Sandbox(**arguments)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("ls -l", "a command is a list"),
        ([], "[] is not a command"),
        ([""], "'' is not a command"),
        (["ls", "a\0b"], "NUL"),
        (["echo", "x" * 150_000], "128 kB"),
        (["echo", "x" * 2_000_000], "160 kB"),
        (["nonsense"], "the sandbox has no program 'nonsense'"),
        (["/bin/nonsense"], "the sandbox has no program '/bin/nonsense'"),
        (["/etc/passwd/x"], "the sandbox has no program"),
        (["/etc"], "'/etc' cannot be executed"),
        (["/etc/passwd"], "'/etc/passwd' cannot be executed"),
    ],
)
@pytest.mark.parametrize("how", ["run", "start", "exec", "terminal"])
def test_a_command_that_cannot_be_run_is_an_error_and_the_sandbox_stays_usable(
    how: str, argv: Any, said: str
) -> None:
    with Sandbox() as running:
        new = Sandbox(name="fresh")
        ways: dict[str, Callable[[], object]] = {
            "run": lambda: new.run(argv),
            "start": lambda: new.start(argv),
            "exec": lambda: running.exec(argv),
            "terminal": lambda: running.terminal(argv),
        }
        if not (how == "start" and argv == []):  # start([]) runs the image's own command
            with pytest.raises(BadInput) as caught:
                ways[how]()
            assert said in str(caught.value)
        assert running.exec(["echo", "well"]).stdout == "well\n"
        new.kill()
        assert new.run(["echo", "too"]).stdout == "too\n"


def test_a_script_without_an_interpreter_is_named(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("echo hello\n")
    script.chmod(0o755)
    with pytest.raises(BadInput, match="must begin with #!"):
        Sandbox(volumes={script: "/script"}).run(["/script"])
    script.write_text("#!/no/such/interpreter\n")
    with pytest.raises(BadInput, match="interpreter or loader it names is missing"):
        Sandbox(volumes={script: "/script"}).run(["/script"])


def test_a_folder_to_start_in_that_is_missing_is_named() -> None:
    with pytest.raises(BadInput, match="the sandbox has no folder /nowhere"):
        Sandbox(cwd="/nowhere").run(["true"])
    with pytest.raises(BadInput, match="the sandbox has no folder /etc/passwd"):
        Sandbox(cwd="/etc/passwd").run(["true"])


def test_a_volume_that_goes_before_the_start_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    box = Sandbox(volumes={folder: "/data"})
    folder.rmdir()
    with pytest.raises(SystemFault, match=f"open the volume {folder}"):
        box.run(["true"])


def test_a_file_where_the_image_has_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemFault, match="mount a volume on /etc"):
        Sandbox(volumes={tmp_path / "file": "/etc"}).run(["true"])


def test_a_socket_can_be_a_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s")
        ran = Sandbox(volumes={tmp_path / "s": "/run/s"}).run(["ls", "-l", "/run/s"])
    assert ran.stdout.startswith("s")


def test_a_signal_that_is_none_is_refused() -> None:
    with Sandbox() as box:
        for number in (999, -1, "TERM", None):
            with pytest.raises(BadInput, match="is not a signal"):
                box.signal(number)  # type: ignore[arg-type]
        assert box.exec(["true"]).exit_code == 0


def test_a_sandbox_that_nobody_knows_is_not_found() -> None:
    with Sandbox(name="webserver"):
        with pytest.raises(NotFound, match="Did you mean webserver"):
            anatomy("websrver")
        with pytest.raises(BadInput, match="there is no process 4194304"):
            xray(4194304)


def test_a_name_of_another_session_is_taken_too() -> None:
    script = "import sys; from labkit.sandbox import Sandbox; b = Sandbox(name='mine').start(); "
    script += "print(b.pid, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(BadInput, match="a sandbox named 'mine' runs already"):
            Sandbox(name="mine").start()
        other.communicate()
    assert Sandbox(name="mine").run(["hostname"]).stdout == "mine\n"
