"""What a name may be, and the words for what it may not. The words are from apimachinery."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

import pytest

from labkit.cluster.embedded.apiserver.kinds import names

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
    "must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
    r"validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
LABEL_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    "regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
QUALIFIED = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
    "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
KEY = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name', "
    " or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
)


@pytest.mark.parametrize(
    ("check", "value", "wrong"),
    [
        (names.dns1123_label, "web-1", []),
        (names.dns1123_label, "Web", [LABEL]),
        (names.dns1123_label, "", [LABEL]),
        (names.dns1123_label, "a.b", ["must not contain dots"]),
        (names.dns1123_label, "a" * 64, ["must be no more than 63 characters"]),
        (names.dns1123_label, "web\n", [LABEL]),
        (names.dns1123_subdomain, "a.b-c.d", []),
        (names.dns1123_subdomain, "web_1", [SUBDOMAIN]),
        (names.dns1123_subdomain, "a..b", [SUBDOMAIN]),
        (names.dns1123_subdomain, "a" * 254, ["must be no more than 253 characters"]),
        (names.dns1035_label, "a1", []),
        (names.dns1035_label, "1a", [LABEL_1035]),
        (names.qualified_name, "app.example.com/Name_1", []),
        (names.qualified_name, "a/b/c", [
            f"a valid label key {QUALIFIED} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')"]),
        (names.qualified_name, "/b", ["prefix part must be non-empty"]),
        (names.qualified_name, "A/b", [f"prefix part {SUBDOMAIN}"]),
        (names.qualified_name, "", ["name part must be non-empty", f"name part {QUALIFIED}"]),
        (names.qualified_name, "a" * 64, ["name part must be no more than 63 bytes"]),
        (names.label_value, "", []),
        (names.label_value, "a b", [VALUE]),
        (names.label_value, "-a", [VALUE]),
        (names.path_segment, "system:node", []),
        (names.path_segment, "..", ["may not be '..'"]),
        (names.path_segment, "a/b%", ["may not contain '/'", "may not contain '%'"]),
        (names.config_key, "..a", ["must not start with '..'"]),
        (names.config_key, "..", ["must not be '..'"]),
        (names.config_key, "a b", [KEY]),
        (names.env_var_name, "my var!", []),
        (names.env_var_name, "a=b", [
            "a valid environment variable name must consist only of printable ASCII characters "
            "other than '='"]),
        (names.port_name, "http", []),
        (names.port_name, "very-long-port-name", ["must be no more than 15 characters"]),
        (names.port_name, "80", ["must contain at least one letter (a-z)"]),
        (names.port_name, "a--b", ["must not contain consecutive hyphens"]),
        (names.port_name, "-a", ["must not begin or end with a hyphen"]),
        (names.port_name, "HTTP", [
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
            "must contain at least one letter (a-z)"]),
        (names.ip_address, "10.0.0.1", []),
        (names.ip_address, "10.0.0", [
            "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]),
        (names.cidr, "10.0.0.0/8", []),
        (names.cidr, "10.0.0.0", [
            "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]),
        (names.wildcard_dns1123_subdomain, "*.example.com", []),
    ],
)  # fmt: skip
def test_each_rule_has_its_words(check: names.Check, value: str, wrong: list[str]) -> None:
    assert list(check(value)) == wrong


@pytest.mark.parametrize(
    ("generate_name", "seen"), [("web-", "wea"), ("web", "web"), ("-", "-"), ("a.-", "aa")]
)
def test_a_dash_at_the_end_of_a_prefix_is_no_fault(generate_name: str, seen: str) -> None:
    assert names.as_prefix(generate_name) == seen
