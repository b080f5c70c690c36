"""Every picture of the samples, by name; and what a picture is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from defusedxml import ElementTree

from labkit.views import (
    Picture,
    anatomy_view,
    card_view,
    comparison_view,
    group_tree_view,
    map_view,
    namespace_map_view,
    network_view,
    timeline_view,
    tree_view,
    walls_view,
    xray_view,
)
from labkit.views.picture import SANITISE
from tests.views import mapsamples, samples

SVG = "{http://www.w3.org/2000/svg}"

DRAW: dict[str, Callable[[], Picture]] = {
    "xray": lambda: xray_view(samples.both_sides()),
    "xray, much shared": lambda: xray_view(samples.both_sides("pid", "uts", "net", "time")),
    "anatomy": lambda: anatomy_view(samples.anatomy()),
    "tree": lambda: tree_view(samples.family()),
    "namespaces": lambda: namespace_map_view(mapsamples.few_processes()),
    "namespaces, shared and kept": lambda: namespace_map_view(mapsamples.pod()),
    "network, a pair": lambda: network_view(mapsamples.two_namespaces()),
    "network, a bridge": lambda: network_view(mapsamples.bridged()),
    "network, a router": lambda: network_view(mapsamples.router()),
    "groups": lambda: group_tree_view(mapsamples.three_groups()),
    "timeline, memory": lambda: timeline_view(mapsamples.memory_timeline()),
    "timeline, CPU": lambda: timeline_view(mapsamples.cpu_timeline()),
    "map": lambda: map_view(samples.course()),
    "card, not yet": lambda: card_view(samples.not_yet()),
    "card, passed": lambda: card_view(samples.passed()),
    "card, blocked": lambda: card_view(samples.blocked()),
    "walls": lambda: walls_view({"yours": samples.walls("root"), "labkit's": samples.walls()}),
    "comparison": lambda: comparison_view(samples.comparison()),
}


def prepared() -> dict[str, Callable[[], Picture]]:
    """Pictures of whole machines; each look at the machine has been taken."""
    processes = mapsamples.many_processes()
    network = mapsamples.bridged(40, others=200)
    groups = mapsamples.many_groups()
    return {
        "namespaces of 500 processes": lambda: namespace_map_view(processes),
        "network of 40 sandboxes": lambda: network_view(network),
        "groups, 100 of them": lambda: group_tree_view(groups),
    }


LARGE = prepared()


def sanitised(picture: Picture) -> dict[str, str]:
    """The forms of a picture without what differs from run to run, as nbval does it."""
    return {kind: sanitise(form) for kind, form in picture._repr_mimebundle_().items()}


def sanitise(text: str) -> str:
    for expression in SANITISE:
        text = re.sub(expression, "V", text)
    return text


@dataclass(frozen=True)
class Written:
    """A text of a picture, and where it stands."""

    words: str
    x: float
    y: float
    size: float
    anchor: str
    is_mono: bool
    is_bold: bool


def written(picture: Picture) -> Iterator[Written]:
    for node in ElementTree.fromstring(picture.svg).iter(f"{SVG}text"):
        words = node.text or ""
        for child in node:
            words += (child.text or "") * (child.tag != f"{SVG}title") + (child.tail or "")
        yield Written(
            words,
            float(node.attrib["x"]),
            float(node.attrib["y"]),
            float(node.attrib["font-size"]),
            node.attrib.get("text-anchor", "start"),
            node.attrib.get("font-family") == "monospace",
            "font-weight" in node.attrib,
        )
