"""What `kubectl get` shows of each kind.

::

    table = table_of("pods")                      or from_printer_columns(version["additional…"])
    table.columns; table.row(pod, now)
    to_table(table, pods, now, resource_version="42")   -> the Table of meta.k8s.io, to be sent

One file a group of kinds: pods, workloads, jobs, autoscaling, network, storage, cluster, access,
machinery; in each a kind is a function that makes the cells of an object, and a Table that puts
columns over them. These are functions of objects: they ask nobody, and bear what is half there.

Source: what ``pkg/printers/internalversion`` of Kubernetes 1.36 prints; roles, limit ranges and
CRDs have no printer there, and show when they were created. A server always sends all columns;
`kubectl` leaves out those of priority 1 unless it is asked for `-o wide`.
"""

from __future__ import annotations

from types import MappingProxyType

from . import access, autoscaling, cluster, jobs, machinery, network, pods, storage, workloads
from .custom import from_printer_columns
from .jsonpath import BadPath, JSONPath, read_path
from .quantities import canonical_quantity
from .table import DEFAULT, Cell, Column, Table, to_table
from .text import format_label_selector, format_labels
from .times import human_duration, time_since, translate_timestamp

__all__ = [
    "BadPath",
    "Cell",
    "Column",
    "JSONPath",
    "Table",
    "canonical_quantity",
    "format_label_selector",
    "format_labels",
    "from_printer_columns",
    "human_duration",
    "read_path",
    "table_of",
    "time_since",
    "to_table",
    "translate_timestamp",
]

TABLES = MappingProxyType(
    pods.TABLES
    | workloads.TABLES
    | jobs.TABLES
    | autoscaling.TABLES
    | network.TABLES
    | storage.TABLES
    | cluster.TABLES
    | access.TABLES
    | machinery.TABLES
    | {"events.events.k8s.io": cluster.TABLES["events"]}
)
"""The tables of the resources that have one, by the name that the store has for them."""


def table_of(resource: str) -> Table:
    """How a resource is printed.

    Args:
        resource: ``"pods"``, ``"deployments.apps"``. Of an unknown one the name is shown, and when
            it was created.
    """
    return TABLES.get(resource, DEFAULT)
