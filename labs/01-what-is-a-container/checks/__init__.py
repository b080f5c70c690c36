"""The checks of topic 01, a module for each task.

Each looks at processes, images and files as they are, never at code.
"""

from __future__ import annotations

from labkit.grading import Variant, between, one_of

from . import pid_one, freeze, two_versions, keep, from_rkt  # in the order of the tasks

VARIANT = Variant(
    hostname=one_of("blue-heron", "red-kite", "grey-owl", "black-swan", "white-stork"),
    seconds=between(3001, 3999),
    worker=one_of(2, 3),
    guest=one_of("Ada", "Grace", "Linus", "Edsger", "Barbara"),
    keeper=one_of("old-oak", "tall-pine", "young-birch", "wide-elm"),
    word=one_of("anchor", "lantern", "compass", "harbour", "beacon"),
    greeting=one_of("ahoy", "servus", "aloha", "salut", "moin"),
)
