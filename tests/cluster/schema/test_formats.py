"""Formats of strings, held against what a real server takes.

Recorded from one (apiextensions-apiserver 0.36.4), which was sent every text in every format.
"""

from __future__ import annotations

import pytest

from labkit.cluster.embedded.schema.limits import has_format

TEXTS = [
    "",
    "a",
    "1",
    "a b",
    "YQ==",
    "2020-01-01",
    "2020-13-01",
    "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00.5+01:00",
    "http://a/b",
    "/x",
    "a@b.c",
    "a.b-c",
    "1.2.3.4",
    "01.2.3.4",
    "::1",
    "1.2.3.0/24",
    "1.2.3.4/24",
    "00:11:22:33:44:55",
    "0011.2233.4455",
    "123e4567-e89b-12d3-a456-426614174000",
    "123e4567-e89b-42d3-a456-426614174000",
    "9780306406157",
    "0306406152",
    "4111111111111111",
    "111-11-1111",
    "#fff",
    "#ffff",
    "rgb(1,2,3)",
    "1h",
    "1h30m",
    "1 day",
    "1d",
    "507f1f77bcf86cd799439011",
    "A@b",
    "x" * 70,
]
TAKEN: dict[str, list[str]] = {
    "bsonobjectid": ["507f1f77bcf86cd799439011"],
    "uuid3": [],
    "uuid4": ["123e4567-e89b-42d3-a456-426614174000"],
    "uuid5": [],
    "isbn": ["9780306406157", "0306406152"],
    "isbn10": ["0306406152"],
    "isbn13": ["9780306406157"],
    "creditcard": ["4111111111111111"],
    "ssn": ["111-11-1111"],
    "hexcolor": ["#fff"],
    "rgbcolor": ["rgb(1,2,3)"],
    "hostname": [
        "a",
        "1",
        "YQ==",
        "9780306406157",
        "0306406152",
        "4111111111111111",
        "1h",
        "1h30m",
        "1d",
        "507f1f77bcf86cd799439011",
    ],
    "byte": ["YQ==", "4111111111111111", "507f1f77bcf86cd799439011"],
    "ipv4": ["1.2.3.4", "01.2.3.4"],
    "mac": ["00:11:22:33:44:55", "0011.2233.4455"],
    "duration": [
        "123e4567-e89b-12d3-a456-426614174000",
        "123e4567-e89b-42d3-a456-426614174000",
        "1h",
        "1h30m",
        "1 day",
        "1d",
    ],
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_format_takes_what_a_real_server_takes_and_no_more(name: str) -> None:
    assert [text for text in TEXTS if has_format(name, text)] == TAKEN[name]
