from __future__ import annotations

from typing import Any

import pytest

from .printing import meta, printed, shown

COLUMNS = ("Type", "Cluster-IP", "External-IP", "Port(s)")
TCP = {"port": 8888, "protocol": "TCP"}


def balanced(*ingress: dict[str, str]) -> dict[str, Any]:
    return {"loadBalancer": {"ingress": list(ingress)}}


@pytest.mark.parametrize(
    ("spec", "status", "cells"),
    [
        (
            {"type": "ClusterIP", "clusterIPs": ["10.9.8.7", "fd00::1"], "ports": [TCP]},
            {},
            ["ClusterIP", "10.9.8.7", "<none>", "8888/TCP"],
        ),
        (
            {"type": "ClusterIP", "clusterIP": "None", "ports": []},
            {},
            ["ClusterIP", "None", "<none>", "<none>"],
        ),
        (
            {"type": "ClusterIP", "clusterIP": "10.9.8.7", "externalIPs": ["1.2.3.4", "5.6.7.8"]},
            {},
            ["ClusterIP", "10.9.8.7", "1.2.3.4,5.6.7.8", "<none>"],
        ),
        (
            {
                "type": "NodePort",
                "clusterIP": "10.9.8.7",
                "ports": [TCP | {"nodePort": 30999}, {"port": 53, "protocol": "UDP"}],
            },
            {},
            ["NodePort", "10.9.8.7", "<none>", "8888:30999/TCP,53/UDP"],
        ),
        (
            {"type": "LoadBalancer", "clusterIP": "10.9.8.7", "ports": [TCP]},
            {},
            ["LoadBalancer", "10.9.8.7", "<pending>", "8888/TCP"],
        ),
        (
            {"type": "LoadBalancer", "clusterIP": "10.9.8.7", "externalIPs": ["80.11.12.10"]},
            balanced(
                {"ip": "3.4.5.6", "hostname": "ignored"}, {"hostname": "b"}, {"ip": "2.3.4.5"}
            ),
            ["LoadBalancer", "10.9.8.7", "2.3.4.5,3.4.5.6,b,80.11.12.10", "<none>"],
        ),
        (
            {"type": "ExternalName", "externalName": "my.database.example.com"},
            {},
            ["ExternalName", "<none>", "my.database.example.com", "<none>"],
        ),
        ({}, {}, ["", "<none>", "<unknown>", "<none>"]),
    ],
)
def test_a_service_says_where_it_can_be_reached(
    spec: dict[str, Any], status: dict[str, Any], cells: list[str]
) -> None:
    assert shown("services", *COLUMNS, spec=spec, status=status) == cells


def test_a_service_shows_what_it_selects() -> None:
    assert printed("services", spec={"selector": {"b": "2", "a": "1"}})["Selector"] == "a=1,b=2"
    assert printed("services")["Selector"] == "<none>"


def addresses(*ips: str) -> list[dict[str, str]]:
    return [{"ip": ip} for ip in ips]


@pytest.mark.parametrize(
    ("subsets", "text"),
    [
        (None, "<none>"),
        ([], "<none>"),
        ([{"addresses": addresses("1.2.3.4"), "ports": [{"port": 80}]}], "1.2.3.4:80"),
        ([{"addresses": addresses("fd00::1"), "ports": [{"port": 80}]}], "[fd00::1]:80"),
        ([{"addresses": addresses("1.2.3.4", "5.6.7.8")}], "1.2.3.4,5.6.7.8"),
        (
            [{"addresses": addresses("a", "b"), "ports": [{"port": 1}, {"port": 2}, {"port": 3}]}],
            "a:1,b:1,a:2 + 3 more...",
        ),
        ([{"notReadyAddresses": addresses("a"), "ports": [{"port": 1}]}], ""),
    ],
)
def test_endpoints_are_addresses_with_ports(
    subsets: list[dict[str, Any]] | None, text: str
) -> None:
    assert printed("endpoints", subsets=subsets)["Endpoints"] == text


