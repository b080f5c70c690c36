"""A learner's values are the same everywhere, and independent of each other."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.grading import Variant, between, one_of

BIRDS = ("blue-heron", "red-kite", "wren", "swift")
VARIANT = Variant(hostname=one_of(*BIRDS), memory_mib=one_of(32, 48, 64), pids=between(12, 30))

names = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
choices = st.one_of(
    st.lists(st.integers(), min_size=2, unique=True).map(lambda values: one_of(*values)),
    st.tuples(st.integers(-99, 99), st.integers(1, 99)).map(lambda p: between(p[0], p[0] + p[1])),
)


def test_values_are_pinned() -> None:
    # What learners have been given must never change: not by a new Python, not by a rewrite.
    assert VARIANT.values("ada", "what-is-a-container") == {
        "hostname": "wren",
        "memory_mib": 32,
        "pids": 28,
    }


def test_a_value_is_the_remainder_of_the_digest() -> None:
    digest = hashlib.sha256(b"3:ada1:t4:pids").digest()
    assert VARIANT.values("ada", "t")["pids"] == 12 + int.from_bytes(digest, "big") % 19


def test_another_process_with_another_hash_seed_draws_the_same() -> None:
    code = (
        "from labkit.grading import *\n"
        f"v = Variant(hostname=one_of(*{BIRDS!r}), memory_mib=one_of(32, 48, 64),"
        " pids=between(12, 30))\n"
        "print(v.values('ada', 'what-is-a-container'))"
    )
    env = os.environ | {"PYTHONHASHSEED": "77"}
    argv = [sys.executable, "-c", code]
    out = subprocess.run(argv, env=env, capture_output=True, text=True, check=True, timeout=30)
    assert out.stdout.strip() == str(VARIANT.values("ada", "what-is-a-container"))


@settings(deadline=None, database=None)
@given(st.dictionaries(names, choices, min_size=1), names, choices, st.text(), st.text())
def test_a_name_added_changes_no_other(
    known: dict[str, Any], name: str, choice: Any, seed: str, topic: str
) -> None:
    before = Variant(**known).values(seed, topic)
    after = Variant(**{name: choice} | known).values(seed, topic)
    assert {key: after[key] for key in before} == before


@settings(deadline=None, database=None)
@given(st.text(), st.text())
def test_values_stay_within_what_the_author_allowed(seed: str, topic: str) -> None:
    values = VARIANT.values(seed, topic)
    assert values["hostname"] in BIRDS
    assert values["memory_mib"] in (32, 48, 64)
    assert 12 <= values["pids"] <= 30


def test_all_choices_are_drawn_and_names_draw_independently() -> None:
    variant = Variant(a=one_of(0, 1, 2, 3), b=one_of(0, 1, 2, 3))
    drawn = Counter(tuple(variant.values(str(n), "t").values()) for n in range(1600))
    assert len(drawn) == 16
    assert min(drawn.values()) > 50  # 100 expected; a dependence leaves pairs out


def test_topics_draw_independently() -> None:
    values = [VARIANT.values("ada", f"topic-{n}")["hostname"] for n in range(40)]
    assert set(values) == set(BIRDS)


def test_parts_that_run_together_alike_draw_differently() -> None:
    wide = Variant(n=between(0, 10**9))
    assert wide.values("a", "bc") != wide.values("ab", "c")


@pytest.mark.parametrize(
    "make",
    [
        one_of,
        lambda: one_of("a"),
        lambda: one_of("a", "a"),
        lambda: one_of("a", None),
        lambda: one_of(True, False),
        lambda: between(3, 3),
        lambda: between(1, 2.5),
        lambda: Variant(a="b"),
    ],
)
def test_what_gives_no_choice_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(BadInput):
        make()
