"""Pictures: a view is a function of a snapshot, and each picture is also text.

``xray_view``, ``anatomy_view``, ``tree_view``, ``namespace_map_view``, ``network_view``,
``group_tree_view``, ``timeline_view``, ``walls_view``, ``map_view``, ``card_view`` and
``comparison_view`` give a :class:`~labkit.views.picture.Picture`; ``live`` shows one that changes,
with buttons and sliders, ``choice`` asks a question. Knows nothing about where snapshots come from.
Names are resolved when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.views.anatomy import anatomy_view as anatomy_view
    from labkit.views.checkcard import card_view as card_view
    from labkit.views.choice_widget import choice as choice
    from labkit.views.comparison import comparison_view as comparison_view
    from labkit.views.coursemap import map_view as map_view
    from labkit.views.grouptree import group_tree_view as group_tree_view
    from labkit.views.live_widget import Action as Action
    from labkit.views.live_widget import live as live
    from labkit.views.namespacemap import namespace_map_view as namespace_map_view
    from labkit.views.networkview import network_view as network_view
    from labkit.views.picture import Picture as Picture
    from labkit.views.sidebyside import walls_view as walls_view
    from labkit.views.sliders import Slider as Slider
    from labkit.views.snapshots import Card as Card
    from labkit.views.snapshots import Comparison as Comparison
    from labkit.views.snapshots import CourseMap as CourseMap
    from labkit.views.snapshots import Route as Route
    from labkit.views.snapshots import TopicCard as TopicCard
    from labkit.views.timeline import timeline_view as timeline_view
    from labkit.views.tree import tree_view as tree_view
    from labkit.views.xray import xray_view as xray_view

_HOMES = {
    "Action": "live_widget",
    "Card": "snapshots",
    "Comparison": "snapshots",
    "CourseMap": "snapshots",
    "Picture": "picture",
    "Route": "snapshots",
    "Slider": "sliders",
    "TopicCard": "snapshots",
    "anatomy_view": "anatomy",
    "card_view": "checkcard",
    "choice": "choice_widget",
    "comparison_view": "comparison",
    "group_tree_view": "grouptree",
    "live": "live_widget",
    "map_view": "coursemap",
    "namespace_map_view": "namespacemap",
    "network_view": "networkview",
    "timeline_view": "timeline",
    "tree_view": "tree",
    "walls_view": "sidebyside",
    "xray_view": "xray",
}
"""Public name → the module that defines it."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'labkit.views' has no attribute {name!r}")
    found = getattr(import_module(f"labkit.views.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
