"""The functions that Kubernetes adds to the language, to the checker and to the evaluator."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import pytest
from cel_expr_python import cel

from labkit.cluster.embedded.apiserver.cel.functions.everything import FUNCTIONS
from labkit.cluster.embedded.apiserver.cel.language import BadExpression, Environment, Failed


@cache
def environment(*, is_checking: bool) -> Environment:
    return Environment({"self": cel.Type.DYN}, FUNCTIONS, is_checking=is_checking)


def value(text: str, self: Any = None) -> Any:
    environment(is_checking=True).compile(text)  # which is what a definition must pass first
    return environment(is_checking=False).compile(text).evaluate({"self": self})


TRUE = """
!format.dns1123Label().validate('a-b').hasValue() && format.dns1123Label().validate('A').hasValue()
format.dns1123Subdomain().validate('a.b') == optional.none() && format.dns1123SubdomainPrefix().validate('a.b-') == optional.none()
format.dns1035Label().validate('1a').value()[0].startsWith('a DNS-1035 label must') && !format.dns1035LabelPrefix().validate('a-').hasValue()
format.qualifiedName().validate('a/b/c').hasValue() && !format.qualifiedName().validate('a.b/c').hasValue() && !format.labelValue().validate('').hasValue()
format.uri().validate('x').value() == ['parse "x": invalid URI for request'] && !format.uri().validate('https://a/b').hasValue()
format.uuid().validate('x').value() == ['does not match the UUID format'] && format.byte().validate('!').value() == ['invalid base64']
format.date().validate('2020-13-01').value() == ['invalid date'] && format.datetime().validate('x').orValue(['y']) == ['invalid datetime']
format.named('dns1123Label') == optional.of(format.dns1123Label()) && !format.named('x').hasValue()
!format.named('uuid').value().validate('123e4567-e89b-12d3-a456-426614174000').hasValue()
format.uri().validate('a)"(').hasValue() && ['x', 'y'].all(e, format.dns1123Label().validate(e + ')').hasValue())
string(ip('0:0::1')) == '::1' && string(cidr('10.0.0.0/8')) == '10.0.0.0/8' && string(1) == '1'
[1, 2, 2].isSorted() && !['b', 'a'].isSorted() && ![timestamp('2021-01-01T00:00:00Z'), timestamp('2020-01-01T00:00:00Z')].isSorted()
[1, 2].sum() == 3 && [1.5, 2.0].sum() == 3.5 && [].sum() == 0
[duration('1s'), duration('2s')].sum() == duration('3s')
['a', 'c', 'b'].max() == 'c' && [3, 1].min() == 1
[timestamp('2020-01-01T00:00:00Z')].max() == timestamp('2020-01-01T00:00:00Z')
['a', 'b', 'a'].indexOf('a') == 0 && ['a', 'b', 'a'].lastIndexOf('a') == 2 && ['a'].indexOf('x') == -1
[1, 2, 3].slice(1, 2) == [2] && [[1], [2]].flatten() == [1, 2] && [1, 1].distinct() == [1]
'tacocat'.charAt(3) == 'o' && 'abc'.charAt(3) == ''
'hello'.indexOf('l') == 2 && 'hello'.lastIndexOf('l') == 3 && 'hello'.indexOf('l', 3) == 3
['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab'
'TacoCät'.lowerAscii() == 'tacocät' && 'tacoCät'.upperAscii() == 'TACOCäT'
'hello hello'.replace('he', 'we', 1) == 'wello hello' && 'hello'.replace('l', '') == 'heo'
'a,b,c'.split(',') == ['a', 'b', 'c'] && 'a,b,c'.split(',', 2) == ['a', 'b,c'] && 'ab'.split('') == ['a', 'b']
'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && '  a\\t'.trim() == 'a'
'%s has %d%% of %.2f'.format(['x', 5, 1.5]) == 'x has 5% of 1.50' && '%x'.format([255]) == 'ff'
'%s'.format([[1, 'a', true, null]]) == '[1, a, true, null]'
'abc 123'.find('[0-9]+') == '123' && 'abc'.find('[0-9]') == '' && '1 2 3'.findAll('[0-9]', 2) == ['1', '2']
quantity('1Gi') == quantity('1024Mi') && quantity('500m').isLessThan(quantity('1')) && isQuantity('2k') && !isQuantity('x')
quantity('1').add(quantity('2')).sub(1).asInteger() == 2 && quantity('1500m').asApproximateFloat() == 1.5
!quantity('1500m').isInteger() && quantity('2').compareTo(quantity('1')) == 1 && quantity('-1').sign() == -1
ip('::1').family() == 6 && ip('127.0.0.1').isLoopback() && !isIP('1.2.3.04') && ip.isCanonical('127.0.0.1')
cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR(cidr('10.1.0.0/16')) && !isCIDR('10.0.0.0')
cidr('10.0.0.1/8').masked() == cidr('10.0.0.0/8') && cidr('10.0.0.1/8').ip() == ip('10.0.0.1') && cidr('::/64').prefixLength() == 64
url('https://u:p@example.com:80/a b?k=1&k=2').getHost() == 'example.com:80' && url('https://[::1]:80/').getHostname() == '::1'
url('https://example.com/a b').getEscapedPath() == '/a%20b' && url('/p?k=1&k=2').getQuery()['k'] == ['1', '2'] && !isURL('a.b')
semver('1.2.3').isLessThan(semver('1.10.0')) && semver('1.0.0-rc.1').isLessThan(semver('1.0.0')) && semver('v1', true).major() == 1
!isSemver('1.2') && isSemver('1.2', true) && semver('1.2.3').patch() == 3
sets.contains([1, 2], [1])
{'a': 1, 'b': 2}.all(k, v, k != '' && v > 0) && [1, 2].transformList(i, v, v * i) == [0, 2]
optional.of(1).orValue(2) == 1 && self.?a.?b.orValue('none') == 'none'
"""  # noqa: E501


@pytest.mark.parametrize("text", TRUE.strip().splitlines())
def test_functions_give_what_they_give_in_kubernetes(text: str) -> None:
    assert value(text, {}) is True


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[].max() == 1", "max called on empty list"),
        ("'a'.charAt(2) == ''", "index out of range: 2"),
        ("'a'.find('(') == ''", "Illegal regex: error parsing regexp: missing closing ): `(`"),
        ("quantity('1500m').asInteger() == 1", "cannot convert value to integer"),
        ("semver('1').major() == 1", "No Major.Minor.Patch elements found"),
        ("self.a == 1", "no such key: a"),
        ("self.l[3] == 1", "index out of bounds: 3"),
        ("1 / self.zero == 1", "division by zero"),
        ("self.zero > 'a'", "no such overload"),
        ("9223372036854775807 + 1 == 0", "integer overflow"),
    ],
)
def test_what_has_no_value_says_why_in_gos_words(text: str, why: str) -> None:
    with pytest.raises(Failed) as error:
        value(text, {"l": [1], "zero": 0})
    assert str(error.value) == why


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "foo",
            "ERROR: <input>:1:1: undeclared reference to 'foo' (in container '')\n | foo\n | ^",
        ),
        ("1 + 'a'", "found no matching overload for '_+_' applied to '(int, string)'"),
        ("quantity('1').isLessThan(2)", "applied to 'kubernetes.Quantity.(int)'"),
        ("[1].sum() > 'a'", "found no matching overload for '_>_' applied to '(int, string)'"),
        ("1 +", "Syntax error: mismatched input '<EOF>' expecting"),
        ("'a'.isSorted()", "found no matching overload for 'isSorted' applied to 'string.()'"),
    ],
)
def test_what_does_not_compile_says_where(text: str, why: str) -> None:
    with pytest.raises(BadExpression) as error:
        value(text)
    assert why in str(error.value)


def test_a_rule_that_runs_away_is_stopped() -> None:
    before = time.process_time()
    with pytest.raises(Failed) as error:
        value("self.all(a, self.all(b, self.all(c, self.all(d, a + b + c + d >= 0))))", [1] * 1000)
    assert error.value.is_over_budget
    assert str(error.value) == "operation cancelled: actual cost limit exceeded"
    assert time.process_time() - before < 20  # it would be hours
