"""What a sandbox may be asked to be, for any words and numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.sandbox import spec
from labkit.sandbox.facts import NAMESPACE_KINDS
from labkit.sandbox.limits import NAMES, SMALLEST_MEMORY, parse_limits

ANYTHING = st.one_of(
    st.text(),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(),
    st.lists(st.text()),
)


@given(ANYTHING)
def test_a_name_is_refused_or_safe_as_a_file_name(name: Any) -> None:
    try:
        parsed = spec.parse_name(name)
    except BadInput as error:
        assert repr(name) in str(error)
        return
    assert re.fullmatch(r"[A-Za-z0-9][\w.-]{0,62}", parsed, re.ASCII)
    assert Path(f"/a/labkit-{parsed}").name == f"labkit-{parsed}"


@given(st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}", fullmatch=True))
def test_every_good_name_is_taken_and_gives_a_hostname(name: str) -> None:
    assert spec.parse_name(name) == name
    hostname = spec.parse_hostname(None, name)
    assert spec.parse_hostname(hostname, name) == hostname


@given(ANYTHING)
def test_a_hostname_is_refused_or_one_for_the_kernel(hostname: Any) -> None:
    if hostname is None:
        return
    try:
        parsed = spec.parse_hostname(hostname, "x")
    except BadInput:
        return
    assert 1 <= len(parsed.encode()) <= 64
    assert not set(parsed) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")


@given(st.sampled_from(["memory.max", "pids.max"]), ANYTHING)
def test_a_limit_is_refused_or_one_that_the_kernel_counts(name: str, value: Any) -> None:
    try:
        parsed = parse_limits({name: value})[name]
    except BadInput:
        return
    assert parsed is None or (isinstance(parsed, int) and 1 <= parsed < 1 << 62)
    assert not isinstance(value, bool | float | bytes)


@given(st.sampled_from(NAMES), ANYTHING)
def test_any_limit_is_refused_or_what_the_kernels_file_takes(name: str, value: Any) -> None:
    try:
        parsed = parse_limits({name: value})[name]
    except BadInput as error:
        assert name in str(error)
        return
    assert parsed is None or re.fullmatch(r"[0-9]+( [0-9]+)?|[0-9,-]+|[^\0]+=[^\0]+", str(parsed))


@pytest.mark.parametrize(
    ("given_", "kernel"),
    [
        ("50%", "50000 100000"),
        ("0.5", "50000 100000"),
        (0.5, "50000 100000"),
        (2, "200000 100000"),
        ("150%", "150000 100000"),
        ("50000 100000", "50000 100000"),
        ("20000  40000", "20000 40000"),
        ("50000", "50000 100000"),
        ("200000", "200000 100000"),
        ("max", None),
    ],
)
def test_a_share_of_cpus_may_be_written_in_many_ways(given_: Any, kernel: str | None) -> None:
    assert parse_limits({"cpu.max": given_}) == {"cpu.max": kernel}


def test_sizes_of_io_become_bytes_and_a_device_its_number() -> None:
    parsed = parse_limits({"io.max": "8:16 rbps=1M wiops=100\n/dev/null wbps=2k riops=max"})
    assert parsed["io.max"] == "8:16 rbps=1048576 wiops=100\n1:3 wbps=2048 riops=max"


@given(st.integers(6 << 20, (1 << 62) - 1))
def test_bytes_come_back_as_they_are(size: int) -> None:
    assert parse_limits({"memory.max": size}) == {"memory.max": size}
    assert parse_limits({"memory.max": str(size)}) == {"memory.max": size}


@given(st.integers(1, 4096), st.sampled_from("MGmg"))
def test_units_are_powers_of_1024(number: int, unit: str) -> None:
    power = {"M": 2, "G": 3}[unit.upper()]
    if number * 1024**power >= SMALLEST_MEMORY:
        assert parse_limits({"memory.max": f"{number}{unit}"}) == {
            "memory.max": number * 1024**power
        }


@given(st.lists(st.sampled_from(NAMESPACE_KINDS[:-1]), max_size=9))
def test_namespaces_come_once_and_in_one_order(kinds: list[str]) -> None:
    parsed = spec.parse_namespaces(kinds)
    assert set(parsed) == set(kinds)
    assert list(parsed) == [kind for kind in spec.ALL if kind in kinds]
    assert spec.parse_namespaces(["mount", "network"]) == ("mnt", "net")


@given(st.text())
def test_a_place_for_a_volume_is_refused_or_below_the_root(target: str) -> None:
    try:
        (volume,) = spec.parse_volumes({"/": target})
    except BadInput:
        return
    assert volume.target.startswith("/")
    assert volume.target not in ("/", "//")
    assert ".." not in volume.target.split("/")
    assert volume.target.split("/")[1] not in ("", ".", "proc", "dev")


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers())))
def test_an_environment_is_refused_or_one_for_execve(env: dict[str, Any]) -> None:
    try:
        parsed = spec.parse_env(env)
    except BadInput:
        return
    for name, value in parsed.items():
        assert name
        assert "=" not in name
        assert "\0" not in name + value


@given(st.lists(st.text()))
def test_a_command_is_refused_or_one_for_execve(argv: list[str]) -> None:
    try:
        words = spec.parse_argv(argv)
    except BadInput:
        return
    assert words == argv
    assert words[0]
    assert not any("\0" in word for word in words)


def test_new_names_differ() -> None:
    assert len({spec.parse_name(None) for _ in range(100)}) == 100


def test_capabilities_go_by_either_name() -> None:
    assert spec.parse_capabilities(["CAP_KILL", "chown"], spec.ALL) == ("KILL", "CHOWN")
    assert spec.parse_capabilities(None, spec.ALL) is None
    with pytest.raises(BadInput, match="'KILL' is one word"):
        spec.parse_capabilities("KILL", spec.ALL)
