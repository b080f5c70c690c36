"""What a kernel in a machine will say of itself, guessed while there is no machine.

Clients ask it first and do nothing before they know. The machine has the same ipykernel as is
installed here, so the answer is known already; of Python it may have another patch release.
Source: "Messaging in Jupyter" (``kernel_info_reply``), 5.3; ipykernel's ``Kernel.kernel_info``.
"""

from __future__ import annotations

import platform
from importlib.util import find_spec

from labkit.machine.relay.messages import Content

_PROTOCOL = "5.3"
"""ipykernel's, of version 6 as of 7."""

_SUBSHELLS_SINCE = 7


def guess_kernel_info(banner: str = "") -> Content:
    """The content of a ``kernel_info_reply``."""
    from importlib.metadata import version  # takes a while, and mostly nobody has to guess

    features = (
        ["kernel subshells"]
        if int(version("ipykernel").partition(".")[0]) >= _SUBSHELLS_SINCE
        else []
    )
    if find_spec("debugpy"):
        features.append("debugger")
    return {
        "status": "ok",
        "protocol_version": _PROTOCOL,
        "implementation": "ipython",
        "implementation_version": version("ipython"),
        "language_info": {
            "name": "python",
            "version": platform.python_version(),
            "mimetype": "text/x-python",
            "codemirror_mode": {"name": "ipython", "version": 3},
            "pygments_lexer": "ipython3",
            "nbconvert_exporter": "python",
            "file_extension": ".py",
        },
        "banner": banner,
        "help_links": [],
        "supported_features": features,
    }
