"""What the objects of a kind look like: published definitions, CRDs' schemas, walks over objects.

See docs/embedded-cluster.md.
"""

from labkit.cluster.embedded.schema.custom import from_crd
from labkit.cluster.embedded.schema.decoding import wrong_types
from labkit.cluster.embedded.schema.defaults import fill_defaults, set_defaults
from labkit.cluster.embedded.schema.definitions import Definitions, builtin
from labkit.cluster.embedded.schema.duplicates import duplicate_fields
from labkit.cluster.embedded.schema.faults import faults
from labkit.cluster.embedded.schema.structural import structural_faults
from labkit.cluster.embedded.schema.types import Fault, GroupVersionKind, Type
from labkit.cluster.embedded.schema.unknown import prune, unknown_fields

__all__ = [
    "Definitions", "Fault", "GroupVersionKind", "Type", "builtin", "duplicate_fields", "faults",
    "fill_defaults", "from_crd", "prune", "set_defaults", "structural_faults", "unknown_fields",
    "wrong_types",
]  # fmt: skip
