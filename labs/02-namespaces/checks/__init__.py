"""The checks of topic 02, a module for each task.

Each asks the kernel: which namespaces a process is in, what links a network namespace has, whether
a packet arrives. None looks at code, or at what was typed.
"""

from __future__ import annotations

from labkit.grading import Variant, between, one_of

from . import own_view, joined, way_out, pod, uid_map, uptime  # in the order of the tasks

VARIANT = Variant(
    hostname=one_of("quiet-room", "small-hut", "far-island", "high-tower", "deep-cellar"),
    alone=between(3001, 3199),
    left=one_of("amber", "coral", "ivory", "olive"),
    right=one_of("maple", "cedar", "birch", "aspen"),
    net=between(10, 99),
    place=one_of("oslo", "lima", "bonn", "kyiv", "cork"),
    sidecar=between(3201, 3399),
    guest=between(3401, 3599),
    uid=between(1200, 1999),
    clock=between(3601, 3799),
    days=between(40, 400),
)
