"""What a new process does to come onto its network: address, default route, switched on.

Written down as a batch, like ``labkit.sandbox.helper.inside``. With ioctl(2), as ifconfig(8) and
route(8) do it: each call answers for itself, where netlink would want its replies read.

Sources: netdevice(7), linux/route.h, Documentation/networking/ip-sysctl.rst.
"""

from __future__ import annotations

import errno
import os
import socket
import struct

from labkit.sandbox.helper.batch import Batch, Result
from labkit.sandbox.helper.networks import DEVICE, Plug

_HERE = -100  # AT_FDCWD
_SIOCADDRT, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x890B, 0x8914, 0x8916, 0x891C
_IFF_UP, _IFF_MULTICAST, _RTF_UP, _RTF_GATEWAY = 1, 0x1000, 1, 2
_EVEN_IF_MISSING = (0, errno.ENOENT, errno.EBADF, errno.EACCES, errno.EPERM, errno.EROFS)
"""A kernel without IPv6 has no such file; inside a container /proc/sys may be read-only."""


def open_switches(do: Batch) -> Result:
    """Opens the switches of IPv6 while the /proc with them is in sight."""
    do.step = "open the switches of IPv6"
    flags = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
    return do("openat", _HERE, "/proc/sys/net/ipv6/conf", flags, 0, even_if=_EVEN_IF_MISSING)


def configure(do: Batch, plug: Plug, switches: Result) -> None:
    """Gives the end of the veth pair its address and switches it on."""
    do.step = f"configure {DEVICE}"
    # No IPv6: its addresses would give themselves, and their packets be counted with the rest.
    off = do(
        "openat", switches, f"{DEVICE}/disable_ipv6", os.O_WRONLY | os.O_CLOEXEC, 0,
        even_if=_EVEN_IF_MISSING,
    )  # fmt: skip
    do("write", off, "1", 1, even_if=_EVEN_IF_MISSING)
    mask = (1 << 32) - (1 << 32 - plug.network.prefix)
    _set(do, _SIOCSIFADDR, _address(plug.address))
    _set(do, _SIOCSIFNETMASK, _address(mask))
    _set(do, _SIOCSIFFLAGS, struct.pack("h", _IFF_UP | _IFF_MULTICAST))
    do.step = "set the default route"
    everywhere, gateway = _address(0), _address(plug.network.gateway)
    flags = _RTF_UP | _RTF_GATEWAY
    route = struct.pack("L16s16s16sH", 0, everywhere, gateway, everywhere, flags).ljust(120, b"\0")
    do("ioctl", _control(do), _SIOCADDRT, route)


def _set(do: Batch, request: int, value: bytes) -> None:
    do("ioctl", _control(do), request, struct.pack("16s24s", DEVICE.encode(), value))


def _control(do: Batch) -> Result:
    """A socket for one call: a result is used twice at most."""
    return do("socket", socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)


def _address(address: int) -> bytes:
    """``struct sockaddr_in``."""
    return struct.pack("=HH4s8x", socket.AF_INET, 0, address.to_bytes(4, "big"))
