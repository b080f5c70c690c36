"""Control groups as a notebook shows them: compared with the kernel's own files."""

from __future__ import annotations

import pytest

from labkit.core.errors import NotFound
from labkit.jupyter.groups import cgconfig, cgroups, timeline
from labkit.jupyter.pictures import live
from labkit.sandbox.cgconfig import CannotRead
from labkit.sandbox.groups import Cgroup, Recorder

SLID = {"memory.max": ("64M", "1G"), "pids.max": (10, 100), "cpu.max": (0.1, 2)}

OLD = """
mount { memory = /cgroup/memory; }
group lab/web {
    memory { memory.limit_in_bytes = 96M; memory.swappiness = 0; }
    cpu { cpu.shares = 1024; }
}
"""


@pytest.mark.requires("limits")
def test_a_group_shows_its_limits_and_those_below() -> None:
    with Cgroup.create("shown") as group, Cgroup.create("shown/below") as below:
        group["memory.max"] = "64M"
        below["pids.max"] = 20
        for target in (group, group.path):
            text = cgroups(target).text
            assert "64 MiB" in text
            assert "below" in text and "20" in text


@pytest.mark.requires("limits")
def test_the_last_stop_of_a_slider_takes_the_limit_off_the_group_itself() -> None:
    """Asked by what the kernel does: a group without a limit of its own has that of nobody."""
    with Cgroup.create("slid", ("memory", "pids", "cpu")) as group:
        unlimited = {name: group[name] for name in SLID}
        for name, (low, _) in SLID.items():
            group[name] = low if name != "cpu.max" else "10000 100000"
        widget = live(cgroups, group, sliders=SLID)
        for slider in widget.sliders:
            assert group[slider["id"]] != unlimited[slider["id"]]
            widget.receive({"seq": 1, "slide": slider["id"], "at": len(slider["stops"]) - 1})
            assert widget.error == {}
        assert {name: group[name] for name in SLID} == unlimited
        assert all(value.split()[0] == "max" for value in unlimited.values())


def test_a_group_that_is_not_there_is_named() -> None:
    with pytest.raises(NotFound, match="no-such-group"):
        cgroups("/no-such-group")


@pytest.mark.requires("limits")
def test_what_was_recorded_is_shown_and_a_group_is_recorded_for_it() -> None:
    with Cgroup.create("recorded") as group:
        with Recorder(group, every_s=0.02) as recorder:
            group["memory.max"] = "64M"
        for target in (recorder, recorder.timeline):
            assert "memory.max: from no li" in timeline(target).text
        assert "looks" in timeline(group, for_s=0.05).text


def test_a_configuration_stands_beside_its_translation_and_nothing_is_lost() -> None:
    shown = cgconfig(OLD)
    row = next(line for line in shown.plain.splitlines() if "group lab/web" in line)
    assert row.count("group lab/web") == 1
    assert "memory.limit_in_bytes = 96M" in shown.plain
    assert "memory.max = 96M" in shown.plain and "cpu.weight = 100" in shown.plain
    assert "memory.swappiness = 0: v2 has one for the whole machine" in shown.plain
    assert "\n\n" not in shown.markdown.strip(), "an empty line ends a table of Markdown's"


def test_a_configuration_is_quoted_and_one_that_cannot_be_read_says_where() -> None:
    hostile = 'group "<b>x" { memory { memory.limit_in_bytes = 1M; } }'
    assert "<b>" not in cgconfig(hostile).markdown
    with pytest.raises(CannotRead, match="line 1"):
        cgconfig("group {")
