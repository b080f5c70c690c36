"""All functions that every rule may use, in one table."""

from __future__ import annotations

from labkit.cluster.embedded.apiserver.cel.functions import (
    Function,
    addresses,
    formats,
    lists,
    quantities,
    strings,
    urls,
    versions,
)

FUNCTIONS: tuple[Function, ...] = (
    *lists.FUNCTIONS,
    *strings.FUNCTIONS,
    *quantities.FUNCTIONS,
    *addresses.FUNCTIONS,
    *urls.FUNCTIONS,
    *versions.FUNCTIONS,
    *formats.FUNCTIONS,
)
