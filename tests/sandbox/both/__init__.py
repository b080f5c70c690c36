"""What must hold for root and for an ordinary user alike, as plain functions.

They use labkit, the standard library and programs of the system, nothing of pytest, so that a
user's own Python can run them: ``tests/sandbox/test_both.py`` plays each of them twice. A function
that only makes sense where limits can be set begins with ``with_limits_``.
"""
