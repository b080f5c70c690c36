"""What a microVM is made of: kernel, initramfs, system, Python, labkit; made once and kept.

Made by an ordinary user from Debian's packages, Python wheels and labkit itself, nothing of it from
the host's own system: nothing is installed, and no package's script is run. Knows nothing about how
a machine is started.
"""

from __future__ import annotations

from labkit.machine.layers.making import Layers, Progress, build, prune, qemu_from_packages

__all__ = ["Layers", "Progress", "build", "prune", "qemu_from_packages"]
