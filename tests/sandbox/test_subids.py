"""``id_map="subids"``: an ordinary user's sandbox with the ids that /etc/subuid and subgid give.

The oracles are the kernel's own tables, and the ones that ``unshare`` gets from the same files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.as_user import OrdinaryUser, with_subordinate_ids

pytestmark = pytest.mark.requires("root", "sandbox", "program:newuidmap", "program:unshare")

FIRST, COUNT = 300_000, 65_536
GIVEN = f"{{uid}}:{FIRST}:{COUNT}\n"

START = """
from pathlib import Path
from labkit.sandbox import Sandbox
box = Sandbox(id_map="subids").start()
for name in ("uid_map", "gid_map"):
    print(*Path(f"/proc/{box.pid}/{name}").read_text().split())
"""

REFUSED = """
from labkit.core.errors import Blocked
from labkit.sandbox import Sandbox, identity
identity._read_subids = lambda path: [(700000, 5)]  # what newuidmap does not find there
for _ in range(30):
    try:
        Sandbox(id_map="subids").run(["true"])
    except Blocked as error:
        print(str(error).partition(":")[0])
"""

ANOTHER_USER = """
from pathlib import Path
from labkit.sandbox import Sandbox
volume = Path("home/volume")
volume.mkdir()
line = "app:x:1000:1000::/:/bin/sh"
become = f"echo {line} >>/etc/passwd; exec su app -c 'echo up; exec sleep 600'"
box = Sandbox(id_map="subids", volumes={volume: "/volume"}).start(["sh", "-c", become])
box.wait_for_log("up")
pid = box.pid
print(Path(f"/proc/{pid}").stat().st_uid)
done = box.exec(["sh", "-c", "touch /volume/file && chown 5:6 /volume/file && id -u"])
print(done.stdout.strip(), done.stderr)
file = (volume / "file").stat()
print(file.st_uid, file.st_gid)
box.kill()
print(Path(f"/proc/{pid}").exists())
"""


def test_the_kernels_tables_are_those_that_unshare_gets_from_the_same_files(
    user: OrdinaryUser,
) -> None:
    granted = with_subordinate_ids(user, GIVEN)
    ranges = [f"--map-{kind}={FIRST},1,{COUNT}" for kind in ("users", "groups")]
    show = "for name in uid_map gid_map; do echo $(cat /proc/self/$name); done"
    theirs = granted.run(["unshare", "--user", "--map-root-user", *ranges, "sh", "-c", show])
    assert theirs.stdout.splitlines() == [f"0 {user.uid} 1 1 {FIRST} {COUNT}"] * 2, theirs.stderr
    ours = granted.python(START)
    assert ours.stdout == theirs.stdout, ours.stderr


def test_other_users_inside_are_numbers_of_the_range_outside_and_can_be_ended(
    user: OrdinaryUser,
) -> None:
    done = with_subordinate_ids(user, GIVEN).python(ANOTHER_USER)
    owner, root, file, is_left = done.stdout.splitlines() or [done.stderr] * 4
    assert owner == str(FIRST + 999), done.stderr
    assert root.split() == ["0"]
    assert file == f"{FIRST + 4} {FIRST + 5}"
    assert is_left == "False"


def test_several_ranges_follow_each_other_inside(user: OrdinaryUser) -> None:
    lines = "learner:300000:10\n{uid}:500000:20\nlearner:300000:10\nsomebody:1:1\n{uid}:x:7\n"
    done = with_subordinate_ids(user, lines).python(START)
    expected = f"0 {user.uid} 1 1 300000 10 11 500000 20"
    assert done.stdout.splitlines() == [expected] * 2, done.stderr


def test_a_part_of_what_is_given_can_be_chosen_and_no_more(user: OrdinaryUser) -> None:
    granted = with_subordinate_ids(user, GIVEN)
    done = granted.python(_start(f"{{0: {user.uid}, 7: range(300100, 300105)}}"))
    assert done.stdout.splitlines() == [f"0 {user.uid} 1 7 300100 5"] * 2, done.stderr
    done = granted.python(_start(f"{{0: {user.uid}, 7: range({FIRST}, {FIRST + COUNT + 1})}}"))
    assert "these ids are not yours to map" in done.stderr
    assert not done.stdout


def test_without_ids_or_a_name_the_error_says_which_file_lacks_what(user: OrdinaryUser) -> None:
    done = with_subordinate_ids(user, "somebody:300000:65536\n").python(START)
    assert "/etc/subuid gives user learner none" in done.stderr
    assert "usermod --add-subuids" in done.stderr
    done = with_subordinate_ids(user, GIVEN, name="").python(START)
    assert f"/etc/passwd has none for {user.uid}" in done.stderr


def test_when_newuidmap_refuses_the_error_is_of_the_map_each_time(user: OrdinaryUser) -> None:
    """The first process ends meanwhile, for nobody lets it go on: that is no reason to tell."""
    done = with_subordinate_ids(user, GIVEN).python(REFUSED)
    assert done.stdout.splitlines() == ["these ids cannot be mapped"] * 30, done.stderr
    assert "newuidmap: uid range" in done.stderr  # its own words, where they are seen


def test_the_machines_own_files_are_as_they_were(user: OrdinaryUser) -> None:
    files = [Path("/etc") / name for name in ("passwd", "subuid", "subgid")]
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]
    done = with_subordinate_ids(user, GIVEN).run(["grep", "-c", f"^{user.uid}:", "/etc/subuid"])
    assert done.stdout == "1\n"
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before


def _start(id_map: str) -> str:
    return START.replace('"subids"', id_map)
