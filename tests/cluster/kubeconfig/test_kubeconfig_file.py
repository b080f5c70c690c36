"""Kubeconfigs, written: ours so that kubectl reads them, somebody else's without harm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from labkit.cluster import kubeconfig_file
from labkit.cluster.kubeconfig import Kubeconfig, kubeconfig_for, read_kubeconfig
from labkit.cluster.kubeconfig_file import add_context, remove_context, write_kubeconfig
from labkit.core.errors import BadInput, NotFound, SystemFault, TimedOut
from tests.cluster.kubeconfig.kubeconfigs import (
    OURS,
    SOMEBODY,
    by_name,
    kubectl,
    seen_by_kubectl,
)


@pytest.mark.requires("kubectl")
def test_kubectl_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config"
    write_kubeconfig(path, OURS)
    assert path.stat().st_mode & 0o777 == 0o600
    assert seen_by_kubectl(str(path)) == by_name(OURS.as_document())
    assert read_kubeconfig(path) == OURS
    done = kubectl("current-context", config=str(path))
    assert done.stdout == "lab\n"


def test_a_file_of_our_own_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    write_kubeconfig(path, OURS)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(SystemFault, match="No space left"):
        write_kubeconfig(path, Kubeconfig())
    assert [found.name for found in tmp_path.iterdir()] == ["config"]
    assert path.read_bytes() == before


def fail(_: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_context_is_added_and_nothing_else_is_changed(school: Path) -> None:
    add_context(school, OURS)
    text = school.read_text()
    for part in ("kept: 012", "no: 'yes'", '- name: "bob"', "{token: '012'}", "{colors: true}"):
        assert part in text  # as it was written: not 10, not "yes" without its quotes
    assert "when-of-somebody: 2020-01-01T10:00:00Z\n" in text
    assert text.startswith("apiVersion: v1")  # comments are lost
    before, after = yaml.safe_load(SOMEBODY), yaml.safe_load(text)
    for section in ("clusters", "users", "contexts"):
        assert after[section][: len(before[section])] == before[section]
        assert [item["name"] for item in after[section][len(before[section]) :]] == ["lab"]
    rest = set(before) - {"clusters", "users", "contexts"}
    assert {name: after[name] for name in rest} == {name: before[name] for name in rest}
    assert school.stat().st_mode & 0o777 == 0o640


@pytest.mark.requires("kubectl")
def test_kubectl_sees_the_old_and_the_new(school: Path) -> None:
    before = seen_by_kubectl(str(school))
    add_context(school, OURS, make_current=True)
    after = seen_by_kubectl(str(school))
    assert after["current-context"] == "lab"
    ours = by_name(OURS.as_document())
    for section in ("clusters", "users", "contexts"):
        assert after[section] == before[section] | ours[section]
    remove_context(school, "lab")
    assert seen_by_kubectl(str(school)) == before | {"current-context": ""}


def test_adding_and_removing_leaves_what_was_there(school: Path) -> None:
    before = yaml.safe_load(SOMEBODY)
    add_context(school, OURS)
    remove_context(school, "lab")
    assert yaml.safe_load(school.read_text()) == before
    assert list(yaml.safe_load(school.read_text())) == list(before)


def test_a_name_that_is_there_is_replaced_only_on_request(school: Path) -> None:
    add_context(school, OURS)
    text = school.read_text()
    other = kubeconfig_for("lab", "https://127.0.0.1:9", authority=b"new", token="t")
    with pytest.raises(BadInput, match="has cluster 'lab' already"):
        add_context(school, other)
    assert school.read_text() == text
    add_context(school, other, replace=True)
    found = read_kubeconfig(school)
    assert found.access("lab").server == "https://127.0.0.1:9"
    assert found.users["lab"] == {"token": "t"}
    assert found.current_context == "school"


def test_what_other_contexts_use_stays(school: Path) -> None:
    add_context(school, OURS)
    shared = {"also": {"cluster": "lab", "user": "bob"}}
    add_context(school, Kubeconfig(contexts=shared))
    remove_context(school, "lab")
    found = read_kubeconfig(school)
    assert "lab" in found.clusters
    assert "lab" not in found.users
    remove_context(school, "school")
    found = read_kubeconfig(school)
    assert {"ann", "bob"} <= set(found.users)  # bear another name: not ours to remove
    assert found.current_context == ""


def test_a_context_that_is_not_there_cannot_be_removed(school: Path) -> None:
    before = school.read_bytes()
    with pytest.raises(NotFound, match="Did you mean school"):
        remove_context(school, "scholl")
    assert school.read_bytes() == before


@pytest.mark.parametrize("text", [None, "", "# nothing yet\n", "clusters: null\n", "{}\n"])
def test_a_context_may_be_the_first_of_a_file(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / ".kube" / "config"
    if text is not None:
        path.parent.mkdir()
        path.write_text(text)
    add_context(path, OURS, make_current=True)
    assert read_kubeconfig(path) == OURS
    if text is None:
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_kubeconfig_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("- shopping\n- list\n")
    with pytest.raises(BadInput, match="not a mapping"):
        add_context(path, OURS)
    assert path.read_text() == "- shopping\n- list\n"
    assert [found.name for found in tmp_path.iterdir()] == ["config"]


def test_a_link_stays_a_link(school: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(school)
    add_context(link, OURS)
    assert link.is_symlink()
    assert "lab" in read_kubeconfig(school).contexts


def test_a_file_that_kubectl_changes_is_waited_for(
    school: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = school.with_name("config.lock")
    lock.touch()
    monkeypatch.setattr(kubeconfig_file, "LOCK_WAIT_S", 0.01)
    with pytest.raises(TimedOut, match=r"config\.lock is there"):
        add_context(school, OURS)
    assert lock.exists()
    monkeypatch.setattr(kubeconfig_file, "LOCK_WAIT_S", 60)
    monkeypatch.setattr(kubeconfig_file.time, "sleep", lambda _: lock.unlink())
    add_context(school, OURS)
    assert not lock.exists()


@pytest.mark.requires("kubectl")
def test_kubectl_heeds_the_same_lock(school: Path) -> None:
    school.with_name("config.lock").touch()
    done = kubectl("use-context", "school", config=str(school))
    assert "config.lock" in done.stderr
    school.with_name("config.lock").unlink()
    assert kubectl("use-context", "school", config=str(school)).returncode == 0
