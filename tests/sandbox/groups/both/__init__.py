"""What holds on cgroup v1 and v2 alike: functions without arguments, each a proof of its own.

They are played as they are on this machine (``tests/sandbox/groups/test_here.py``), and by root in
a machine with cgroup v2 (``tests/machine/test_cgroup_v2.py``). So they import nothing of pytest,
and ask the kernel's own files by paths that they find themselves.
"""
