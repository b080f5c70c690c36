"""Links between sandboxes, and a map of all links of this machine.

``bridge`` is :class:`Network`, ``subnet`` its addresses, ``refusal`` its errors; ``reading`` asks
one network namespace, ``mapping`` puts them together. What the kernel is told stands in
``labkit.core.links`` and ``labkit.core.forwarding``, who tells it in ``labkit.sandbox.helper``.
"""

from __future__ import annotations

from labkit.sandbox.network.bridge import Network
from labkit.sandbox.network.mapping import network_map

__all__ = ["Network", "network_map"]
