"""The checks of topic 03, a module for each task.

Each reads the kernel's own files below /sys/fs/cgroup, never code.
"""

from __future__ import annotations

from labkit.grading import Variant, between, one_of

from . import memory_limit, oom_kill, cpu_quota, cpu_weight, fork_bomb, delegate, cgconfig

VARIANT = Variant(
    group=one_of("bakery", "library", "station", "harbour", "workshop"),
    memory_mib=one_of(40, 48, 56, 72, 80),
    seconds=between(3001, 3999),
    small_mib=one_of(16, 20, 24),
    percent=one_of(15, 20, 25, 30, 35),
    times=one_of(2, 3, 4),
    processes=between(12, 30),
    uid=between(2001, 2999),
    web_mib=one_of(96, 128, 160),
    shares=one_of(256, 512, 768),
)
