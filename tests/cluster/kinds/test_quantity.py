"""Quantities: what they are worth, and the one form in which they are written."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.kinds.quantity import BadQuantity, canonical, parse

# From apimachinery pkg/api/resource/quantity_test.go, and what `kubectl get -o yaml` shows.
CANONICAL = {
    "0": "0", "0Ki": "0", "-0": "0", "0.0": "0", "00": "0", "0e3": "0",
    "1": "1", "1000m": "1", "0.5": "500m", ".5": "500m", "5.": "5", "1500m": "1500m", "0.1": "100m",
    "100m": "100m", "2.500": "2500m", "010": "10", "+5": "5", "-5": "-5", "-1500m": "-1500m",
    "1k": "1k", "1000": "1k", "1500": "1500", "1000k": "1M", "1M": "1M", "0.001M": "1k", "1E": "1E",
    "12000": "12k", "123456": "123456", "1000000000": "1G",
    "1Ki": "1Ki", "1024": "1024", "1024Ki": "1Mi", "1024Mi": "1Gi", "1.5Gi": "1536Mi",
    "1.0Mi": "1Mi",
    "2048Mi": "2Gi", "512Mi": "512Mi", "0.5Ki": "512", "0.5Mi": "512Ki", "1000Ki": "1000Ki",
    "1.1Ki": "1126400m", "3000Mi": "3000Mi", "1Ei": "1Ei", "1025Ki": "1025Ki",
    "1e3": "1e3", "1E3": "1e3", "12e6": "12e6", "100e6": "100e6", "1.5e3": "1500", "1e-3": "1e-3",
    "1e0": "1", "10e2": "1e3",
    "1u": "1u", "1n": "1n", "0.1n": "1n", "1000n": "1u", "1.01n": "2n",
    "9223372036854775807": "9223372036854775807", "8Ei": "9223372036854775807",
}  # fmt: skip


@pytest.mark.parametrize(("written", "form"), CANONICAL.items())
def test_each_quantity_has_one_form(written: str, form: str) -> None:
    assert str(parse(written)) == form
    assert str(parse(form)) == form


def test_a_resource_list_knows_no_less_than_a_thousandth() -> None:
    assert [canonical(one) for one in ("1n", "1.5m", "1000m", "1024Mi", 2, 0.5, None)] == [
        "1m", "2m", "1", "1Gi", "2", "500m", "0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "said"),
    [
        *(
            (one, "must match the regular")
            for one in ("", "m", ".", "1.2.3", "1 Gi", "one", "½", "--1")
        ),
        *(
            (one, "unable to parse quantity's suffix")
            for one in ("1kk", "1mi", "1e", "1e+", "1Mi3")
        ),
    ],
)
def test_what_is_no_quantity_is_refused(written: str, said: str) -> None:
    with pytest.raises(BadQuantity, match=said):
        parse(written)


SUFFIXES = {
    "n": Fraction(1, 10**9), "u": Fraction(1, 10**6), "m": Fraction(1, 1000), "": Fraction(1),
    "k": Fraction(10**3), "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12),
    "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40),
    "e3": Fraction(1000), "E-2": Fraction(1, 100),
}  # fmt: skip
WRITTEN = st.builds(
    lambda sign, whole, fraction, suffix: (sign, f"{whole}{fraction}", suffix),
    st.sampled_from(["", "-", "+"]),
    st.integers(0, 10**6),
    st.one_of(st.just(""), st.from_regex(r"\.[0-9]{1,6}", fullmatch=True)),
    st.sampled_from(sorted(SUFFIXES)),
)


def worth(sign: str, number: str, suffix: str) -> Fraction:
    """The naive model: exact, then rounded away from zero to a billionth."""
    nano = math.ceil(Fraction(number) * SUFFIXES[suffix] * 10**9)
    return Fraction(-nano if sign == "-" else nano, 10**9)


@given(WRITTEN)
def test_a_quantity_is_worth_what_a_fraction_is(written: tuple[str, str, str]) -> None:
    quantity = parse("".join(written))
    assert Fraction(quantity.nano, 10**9) == worth(*written)
    away = math.ceil if quantity.nano > 0 else math.floor
    assert quantity.value == away(worth(*written))
    assert quantity.milli == away(worth(*written) * 1000)


@given(WRITTEN)
def test_its_form_is_worth_the_same_and_stays(written: tuple[str, str, str]) -> None:
    quantity = parse("".join(written))
    form = str(quantity)
    assert parse(form) == quantity
    assert str(parse(form)) == form
    assert "." not in form


@given(WRITTEN, WRITTEN)
def test_quantities_compare_as_fractions_do(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    first, second = parse("".join(one)), parse("".join(other))
    assert (first < second) == (worth(*one) < worth(*other))
    assert (first <= second) == (worth(*one) <= worth(*other))
    assert (first == second) == (worth(*one) == worth(*other))
