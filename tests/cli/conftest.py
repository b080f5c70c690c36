from __future__ import annotations

from tests.jupyter.conftest import root, workspace, write_note

__all__ = ["root", "workspace", "write_note"]
