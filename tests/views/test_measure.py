"""Text fits where it is put."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labkit.views.escape import Volatile, clean
from labkit.views.measure import Room, cells, shorten_cells, text_width

ROOMS = st.builds(
    Room, st.floats(40, 700), st.sampled_from((13, 15, 23)),
    st.sampled_from(("normal", "bold", "mono")),
)  # fmt: skip


@given(st.text(), ROOMS)
def test_a_shortened_text_fits(text: str, room: Room) -> None:
    assert room.holds(room.shorten(text))


@given(st.text(), ROOMS)
def test_a_text_that_fits_is_left_alone(text: str, room: Room) -> None:
    assert not room.holds(text) or room.shorten(text) == text


@given(st.text(), ROOMS, st.integers(1, 5))
def test_wrapped_lines_fit_and_are_no_more_than_asked_for(text: str, room: Room, most: int) -> None:
    lines = room.wrap(text, most)
    assert 1 <= len(lines) <= most
    assert all(room.holds(line) for line in lines)


@given(st.text("ab \n", max_size=60))
def test_wrapping_loses_no_word(text: str) -> None:
    lines = Room(100, 15).wrap(text, 100)
    assert "".join(" ".join(lines).split()) == "".join(text.split())


def test_shortening_keeps_both_ends() -> None:
    short = shorten_cells("/sys/fs/cgroup/user.slice/labkit-web/memory.max", 24)
    assert short.startswith("/sys/fs") and short.endswith("memory.max") and cells(short) == 24


def test_a_wide_character_counts_twice_and_a_combining_one_not_at_all() -> None:
    assert (cells("漢字"), cells("e\u0301")) == (4, 1)
    assert text_width("漢", 10) > text_width("m", 10)


def test_a_text_without_end_is_dealt_with_at_once() -> None:
    assert len(Room(300, 15).shorten("x" * 10_000_000)) < 100


@given(st.text())
def test_cleaned_text_has_no_control_character_and_stays_volatile(text: str) -> None:
    shown = clean(Volatile(text))
    assert isinstance(shown, Volatile)
    assert not any(ord(character) < 32 or 0xD800 <= ord(character) < 0xE000 for character in shown)
