"""Patches: JSON, merge, strategic merge, server-side apply; and who manages which field.

All are functions of objects and types: they ask nobody, and change none of their arguments, which
may be frozen. What they return may be changed. See docs/embedded-cluster.md.

    rfc         JSON Patch, JSON Merge Patch      errors      BadPatch, Conflicts: the API's words
    strategic   strategic merge patch             order       the order of its lists
    applying    server-side apply                 managers    managedFields after each write
    merging     merge and prune by the schema     checking    what cannot be applied
    comparing   what a write changes              fieldsets   sets of fields, as fieldsV1
    elements    names of a list's elements        zero        what an empty object has already
    shape       what is read of a type            last_applied  kubectl's annotation
    overlaying  a part laid over an object, whoever manages it
"""

from labkit.cluster.embedded.apiserver.patches.applying import apply, is_unchanged
from labkit.cluster.embedded.apiserver.patches.checking import check_applied
from labkit.cluster.embedded.apiserver.patches.errors import BadPatch, Conflicts, FailedTest
from labkit.cluster.embedded.apiserver.patches.managers import managed_fields
from labkit.cluster.embedded.apiserver.patches.overlaying import DoesNotFit, overlaid
from labkit.cluster.embedded.apiserver.patches.rfc import json_patch, merge_patch
from labkit.cluster.embedded.apiserver.patches.strategic import strategic_merge_patch

__all__ = [
    "BadPatch",
    "Conflicts",
    "DoesNotFit",
    "FailedTest",
    "apply",
    "check_applied",
    "is_unchanged",
    "json_patch",
    "managed_fields",
    "merge_patch",
    "overlaid",
    "strategic_merge_patch",
]
