"""Memory runs out: before a machine starts one hears which to close; after, of what it ended."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkit.core.errors import SystemFault
from labkit.machine.memory import Left, _cache_bytes, memory_left, require_memory
from labkit.machine.running import Running, running_machines
from labkit.sandbox import cgroups
from labkit.sandbox.limits import writes_of
from tests.machine.notebooks import Notebook
from tests.support.wait import wait_until

Open = Callable[..., Notebook]

MB = 1 << 20


class Group:
    """A memory cgroup of the test's own, and of whatever is started with ``enter``."""

    def __init__(self) -> None:
        self.place = cgroups.find_places()["memory"]
        self.folder = f"{self.place.base}/labkit-test-{secrets.token_hex(4)}"
        cgroups.create(self.folder)

    def enter(self) -> None:
        cgroups.write(f"{self.folder}/cgroup.procs", "0")

    def leave_room(self, room_bytes: int) -> None:
        """Limits it to what is used now, without the cache of files, and this much more."""
        here = self.place._replace(base=self.folder)
        _, used = cgroups.read_limit(here, self.folder, "memory.max")
        limit = used - _cache_bytes(here) + room_bytes
        writes = writes_of({"memory.max": limit}, {"memory": self.place})
        cgroups.set_limits({"memory": self.folder}, writes)


@pytest.fixture
def group() -> Iterator[Group]:
    made = Group()
    yield made
    cgroups.remove(made.folder)


@pytest.mark.requires("root", "limits", "program:qemu-system-x86_64")
def test_where_there_is_no_memory_for_one_more_the_notebook_to_close_is_named(
    open_notebook: Open, group: Group
) -> None:
    first = open_notebook("00-start-here.ipynb", enter=group.enter)
    group.leave_room(140 * MB)
    second = open_notebook(enter=group.enter)
    said = second.run("1")
    assert said.startswith("NoMachine: cannot start another machine: ")
    assert f"{group.folder} allows, and it takes 160 MB" in said
    assert "→ Close the machine of 00-start-here.ipynb, which uses " in said
    assert "Kernel → Shut Down Kernel" in said and "`labkit machine list`" in said
    assert first.run("print('unharmed')") == "unharmed\n"
    first.end()
    second.restart()
    assert second.run("print('now')") == "now\n"


@pytest.mark.requires("root", "limits", "program:qemu-system-x86_64")
def test_a_machine_that_linux_ended_for_want_of_memory_says_so(
    open_notebook: Open, group: Group
) -> None:
    notebook = open_notebook(enter=group.enter)
    (machine,) = running_machines()
    group.leave_room(100 * MB)
    said = notebook.run("x = bytearray(600 << 20)")
    assert said.startswith("MachineEnded: this computer had run out of memory, and QEMU was killed")
    wait_until(lambda: not machine.session.exists())


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize(
    ("free", "used", "left"),
    [(900, 700, Left(350 * MB, 1000 * MB, "{group}")), (200, 700, Left(200 * MB))],
)
def test_what_is_left_is_the_least_that_anything_around_this_process_leaves(
    tmp_path: Path, version: int, free: int, used: int, left: Left
) -> None:
    group = tmp_path / "cgroup/user/me"
    group.mkdir(parents=True)
    (tmp_path / "self").mkdir()
    (tmp_path / "meminfo").write_text(f"MemTotal: 9 kB\nMemAvailable: {free * 1024} kB\n")
    kind, options = ("cgroup", "rw,memory") if version == 1 else ("cgroup2", "rw")
    mount = f"30 20 0:26 / /cgroup rw shared:4 - {kind} none {options}\n"
    (tmp_path / "self/mountinfo").write_text(mount)
    (tmp_path / "self/cgroup").write_text(f"{'4:memory' if version == 1 else '0:'}:/user/me\n")
    limit, current, prefix = (
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
        if version == 1
        else ("memory.max", "memory.current", "")
    )
    no_limit = str(0x7FFFFFFFFFFFF000) if version == 1 else "max"
    for folder, size in ((group.parent, no_limit), (group, str(1000 * MB))):
        (folder / limit).write_text(f"{size}\n")
        (folder / current).write_text(f"{used * MB}\n")
        cache = f"{prefix}active_file {40 * MB}\n{prefix}inactive_file {10 * MB}\n"
        (folder / "memory.stat").write_text(f"anon 1\n{cache}")
    found = memory_left(str(tmp_path), str(tmp_path))
    assert found == Left(left.size, left.limit, left.group.format(group=group))


class _Machine(Running):
    def memory_bytes(self) -> int:
        return self.pid * MB


def _machine(notebook: str, used_mb: int) -> Running:
    return _Machine(Path("/run/x"), f"/home/me/{notebook}", "", "/home/me", "/course", used_mb)


@pytest.mark.parametrize(
    ("machines", "hint"),
    [
        ([], "No notebook has a machine of its own now: close other programs"),
        ([("a.ipynb", 200)], "Close the machine of a.ipynb, which uses 200 MB: in JupyterLab"),
        ([("a.ipynb", 200), ("b.ipynb", 300)], "b.ipynb, which uses 300 MB, the most of 2: in"),
    ],
)
def test_the_largest_machine_is_the_one_to_close(
    machines: list[tuple[str, int]], hint: str
) -> None:
    running = [_machine(*one) for one in machines]
    with pytest.raises(SystemFault) as caught:
        require_memory(160 * MB, lambda: Left(90 * MB), lambda: running)
    assert caught.value.why == "90 MB of memory are free, and it takes 160 MB"
    assert hint in caught.value.hint
    require_memory(160 * MB, lambda: Left(160 * MB), lambda: running)
