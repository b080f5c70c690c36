"""The words of ``/etc/cgconfig.conf``. Source: what libcgroup 2.0.2 was seen to take."""

from __future__ import annotations

KEYWORDS = frozenset(
    {"mount", "group", "template", "default", "namespace", "perm", "task", "admin"}
)
"""As names they have to be quoted."""

LETTERS = r"A-Za-z0-9_\-/.,%@\\"
"""What a word without quotes is made of, as a class of a regular expression."""
