"""From v1 to v2 and back: what means the same, and what is left out, with a reason."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.sandbox.cgconfig import (
    ONLY_V1,
    ONLY_V2,
    TABLE,
    Config,
    Translation,
    parse,
    to_v1,
    to_v2,
    write,
)


def one_group(controller: str, settings: str) -> Config:
    return parse(f'group a {{ "{controller}" {{ {settings} }} }}')


def said(translation: Translation) -> str:
    return re.sub(r"\s+", " ", write(translation.config)).strip()


@pytest.mark.parametrize(
    ("v1", "first", "v2", "second"),
    [
        ("cpu", "cpu.shares = 1024;", "cpu", "cpu.weight = 100;"),
        ("cpu", "cpu.shares = 2;", "cpu", "cpu.weight = 1;"),
        ("cpu", "cpu.shares = 262144;", "cpu", "cpu.weight = 10000;"),
        ("cpu", "cpu.cfs_period_us = 50000; cpu.cfs_quota_us = 20000;",
         "cpu", 'cpu.max = "20000 50000";'),
        ("cpu", "cpu.cfs_period_us = 100000; cpu.cfs_quota_us = -1;",
         "cpu", 'cpu.max = "max 100000";'),
        ("memory", "memory.limit_in_bytes = 64M;", "memory", "memory.max = 64M;"),
        ("memory", "memory.limit_in_bytes = -1;", "memory", "memory.max = max;"),
        ("memory", "memory.memsw.limit_in_bytes = 100; memory.limit_in_bytes = 60;",
         "memory", "memory.swap.max = 40; memory.max = 60;"),
        ("memory", "memory.memsw.limit_in_bytes = -1;", "memory", "memory.swap.max = max;"),
        ("pids", "pids.max = max;", "pids", "pids.max = max;"),
        ("blkio", "blkio.weight = 10;", "io", "io.weight = 1;"),
        ("blkio", "blkio.weight = 1000;", "io", "io.weight = 10000;"),
        ("blkio", 'blkio.throttle.read_bps_device = "8:0 1048576"; '
         'blkio.throttle.write_iops_device = "8:0 0";',
         "io", 'io.max = "8:0 rbps=1048576 wiops=max";'),
        ("freezer", "freezer.state = FROZEN;", "cgroup", "cgroup.freeze = 1;"),
        ("cpuset", "cpuset.cpus = 0-1;", "cpuset", "cpuset.cpus = 0-1;"),
        ("hugetlb", "hugetlb.2MB.limit_in_bytes = 4M;", "hugetlb", "hugetlb.2MB.max = 4M;"),
    ],
)  # fmt: skip
def test_both_say_the_same(v1: str, first: str, v2: str, second: str) -> None:
    assert to_v2(one_group(v1, first)) == Translation(one_group(v2, second), ())
    assert to_v1(one_group(v2, second)) == Translation(one_group(v1, first), ())


def test_what_has_no_equivalent_is_left_out_with_the_reason() -> None:
    config = parse("""
        group web {
            net_cls { net_cls.classid = 1; }
            memory { memory.swappiness = 10; memory.limit_in_bytes = 64M; }
            devices { }
        }
    """)
    done = to_v2(config)
    assert said(done) == "group web { memory { memory.max = 64M; } }"
    assert [(one.group, one.what) for one in done.left_out] == [
        ("web", "net_cls"),
        ("web", "memory.swappiness = 10"),
        ("web", "devices"),
    ]
    assert "vm.swappiness" in done.left_out[1].why
    assert done.left_out[1].setting is not None
    assert done.left_out[1].setting.place.line == 4


def test_a_group_that_is_in_no_hierarchy_any_more_goes() -> None:
    done = to_v2(parse("mount { net_cls = /c; } group a { net_cls { } }"))
    assert done.config == Config()
    assert len(done.left_out) == 1


@pytest.mark.parametrize(
    ("version", "config", "why"),
    [
        (2, one_group("cpu", "cpu.shares = many;"), "'many' is no value of it"),
        (2, one_group("memory", "memory.memsw.limit_in_bytes = 9;"), "cannot be told"),
        (2, one_group("blkio", "blkio.throttle.read_bps_device = fast;"), "such as 8:0 1048576"),
        (2, one_group("freezer", "freezer.state = FREEZING;"), "no value"),
        (2, one_group("cpu", "cpu.nonsense = 1;"), "the other version has none"),
        (1, one_group("memory", "memory.high = 1G;"), "slows down before it kills"),
        (1, one_group("memory", "memory.swap.max = 1G;"), "memory has no limit"),
        (1, one_group("io", 'io.max = "8:0 fast=1";'), "'fast=1' is no limit of io.max"),
        (1, one_group("cgroup", "cgroup.max.depth = 3;"), "v1 has none"),
    ],
)
def test_a_value_that_the_other_cannot_have_is_left_out(
    version: int, config: Config, why: str
) -> None:
    done = {1: to_v1, 2: to_v2}[version](config)
    (left,) = done.left_out
    assert why in left.why
    assert not any(one.settings for group in done.config.groups for one in group.controllers)


@given(st.integers(1, 10_000))
def test_a_weight_comes_back_nearly_as_it_went(weight: int) -> None:
    for rule, near in (("cpu.weight", 0.02), ("io.weight", 0.12)):
        (one,) = (one for one in TABLE if one.v2 == rule)
        back = one.to_v2(one.to_v1(str(weight)) or "")
        assert abs(int(back or 0) - weight) <= 11 + near * weight


@given(st.integers(2, 262_144), st.integers(2, 262_144))
def test_more_shares_are_never_less_weight(one: int, other: int) -> None:
    (rule,) = (rule for rule in TABLE if rule.v1 == "cpu.shares")
    few, many = sorted((one, other))
    assert int(rule.to_v2(str(few)) or 0) <= int(rule.to_v2(str(many)) or 0)


def test_nothing_is_in_the_table_and_among_what_has_no_equivalent() -> None:
    assert not {one.v1 for one in TABLE} & ONLY_V1.keys()
    assert not {one.v2 for one in TABLE} & ONLY_V2.keys()
