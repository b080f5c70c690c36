"""The ordinary user of the tests has no right beyond an ordinary user's."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.as_user import OrdinaryUser, is_for_everyone


def test_the_user_has_a_number_of_its_own_no_groups_and_no_capabilities(user: OrdinaryUser) -> None:
    status = user.run(["cat", "/proc/self/status"]).stdout
    fields = dict(line.split(":", 1) for line in status.splitlines())
    assert set(fields["Uid"].split()) == {str(user.uid)}
    assert user.uid != 0
    assert int(fields["CapEff"], 16) == 0
    if os.geteuid() == 0:
        assert fields["Groups"].split() == []


def test_the_user_may_not_write_what_is_ours(user: OrdinaryUser, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    ours = tmp_path / "ours"
    ours.touch()
    done = user.run(["sh", "-c", f"echo mine >{ours}"])
    assert (done.returncode != 0) == (os.geteuid() == 0)


def test_the_user_works_in_folders_of_its_own(user: OrdinaryUser) -> None:
    code = "import labkit.core.paths as p; print(p.data_dir(), p.runtime_dir())"
    done = user.python(code)
    assert done.stdout.split() == [f"{user.folder}/labkit", f"{user.folder}/labkit/run"], (
        done.stderr
    )
    assert (user.folder / "labkit").stat().st_uid == user.uid


def test_a_program_below_a_closed_folder_is_not_for_everyone(tmp_path: Path) -> None:
    assert is_for_everyone(Path("/bin/sh"))
    (tmp_path / "closed").mkdir(mode=0o700)
    (tmp_path / "closed" / "sh").symlink_to("/bin/sh")
    assert not is_for_everyone(tmp_path / "closed" / "sh")
