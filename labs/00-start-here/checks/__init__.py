"""The checks of topic 00, a module for each task.

Each looks at containers, files and images as they are, never at code.
"""

from __future__ import annotations

from labkit.grading import Variant, one_of

from . import (  # in the order of the tasks
    first_container, leave_a_note, serve, look_inside, end_one, build_image, update,
)  # fmt: skip

VARIANT = Variant(
    word=one_of("ahoy", "moin", "salut", "servus", "aloha"),
    ship=one_of("aurora", "beagle", "calypso", "endeavour", "fram"),
    cargo=one_of(*look_inside.CARGOES),
    leaking=one_of(*end_one.SIDES),
    page=one_of("Land in sight", "All hands on deck", "Fair winds", "Full speed ahead"),
)
