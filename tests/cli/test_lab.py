from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from labkit.cli.lab import _open, has_browser, place_course
from labkit.cli.server import NOTIFICATIONS, Server
from labkit.core.errors import Blocked, SystemFault
from tests.cli.program import invoke, start
from tests.jupyter.small import write_course
from tests.support import wait_until


@pytest.fixture(autouse=True)
def own_jupyter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own Jupyter is read or written; there is no display."""
    for name in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{name}_DIR", str(tmp_path / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("JUPYTERLAB_WORKSPACES_DIR", str(tmp_path / "workspaces"))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)


class Running:
    """A ``labkit lab`` that runs, and what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout
        self.said += self.process.stdout

    def url(self) -> str:
        """Its address, once it is said."""

        def find() -> str:
            found = re.search(r"http://\S+", "".join(self.said))
            if not found and self.process.poll() is not None:
                pytest.fail(f"it ended: {self.said} {self.process.stderr}")
            return found[0] if found else ""

        return wait_until(find, timeout_s=60, every_s=0.1, what="the address")

    def server_pid(self) -> int:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])

    def end(self) -> str:
        self.process.wait(30)
        self._thread.join()
        return "".join(self.said)


@pytest.fixture
def lab(root: Path) -> Iterator[Running]:
    with start("lab", "--port", str(free_port()), cwd=root) as process:
        one = Running(process)
        yield one
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        one.end()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, token: str = "") -> str:
    headers = {"Authorization": f"token {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def has_gone(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True


def test_it_serves_the_course_behind_a_token_and_ends_on_ctrl_c(lab: Running, root: Path) -> None:
    url = lab.url()
    assert "/lab?token=" in url
    base, _, token = url.partition("/lab?token=")
    contents = json.loads(get(f"{base}/api/contents", token))
    assert {"labs", "exercises"} <= {one["name"] for one in contents["content"]}
    with pytest.raises(urllib.error.HTTPError, match="403"):
        get(f"{base}/api/contents")
    news = json.loads(get(f"{base}/lab/api/settings/{NOTIFICATIONS}", token))
    assert news["schema"]["properties"]["fetchNews"]["default"] == "false"
    server = lab.server_pid()
    command = Path(f"/proc/{server}/cmdline").read_text()
    assert token not in command
    environment = Path(f"/proc/{server}/environ").read_text().split("\0")
    assert f"LABKIT_COURSE={root}" in environment
    assert "127.0.0.1" in command
    lab.process.send_signal(signal.SIGINT)
    said = lab.end()
    assert lab.process.returncode == 0
    assert f"The course is in {root}" in said
    assert "There is no browser here: copy this address" in said
    assert "Press Ctrl-C" in said
    assert has_gone(server)


def test_the_server_ends_even_when_labkit_is_killed(lab: Running) -> None:
    lab.url()
    server = lab.server_pid()
    lab.process.kill()
    wait_until(lambda: has_gone(server), timeout_s=15, what="the end of JupyterLab")


def test_a_port_that_is_taken_gives_way_to_the_next(root: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Server(root, port=port) as server:
            address = server.wait_until_ready()
            assert address.port != port
            assert "labkit" not in address.url("labs/a b.ipynb").partition("?")[0]
            assert address.url("labs/a b.ipynb").startswith(
                f"http://127.0.0.1:{address.port}/lab/tree/labs/a%20b.ipynb?token="
            )


def test_a_server_that_does_not_start_says_why(root: Path) -> None:
    says = r"cannot start JupyterLab: .*\n→ Its log is in"
    with (
        Server(root, options=["--ServerApp.port=nonsense"]) as server,
        pytest.raises(SystemFault, match=says),
    ):
        server.wait_until_ready()


def test_without_jupyterlab_it_says_how_to_get_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Blocked, match=r"not installed.*\n→ .*pip install jupyterlab"):
        Server(root).start()
    result = invoke("lab", "--no-browser")
    assert result.exit_code == 2
    assert "pip install jupyterlab" in result.stderr


def test_the_course_around_is_the_one_that_opens(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(root.rglob("*"))
    monkeypatch.chdir(root / "labs/00-first-box")
    assert place_course(None).root == root
    monkeypatch.chdir(root.parent)
    assert place_course(root).root == root
    monkeypatch.setenv("LABKIT_COURSE", str(root))
    assert place_course(None).root == root
    assert sorted(root.rglob("*")) == before  # it is opened as it is, whoever made it


def test_elsewhere_the_course_is_laid_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = write_course(tmp_path / "shipped")
    for place in ("labkit.course.find", "labkit.course.layout"):
        monkeypatch.setattr(f"{place}.shipped_folder", lambda: shipped)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert place_course(None).root == empty / "labkit-course"
    assert "Laid out the course in" in capsys.readouterr().out
    monkeypatch.chdir(empty / "labkit-course/labs")
    assert place_course(None).root == empty / "labkit-course"  # the second time it is found
    assert capsys.readouterr().out == ""
    monkeypatch.chdir(empty)
    assert place_course(Path("other")).root == empty / "other"
    (empty / "other/labs/00-first-box/lab.py").write_text("# mine\n")
    (shipped / "labs/00-first-box/lab.py").write_text("# a new version\n")
    place_course(Path("other"))
    assert "lab.new.py" in capsys.readouterr().out
    assert (empty / "other/labs/00-first-box/lab.py").read_text() == "# mine\n"


def test_a_file_is_no_place_for_a_course(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = invoke("lab", str(tmp_path / "file"))
    assert result.exit_code == 2


def test_a_browser_needs_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_browser()
    monkeypatch.setenv("BROWSER", "/bin/true")
    assert has_browser()


def test_the_browser_gets_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/address.new\n'
                       f"mv {tmp_path}/address.new {tmp_path}/address\n")  # fmt: skip
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    _open("http://127.0.0.1:1/lab?token=abc")
    wait_until((tmp_path / "address").exists, what="the browser")
    assert (tmp_path / "address").read_text() == "http://127.0.0.1:1/lab?token=abc\n"


@pytest.mark.parametrize(("moved", "order"), [
    ("00-start-here", ["machine", "address"]),
    ("02-namespaces", ["address", "machine"]),
])  # fmt: skip
def test_only_who_needs_the_machine_waits_for_it(
    root: Path, monkeypatch: pytest.MonkeyPatch, moved: str, order: list[str]
) -> None:
    (root / "labs/00-start-here").mkdir()
    (root / "labs/00-start-here/lab.ipynb").write_text("{}")
    done: list[str] = []
    found = Found((Moved(moved),))
    monkeypatch.setattr("labkit.cli.lab._end_on_signals", lambda: None)
    monkeypatch.setattr("labkit.cli.lab._say_health", lambda: found)
    monkeypatch.setattr("labkit.cli.lab._say_address", lambda *_, **__: done.append("address"))
    monkeypatch.setattr("labkit.cli.machine.prepare", lambda: done.append("machine"))
    monkeypatch.setattr("labkit.cli.server.Server.wait_until_ready", lambda _: None)
    monkeypatch.setattr("labkit.cli.server.Server.wait", lambda _: 0)
    said = invoke("lab", str(root))
    assert (said.exit_code, done) == (0, order), said.output


@dataclass(frozen=True)
class Moved:
    """A topic in a machine of its own."""

    name: str


@dataclass(frozen=True)
class Found:
    """What the doctor would say of this machine."""

    moved: tuple[Moved, ...]