@pytest.mark.parametrize(
    ("parts", "cells"),
    [
        ({}, ["<unset>", "<unset>"]),
        ({"ports": [{"name": "http"}, {}, {"port": 80}]}, ["http,*,80", "<unset>"]),
        ({"endpoints": [{"addresses": ["a", "b"]}, {"addresses": ["c"]}]}, ["<unset>", "a,b,c"]),
        (
            {
                "ports": [{"port": n} for n in range(80, 84)],
                "endpoints": [{"addresses": [f"10.0.0.{n}"]} for n in range(5)],
            },
            ["80,81,82 + 1 more...", "10.0.0.0,10.0.0.1,10.0.0.2 + 2 more..."],
        ),
    ],
)
def test_a_slice_shows_the_first_three(parts: dict[str, Any], cells: list[str]) -> None:
    resource = "endpointslices.discovery.k8s.io"
    assert shown(resource, "Ports", "Endpoints", addressType="IPv4", **parts) == cells


def rules(*hosts: str) -> dict[str, Any]:
    return {"rules": [{"host": host} if host else {} for host in hosts]}


@pytest.mark.parametrize(
    ("spec", "cells"),
    [
        ({}, ["<none>", "*", "80"]),
        (rules(""), ["<none>", "*", "80"]),
        ({"ingressClassName": "nginx"} | rules("a", "b"), ["nginx", "a,b", "80"]),
        (rules("a", "b", "c"), ["<none>", "a,b,c", "80"]),
        (rules("a", "", "b", "c", "d"), ["<none>", "a,b,c + 2 more...", "80"]),
        ({"tls": [{"hosts": ["a"]}]} | rules("a"), ["<none>", "a", "80, 443"]),
    ],
)
def test_an_ingress_shows_its_hosts(spec: dict[str, Any], cells: list[str]) -> None:
    columns = ("Class", "Hosts", "Ports")
    assert shown("ingresses.networking.k8s.io", *columns, spec=spec) == cells


def test_an_ingress_shows_its_addresses_whole() -> None:
    status = balanced({"hostname": "a.very.long.name.example.com"}, {"ip": "10.0.0.1"})
    row = printed("ingresses.networking.k8s.io", status=status)
    assert row["Address"] == "10.0.0.1,a.very.long.name.example.com"


def test_the_default_ingress_class_says_so() -> None:
    resource, columns = "ingressclasses.networking.k8s.io", ("Name", "Controller", "Parameters")
    spec: dict[str, Any] = {"controller": "example.com/nginx"}
    assert shown(resource, *columns, spec=spec) == ["x", "example.com/nginx", "<none>"]
    spec["parameters"] = {"kind": "Params", "apiGroup": "example.com", "name": "p"}
    metadata = meta(annotations={"ingressclass.kubernetes.io/is-default-class": "true"})
    assert shown(resource, *columns, spec=spec, metadata=metadata) == [
        *("x (default)", "example.com/nginx", "Params.example.com/p")
    ]
    spec["parameters"] = {"kind": "ConfigMap", "name": "p"}
    assert printed(resource, spec=spec)["Parameters"] == "ConfigMap/p"


@pytest.mark.parametrize(
    ("selector", "text"),
    [({}, "<none>"), ({"matchLabels": {"app": "db"}}, "app=db")],
)
def test_a_network_policy_shows_its_pods(selector: dict[str, Any], text: str) -> None:
    row = printed("networkpolicies.networking.k8s.io", spec={"podSelector": selector})
    assert row["Pod-Selector"] == text


def test_service_networks() -> None:
    row = printed("servicecidrs.networking.k8s.io", spec={"cidrs": ["10.96.0.0/12", "fd00::/108"]})
    assert row["CIDRs"] == "10.96.0.0/12,fd00::/108"
