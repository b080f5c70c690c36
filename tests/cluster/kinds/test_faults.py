"""How a fault is worded."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds import Reason, invalid_message
from labkit.cluster.embedded.apiserver.kinds import faults as f
from labkit.cluster.embedded.apiserver.kinds.quantity import parse


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (f.required("spec.a"), "spec.a: Required value"),
        (f.required("spec.a", "must be set"), "spec.a: Required value: must be set"),
        (f.invalid("spec.a", "x", "wrong"), 'spec.a: Invalid value: "x": wrong'),
        (
            f.not_supported("a", "x", ("A", "B")),
            'a: Unsupported value: "x": supported values: "A", "B"',
        ),
        (f.duplicate("a[1].name", "x"), 'a[1].name: Duplicate value: "x"'),
        (f.not_found("a", "x"), 'a: Not found: "x"'),
        (f.forbidden("a", "not here"), "a: Forbidden: not here"),
        (f.too_long("a", 5), "a: Too long: may not be more than 5 bytes"),
        (f.too_many("a", 7, 5), "a: Too many: 7: must have at most 5 items"),
    ],
)
def test_each_reason_has_its_words(fault: f.Fault, line: str) -> None:
    assert str(fault) == line
    assert fault.body == line.partition(": ")[2]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a", '"a"'),
        ("", '""'),
        ('say "hi"\n\ttab\\', '"say \\"hi\\"\\n\\ttab\\\\"'),
        ("\x00\x7f\u200b\U000e0001é日", '"\\x00\\x7f\\u200b\\U000e0001é日"'),
        (5, "5"),
        (-1, "-1"),
        (1.0, "1"),
        (0.5, "0.5"),
        (True, "true"),
        (None, "null"),
        ([], "[]"),
        (["b", "a"], '["b","a"]'),
        ({"b": "2", "a": "<&>"}, '{"a":"\\u003c\\u0026\\u003e","b":"2"}'),
        (
            {
                "matchExpressions": [{"operator": "In", "values": ["x"], "key": "k"}],
                "matchLabels": {},
            },
            '{"matchLabels":{},"matchExpressions":[{"key":"k","operator":"In","values":["x"]}]}',
        ),
        (f.InOrder(Type="x", Be=None), '{"Type":"x","Be":null}'),
        (parse("1024Mi"), '"1Gi"'),
    ],
)
def test_a_bad_value_is_shown_as_go_shows_it(value: Any, shown: str) -> None:
    assert f.shown(value) == shown


def test_a_message_says_all_faults_each_once() -> None:
    one, other = f.required("spec.a"), f.invalid("spec.b", 5, "wrong")
    assert invalid_message("Pod", "", "x", [one]) == 'Pod "x" is invalid: spec.a: Required value'
    assert invalid_message("Deployment", "apps", "x", [one, other, one]) == (
        'Deployment.apps "x" is invalid: [spec.a: Required value, spec.b: Invalid value: 5: wrong]'
    )
    assert invalid_message("Pod", "", "x", []) == 'Pod "x" is invalid'


def test_a_reason_is_what_a_cause_says() -> None:
    assert f.required("a").reason == Reason.REQUIRED == "FieldValueRequired"
