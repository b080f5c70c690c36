from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.kinds.tables import human_duration, translate_timestamp

from .printing import NOW, ago

M, H, D, Y = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1.999, "0s"),
        (0, "0s"),
        (0.999, "0s"),
        (70, "70s"),
        (2 * M - 0.001, "119s"),
        (2 * M, "2m"),
        (2 * M + 1, "2m1s"),
        (190, "3m10s"),
        (10 * M - 0.001, "9m59s"),
        (10 * M, "10m"),
        (10 * M + 1, "10m"),
        (70 * M, "70m"),
        (3 * H - 0.001, "179m"),
        (3 * H, "3h"),
        (3 * H + M, "3h1m"),
        (8 * H - 0.001, "7h59m"),
        (8 * H, "8h"),
        (8 * H + 59 * M, "8h"),
        (2 * D - 0.001, "47h"),
        (2 * D, "2d"),
        (2 * D + H, "2d1h"),
        (8 * D - 0.001, "7d23h"),
        (8 * D, "8d"),
        (8 * D + 23 * H, "8d"),
        (367 * D, "367d"),
        (2 * Y - 0.001, "729d"),
        (2 * Y, "2y"),
        (2 * Y + 23 * H + 59 * M, "2y"),
        (2 * Y + D, "2y1d"),
        (8 * Y - 0.001, "7y364d"),
        (8 * Y, "8y"),
        (9 * Y, "9y"),
    ],
)
def test_a_duration_has_the_figures_that_matter(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


@given(st.integers(0, 20 * Y))
def test_what_is_shown_is_never_more_than_what_was(seconds: int) -> None:
    units = {"s": 1, "m": M, "h": H, "d": D, "y": Y}
    told, number = 0, ""
    for character in human_duration(seconds):
        if character.isdecimal():
            number += character
        else:
            told, number = told + int(number) * units[character], ""
    assert told <= seconds
    # Two figures lose less than the unit below the last one shown.
    assert seconds - told <= max(59, seconds // 8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "<unknown>"),
        ("", "<unknown>"),
        ("0001-01-01T00:00:00Z", "<unknown>"),
        (ago(seconds=5), "5s"),
        (ago(seconds=-1), "0s"),
        (ago(minutes=-1), "<invalid>"),
        ("2026-11-27T11:59:50.250000Z", "9s"),
        ("2026-11-27T13:59:50+02:00", "10s"),
        ("yesterday", "<invalid>"),
    ],
)
def test_a_timestamp_is_how_long_ago_it_was(text: str | None, expected: str) -> None:
    assert translate_timestamp(text, NOW) == expected
