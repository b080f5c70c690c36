from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.selectors import (
    BadSelector,
    FieldRequirement,
    FieldSelector,
    LabelSelector,
    Requirement,
    from_label_selector,
    from_labels,
    parse_fields,
    parse_labels,
)

NAME_SHAPE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an"
    " alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for"
    " validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE_SHAPE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.',"
    " and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or"
    " '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("a=b", "a=b"),
        ("a==b", "a==b"),
        (" x = y , a != b ", "a!=b,x=y"),
        ("x in (b,a)", "x in (a,b)"),
        ("x notin (a)", "x notin (a)"),
        ("x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z notin ()"),
        ("x in (,)", "x in ()"),
        ("x in (,,a,)", "x in (,a)"),
        ("!a,b", "!a,b"),
        ("a=", "a="),
        ("a=,b", "a=,b"),
        ("a>5,a<7", "a>5,a<7"),
        ("in in (in,notin)", "in in (in,notin)"),
        ("app.kubernetes.io/name=web", "app.kubernetes.io/name=web"),
        ("\tx\n=\r\ny", "x=y"),
    ],
)
def test_a_label_selector_is_read_as_kubernetes_reads_it(text: str, written: str) -> None:
    assert str(parse_labels(text)) == written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"),
        ("a==!b", "unable to parse requirement: found '!', expected: identifier"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in", "unable to parse requirement: found '' expected: '('"),
        ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
        ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        ("a in (b,,)", "unable to parse requirement: found ')', expected: ',', or identifier"),
        ("a in (b,=", "unable to parse requirement: found '=', expected: ',', or identifier"),
        (
            "a_=b",
            f'unable to parse requirement: <nil>: Invalid value: "a_": name part {NAME_SHAPE}',
        ),
        (
            "/a=b",
            'unable to parse requirement: <nil>: Invalid value: "/a":'
            " prefix part must be non-empty",
        ),
        (
            "a=-b",
            f'unable to parse requirement: values[0][a]: Invalid value: "-b": {VALUE_SHAPE}',
        ),
        (
            f"a={'b' * 64}",
            f'unable to parse requirement: values[0][a]: Invalid value: "{"b" * 64}":'
            " must be no more than 63 bytes",
        ),
        (
            "a>b",
            'unable to parse requirement: values[0]: Invalid value: "b":'
            " for 'Gt', 'Lt' operators, the value must be an integer",
        ),
        (
            "a in (-b,c,-d)",
            "unable to parse requirement: ["
            f'values[0][a]: Invalid value: "-b": {VALUE_SHAPE},'
            f' values[1][a]: Invalid value: "-d": {VALUE_SHAPE}]',
        ),
    ],
)
def test_a_label_selector_that_is_none_is_refused_in_kubernetes_words(
    text: str, message: str
) -> None:
    with pytest.raises(BadSelector, match=f"^{re.escape(message)}$"):
        parse_labels(text)


@pytest.mark.parametrize("key", ["a/b/c", "UPPER/a", "a/", "a/b_", f"{'a' * 254}/b", "é"])
def test_keys_that_no_label_can_have_are_refused(key: str) -> None:
    with pytest.raises(BadSelector, match="unable to parse requirement: <nil>: Invalid value"):
        parse_labels(f"{key}=b")


NAMES = st.from_regex(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,6}[A-Za-z0-9])?", fullmatch=True)
KEYS = st.builds(
    lambda prefix, name: f"{prefix}/{name}" if prefix else name,
    st.sampled_from(["", "", "example.com", "k8s.io"]),
    NAMES | st.sampled_from(["in", "notin", "exists"]),
)
VALUES = st.just("") | NAMES


@st.composite
def label_requirements(draw: st.DrawFn) -> Requirement:
    operator = draw(st.sampled_from(["=", "==", "!=", "in", "notin", "exists", "!", "gt", "lt"]))
    counts = {"exists": (0, 0), "!": (0, 0), "in": (1, 4), "notin": (1, 4)}
    least, most = counts.get(operator, (1, 1))
    values = st.integers(0, 9).map(str) if operator in ("gt", "lt") else VALUES
    drawn = draw(st.lists(values, min_size=least, max_size=most, unique=True))
    return Requirement(draw(KEYS), operator, tuple(sorted(drawn)))


@given(st.lists(label_requirements(), max_size=5))
def test_a_written_label_selector_reads_back_the_same(needs: list[Requirement]) -> None:
    selector = LabelSelector(tuple(sorted(needs, key=lambda need: need.key)))
    assert parse_labels(str(selector)) == selector


def naive(need: Requirement, labels: dict[str, str]) -> bool:
    """What the operators mean, said another way."""
    has, value = need.key in labels, labels.get(need.key, "")
    is_number = value.isdecimal()
    return {
        "=": has and [value] == list(need.values),
        "==": has and [value] == list(need.values),
        "!=": not (has and [value] == list(need.values)),
        "in": has and value in need.values,
        "notin": not has or value not in need.values,
        "exists": has,
        "!": not has,
        "gt": has and is_number and int(value) > int("".join(need.values) or 0)
        if need.operator == "gt"
        else False,
        "lt": has and is_number and int(value) < int("".join(need.values) or 0)
        if need.operator == "lt"
        else False,
    }[need.operator]


FEW = st.sampled_from(["a", "b", "c"])
FEW_VALUES = st.sampled_from(["", "x", "y", "3", "7"])


@st.composite
def few_requirements(draw: st.DrawFn) -> Requirement:
    need = draw(label_requirements())
    values = need.values
    if values and need.operator not in ("gt", "lt"):
        values = tuple(draw(FEW_VALUES) for _ in values)
    return Requirement(draw(FEW), need.operator, values)


