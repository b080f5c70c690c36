"""``python -m labkit.cli``: the program ``labkit``, where its folder is not on the path."""

from __future__ import annotations

from labkit.cli import main

main()
