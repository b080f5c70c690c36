from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import SystemFault
from labkit.machine.layers.unpack import merged, open_up, unpack
from tests.machine.layers.debs import make_deb

needs_dpkg = pytest.mark.requires("program:dpkg-deb")


@needs_dpkg
def test_usr_is_merged_and_no_script_is_run(tmp_path: Path) -> None:
    deb = make_deb(
        tmp_path,
        "old",
        {
            "bin/tool": "tool",
            "lib/x/y.so": "library",
            "usr/bin/other": "other",
            "usr/bin/link": "->/bin/tool",
            "usr/share/man/man1/tool.1": "unread",
            "usr/share/doc/old/copyright": "licence",
            "usr/share/doc/old/changelog": "unread",
        },
    )
    root = tmp_path / "root"
    unpack([deb], root)
    assert {str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()} >= {
        "usr/bin/tool",
        "usr/lib/x/y.so",
        "usr/bin/other",
        "usr/share/doc/old/copyright",
    }
    assert (root / "bin").readlink() == Path("usr/bin")
    assert (root / "bin/tool").read_text() == "tool"
    assert (root / "usr/bin/link").readlink() == Path("/bin/tool")
    assert not (root / "usr/share/man/man1").exists()
    assert not (root / "usr/share/doc/old/changelog").exists()
    assert not (tmp_path / "was-run").exists()


@needs_dpkg
def test_a_link_leads_no_package_out_of_the_root(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    first = make_deb(tmp_path, "first", {"var/run": f"->{outside}"})
    second = make_deb(tmp_path, "second", {"var/run/file": "x"})
    with pytest.raises(SystemFault, match="leads out"):
        unpack([first, second], tmp_path / "root")
    assert not list(outside.iterdir())


@needs_dpkg
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_damaged_package_is_named(tmp_path: Path, part: float) -> None:
    deb = make_deb(tmp_path, "broken", {"usr/bin/tool": os.urandom(20_000).hex()})
    os.truncate(deb, int(deb.stat().st_size * part))
    with pytest.raises(SystemFault, match=r"broken\.deb"):
        unpack([deb], tmp_path / "root")


@needs_dpkg
def test_the_umask_of_the_maker_does_not_matter(tmp_path: Path) -> None:
    deb = make_deb(tmp_path, "a", {"usr/deep/er/file": "x"})
    old = os.umask(0o077)
    try:
        unpack([deb], tmp_path / "root")
        (tmp_path / "made").mkdir()
        (tmp_path / "made/program").touch(0o700)
        open_up(tmp_path / "made")
    finally:
        os.umask(old)
    for folder in ("root", "root/usr/lib", "root/usr/deep/er", "made"):
        assert (tmp_path / folder).stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "root/usr/deep/er/file").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "made/program").stat().st_mode & 0o777 == 0o755


@given(st.text("ab./-"))
def test_a_members_name_stays_below_the_root(name: str) -> None:
    try:
        path = merged(name)
    except SystemFault:
        assert ".." in name
    else:
        assert not path.startswith("/")
        assert ".." not in path.split("/")
