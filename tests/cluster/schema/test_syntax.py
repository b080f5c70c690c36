"""What is no JSON, in the words of Go's decoder.

What is expected was recorded from a real server (apiextensions-apiserver 0.36.4), which was sent
the same documents as patches.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.schema.syntax import syntax_error

END = "unexpected end of JSON input"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", END),
        ('{"a"', END),
        ('{"a":1,', END),
        ('"abc', END),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        ("nul", "invalid character ' ' in literal null (expecting 'l')"),
        ('{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        ('{"a":01}', "invalid character '1' after object key:value pair"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        ('{"a":1}x', "invalid character 'x' after top-level value"),
        ('{"a":[1,]}', "invalid character ']' looking for beginning of value"),
        ('{"a":"\x01"}', "invalid character '\\x01' in string literal"),
        ('{"a":"\t"}', "invalid character '\\t' in string literal"),
        ('{"a":"\\x"}', "invalid character 'x' in string escape code"),
        ('{"a":"\\u12"}', "invalid character '\"' in \\u hexadecimal character escape"),
        ('{"a":-}', "invalid character '}' in numeric literal"),
        ('{"a":1.}', "invalid character '}' after decimal point in numeric literal"),
        ('{"a":1e}', "invalid character '}' in exponent of numeric literal"),
        ("\ufeff{}", "invalid character 'ï' looking for beginning of value"),
        ("[" * 20_000, "exceeded max depth"),
    ],
)
def test_the_place_where_it_ends_to_be_json_is_told(document: str, words: str) -> None:
    assert syntax_error(document.encode()) == words


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda part: st.lists(part) | st.dictionaries(st.text(), part),
)  # fmt: skip


@given(VALUES, st.sampled_from([None, 1]))
def test_of_json_nothing_is_told(value: object, indent: int | None) -> None:
    assert syntax_error(json.dumps(value, indent=indent).encode()) == ""


@given(st.text(alphabet='{}[]",:\\ truefalsn0123456789.eE+-u'))
def test_what_python_refuses_is_refused_and_the_other_way_round(text: str) -> None:
    try:
        json.loads(text, parse_constant=lambda name: name[9])
        is_json = True
    except (ValueError, IndexError):
        is_json = False
    assert (syntax_error(text.encode()) == "") == is_json