@given(st.lists(few_requirements(), max_size=3), st.dictionaries(FEW, FEW_VALUES))
def test_labels_match_when_every_requirement_does(
    needs: list[Requirement], labels: dict[str, str]
) -> None:
    selector = LabelSelector(tuple(needs))
    assert selector.matches(labels) == all(naive(need, labels) for need in needs)


@given(st.lists(few_requirements(), max_size=3), st.dictionaries(FEW, FEW_VALUES))
def test_whatever_is_selected_has_the_equalities(
    needs: list[Requirement], labels: dict[str, str]
) -> None:
    selector = LabelSelector(tuple(needs))
    if selector.matches(labels):
        assert selector.equalities.items() <= labels.items()


def test_numbers_are_compared_while_64_bits_hold_them() -> None:
    most = 2**63 - 1
    assert parse_labels(f"a<{most}").matches({"a": str(most - 1)})
    assert not parse_labels("a<5").matches({"a": "four"})
    with pytest.raises(BadSelector, match="the value must be an integer"):
        parse_labels(f"a>{most + 1}")


def test_equalities_are_those_an_index_can_answer() -> None:
    selector = parse_labels("a=1,b==2,c in (3),d in (4,5),e!=6,f,!g,h>1")
    assert selector.equalities == {"a": "1", "b": "2", "c": "3"}


@given(st.text(alphabet="ab=!()<>, in/-", max_size=12))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        selector = parse_labels(text)
    except BadSelector:
        return
    assert parse_labels(str(selector)) == selector


LABEL_SELECTOR: dict[str, Any] = {
    "matchLabels": {"b": "2", "a": "1"},
    "matchExpressions": [
        {"key": "tier", "operator": "In", "values": ["front", "back"]},
        {"key": "env", "operator": "NotIn", "values": ["dev"]},
        {"key": "release", "operator": "Exists"},
        {"key": "canary", "operator": "DoesNotExist"},
    ],
}


def test_a_label_selector_object_says_the_same_as_its_text() -> None:
    selector = from_label_selector(LABEL_SELECTOR)
    assert str(selector) == "a=1,b=2,!canary,env notin (dev),release,tier in (back,front)"
    labels = {"a": "1", "b": "2", "tier": "front", "release": "x"}
    assert selector.matches(labels)
    assert not selector.matches(labels | {"canary": ""})


def test_no_label_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not from_label_selector(None).matches({})
    assert not from_label_selector(None).is_everything
    assert from_label_selector({}).matches({"a": "b"})
    assert from_label_selector({}).is_everything
    assert from_labels(None).is_everything
    assert str(from_labels({"b": "2", "a": "1"})) == "a=1,b=2"


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"key": "a", "operator": "Like"}, '"Like" is not a valid label selector operator'),
        ({"key": "a", "operator": "In"}, "for 'in', 'notin' operators, values set can't be empty"),
        (
            {"key": "a", "operator": "Exists", "values": ["b"]},
            "values set must be empty for exists and does not exist",
        ),
        (
            {"key": "", "operator": "Exists"},
            f'key: Invalid value: "": name part must be non-empty; name part {NAME_SHAPE}',
        ),
    ],
)
def test_a_label_selector_object_that_is_none_is_refused(
    expression: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadSelector, match=f"{re.escape(message)}$"):
        from_label_selector({"matchExpressions": [expression]})


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", ""),
        ("a=b", "a=b"),
        ("a==b", "a=b"),
        ("b!=c,a=b", "a=b,b!=c"),
        (",a=b,", "a=b"),
        ("a=", "a="),
        (r"a=x\,y\=z\\", r"a=x\,y\=z\\"),
        ("metadata.name=web-1", "metadata.name=web-1"),
    ],
)
def test_a_field_selector_is_read_as_kubernetes_reads_it(text: str, written: str) -> None:
    assert str(parse_fields(text)) == written


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        (r"a=\b", r"invalid field selector: invalid escape sequence: \b"),
        ("a=b\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_a_field_selector_that_is_none_is_refused_in_kubernetes_words(
    text: str, message: str
) -> None:
    with pytest.raises(BadSelector, match=f"^{re.escape(message)}$"):
        parse_fields(text)


FIELD_NAMES = st.sampled_from(["metadata.name", "status.phase", "spec.nodeName"])
FIELD_NEEDS = st.builds(
    FieldRequirement, FIELD_NAMES, st.sampled_from(["=", "!="]), st.text(max_size=6)
)


@given(st.lists(FIELD_NEEDS, max_size=4))
def test_a_written_field_selector_reads_back_the_same(needs: list[FieldRequirement]) -> None:
    selector = FieldSelector(tuple(sorted(needs, key=str)))
    assert parse_fields(str(selector)) == selector


@given(
    st.lists(st.tuples(FIELD_NAMES, st.booleans(), FEW_VALUES), max_size=3),
    st.dictionaries(FIELD_NAMES, FEW_VALUES),
)
def test_fields_match_when_every_requirement_does(
    needs: list[tuple[str, bool, str]], fields: dict[str, str]
) -> None:
    text = ",".join(f"{name}{'=' if equal else '!='}{value}" for name, equal, value in needs)
    expected = all((fields.get(name, "") == value) is equal for name, equal, value in needs)
    assert parse_fields(text).matches(fields) == expected


def test_a_field_that_is_not_there_is_empty() -> None:
    assert parse_fields("spec.nodeName=").matches({})
    assert not parse_fields("spec.nodeName!=").matches({})
    assert parse_fields("a=1,b!=2").equalities == {"a": "1"}
