"""The checks of topic 04, a module for each task.

Each looks at a container as it stands, whoever made it, by the one judgement of its walls.
"""

from __future__ import annotations

from labkit.grading import Variant, between, one_of

from . import number_one, no_way_up, own_proc, not_more, image_stays, every_wall  # as the tasks go

VARIANT = Variant(
    seconds=between(4001, 4999),
    first=one_of("north-hut", "south-hut", "east-hut", "west-hut"),
    second=one_of("stone-house", "brick-house", "clay-house", "straw-house"),
    third=one_of("old-barn", "red-barn", "tall-barn", "wide-barn"),
    fourth=one_of("small-cabin", "log-cabin", "lake-cabin", "hill-cabin"),
    mebibytes=one_of(24, 32, 40, 48),
    processes=between(12, 30),
    fifth=one_of("green-tent", "blue-tent", "grey-tent", "white-tent"),
    word=one_of("anchor", "lantern", "compass", "harbour", "beacon"),
    last=one_of("snow-castle", "sand-castle", "rock-castle", "sea-castle"),
)
