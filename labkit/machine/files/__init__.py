"""Folders of the host, shown to a machine: SFTP over one stream, beneath those folders.

Knows nothing about machines: a stream is all it needs.
"""

from labkit.machine.files.beneath import Export
from labkit.machine.files.server import serve

__all__ = ["Export", "serve"]
