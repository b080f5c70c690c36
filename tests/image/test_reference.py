from __future__ import annotations

import pytest

from labkit.core.errors import BadInput
from labkit.image.reference import full, short


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("base", "base:latest"),
        ("hello:2", "hello:2"),
        ("team/web-app:V1.0_rc", "team/web-app:V1.0_rc"),
        ("a.b_c__d--e/f", "a.b_c__d--e/f:latest"),
        ("localhost:5000/hello", "localhost:5000/hello:latest"),
        ("localhost:5000/hello:3", "localhost:5000/hello:3"),
        ("registry.example.org/team/x", "registry.example.org/team/x:latest"),
        ("0", "0:latest"),
    ],
)
def test_a_name_without_a_tag_means_latest(written: str, meant: str) -> None:
    assert full(written) == meant


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "empty"),
        (":2", "empty"),
        ("hello/", "ends with a slash"),
        ("/hello", "begins with a slash"),
        ("a//b", "two slashes"),
        ("hello\n", "line break"),
        ("hello\nworld:1", "line break"),
        ("Hello", "upper-case"),
        ("team/Hello", "upper-case"),
        ("hello world", "space"),
        ("hello:", "tag is empty"),
        ("hello:a b", "a tag has"),
        ("hello:ä", "a tag has"),
        ("hello:.x", "a tag has"),
        ("hello:" + "x" * 129, "a tag has"),
        ("x" * 256, "longer than 255"),
        ("hello@sha256:" + "0" * 64, "digest"),
        ("-hello", "a name has"),
        ("he..llo", "a name has"),
        ("../etc/passwd", "a name has"),
        ("héllo", "a name has"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(written: str, why: str) -> None:
    with pytest.raises(BadInput, match="is not a name for an image") as caught:
        full(written)
    assert why in caught.value.why


def test_people_see_names_without_latest() -> None:
    assert [short("base:latest"), short("hello:2")] == ["base", "hello:2"]
