"""What labkit adds to JupyterLab itself: the card "Terminal in the Notebook's Machine".

``extension`` is the page's half, ``terminals`` the server's; the installation puts ``extension``
and ``server.json`` where Jupyter looks for them. Nothing here is for a kernel.

Source: jupyter_server's documentation ("Server Extensions").
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: Any) -> None:
    from labkit.jupyter.lab.terminals import add_to

    add_to(server.web_app)
