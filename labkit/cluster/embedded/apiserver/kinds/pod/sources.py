"""What a volume is made of: the sources that pods and persistent volumes have in common.

`SOURCES` are the rules of those that both may name, `OF_A_POD` and `OF_A_VOLUME` of those where
the two differ. Source: Kubernetes `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

import re
from typing import Any

from .. import faults as f
from ..names import dns1123_label, dns1123_subdomain, out_of_range
from ..rules import (
    Always,
    Faults,
    Object,
    Rule,
    between,
    both,
    filled,
    named,
    one_of,
    required,
    struct,
    unless_empty,
)
from .paths import absolute_path, no_backsteps

ONLY_ONE = "may not specify more than 1 volume type"
_HOST_TYPES = one_of(
    *("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File"),
    *("FileOrCreate", "Socket"),
)


def host_path(value: Any, path: str, faults: Faults) -> None:
    """A path of the node."""
    if not value.get("path"):
        faults.append(f.required(f"{path}.path"))
        return
    no_backsteps(value["path"], f"{path}.path", faults)
    _HOST_TYPES(value.get("type"), f"{path}.type", faults)


def driver_name(value: Any, path: str, faults: Faults) -> None:
    """The name of a CSI driver, in any case."""
    name = value or ""
    if not name:
        faults.append(f.required(path))
    if len(name) > 63:
        faults.append(f.too_long(path, 63))
    faults += [f.invalid(path, name, message) for message in dns1123_subdomain(name.lower())]


# iSCSI and Fibre Channel

_INITIATORS = {
    "iqn": re.compile(r"iqn\.[0-9]{4}-[0-9]{2}\.([0-9A-Za-z.-]+)(:[^,;*&$|\t\n\f\r ]+)\Z"),
    "eui": re.compile(r"\Aeui.[0-9A-Za-z]{16}\Z"),
    "naa": re.compile(r"\Anaa.[0-9A-Za-z]{32}\Z"),
}
_STARTS_WITH = " starting with iqn, eui, or naa"
TOO_LONG_TOGETHER = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
    "iscsi.initiatorName is specified."
)
_LUN = between(0, 255)


def _initiator(value: Any, path: str, how: str, faults: Faults) -> None:
    form = _INITIATORS.get(value[:3])
    if form is None:
        faults.append(f.invalid(path, value, f"must be valid format{how}"))
    elif not form.search(value):
        faults.append(f.invalid(path, value, "must be valid format"))


def is_too_long_together(iscsi: Object, volume_name: str) -> bool:
    """Whether the name of a volume and its portal are too much for one initiator."""
    together = f"{volume_name}:{iscsi.get('targetPortal') or ''}"
    return iscsi.get("initiatorName") is not None and len(together) > 64


def iscsi(value: Any, path: str, faults: Faults, *, volume_name: str | None = None) -> None:
    """A disk of iSCSI; with a `volume_name` it is that of a persistent volume."""
    how = _STARTS_WITH if volume_name is None else ""
    if not value.get("targetPortal"):
        faults.append(f.required(f"{path}.targetPortal"))
    if volume_name is not None and is_too_long_together(value, volume_name):
        portal = value.get("targetPortal") or ""
        faults.append(f.invalid(f"{path}.targetportal", portal, TOO_LONG_TOGETHER))
    if not value.get("iqn"):
        faults.append(f.required(f"{path}.iqn"))
    else:
        _initiator(value["iqn"], f"{path}.iqn", how, faults)
    _LUN(value.get("lun"), f"{path}.lun", faults)
    is_secret = value.get("chapAuthDiscovery") or value.get("chapAuthSession")
    reference = value.get("secretRef")
    if is_secret and reference is None:
        faults.append(f.required(f"{path}.secretRef"))
    if volume_name is not None and reference is not None and not reference.get("name"):
        faults.append(f.required(f"{path}.secretRef.name"))
    if (name := value.get("initiatorName")) is not None:
        _initiator(name, f"{path}.initiatorname", how, faults)


def _fibre_channel(value: Any, path: str, faults: Faults) -> None:
    names, ids, lun = value.get("targetWWNs"), value.get("wwids"), value.get("lun")
    own_path = f"{path}.targetWWNs"
    if not names and not ids:
        message = "must specify either targetWWNs or wwids, but not both"
        faults.append(f.required(own_path, message))
    if names and ids:
        message = "targetWWNs and wwids can not be specified simultaneously"
        faults.append(f.invalid(own_path, names, message))
    if names and lun is None:
        message = "lun is required if targetWWNs is specified"
        faults.append(f.required(f"{path}.lun", message))
    elif names:
        _LUN(lun, f"{path}.lun", faults)


# Disks of one maker

_PAIRS = "must be a host:port pair or multiple pairs separated by commas"
_HOST_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*):[^:\[\]]*")
_MANAGED = (
    "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/"
    "{disk-id}"
)
_BLOB = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


def _partition(value: Any, path: str, faults: Faults) -> None:
    if not 0 <= value <= 255:
        faults.append(f.invalid(path, value, out_of_range(1, 255)))  # 0 is no partition


def _registry(value: Any, path: str, faults: Faults) -> None:
    for pair in value.split(","):
        if not _HOST_PORT.fullmatch(pair):
            faults.append(f.invalid(path, value, _PAIRS))


def _flocker(value: Any, path: str, faults: Faults) -> None:
    name, uid = value.get("datasetName") or "", value.get("datasetUUID")
    if not name and not uid:
        faults.append(f.required(path, "one of datasetName and datasetUUID is required"))
    if name and uid:
        message = "datasetName and datasetUUID can not be specified simultaneously"
        faults.append(f.invalid(path, "resource", message))
    if "/" in name:
        faults.append(f.invalid(f"{path}.datasetName", name, "must not contain '/'"))


def _flex_options(value: Any, path: str, faults: Faults) -> None:
    for name in value:
        owner = f".{name.partition('/')[0].lower()}"
        if owner.endswith((".kubernetes.io", ".k8s.io")):
            message = "kubernetes.io and k8s.io namespaces are reserved"
            faults.append(f.invalid(f"{path}[{name}]", name, message))


def _azure_address(value: Any, path: str, faults: Faults) -> None:
    kind, address, path = value.get("kind"), value.get("diskURI") or "", f"{path}.diskURI"
    if kind == "Managed" and not address.startswith("/subscriptions/"):
        faults.append(f.not_supported(path, address, (_MANAGED,)))
    if kind not in (None, "Managed") and not address.startswith("https://"):
        faults.append(f.not_supported(path, address, (_BLOB,)))


_LABEL = named(dns1123_label)
_STORAGE_OS: dict[str, Rule] = {
    "volumeName": required(_LABEL),
    "volumeNamespace": unless_empty(_LABEL),
}
_GLUSTER: dict[str, Rule] = {"endpoints": required(), "path": required()}
_AZURE_FILE: dict[str, Rule] = {"secretName": required(), "shareName": required()}
_CINDER: dict[str, Rule] = {"volumeID": required()}
_NAME: dict[str, Rule] = {"name": required()}
_SECRET: dict[str, Rule] = {"name": required(), "namespace": required()}

SOURCES: dict[str, Rule] = {
    "hostPath": host_path,
    "gcePersistentDisk": struct({"pdName": required(), "partition": _partition}),
    "awsElasticBlockStore": struct({"volumeID": required(), "partition": _partition}),
    "flocker": _flocker,
    "nfs": struct({"server": required(), "path": both(required(), Always(absolute_path))}),
    "rbd": struct({"monitors": required(), "image": required()}),
    "quobyte": struct({"registry": required(_registry, _PAIRS), "volume": required()}),
    "cephfs": struct({"monitors": required()}),
    "fc": _fibre_channel,
    "flexVolume": struct({"driver": required(), "options": _flex_options}),
    "vsphereVolume": struct({"volumePath": required()}),
    "photonPersistentDisk": struct({"pdID": required()}),
    "portworxVolume": struct({"volumeID": required()}),
    "azureDisk": struct(
        {
            "diskName": required(),
            "diskURI": required(),
            "cachingMode": one_of("None", "ReadOnly", "ReadWrite"),
            "kind": one_of("Dedicated", "Managed", "Shared"),
        },
        _azure_address,
    ),
    "scaleIO": struct({"gateway": required(), "system": required(), "volumeName": required()}),
}
RULE_PATHS = {"gcePersistentDisk": "persistentDisk"}
"""How the path of a fault within a source is written, where it is not the source's name."""
SECOND_PATHS = {"cephfs": "cephFS"}
"""The same of a source that is one too many."""


# Where pods and persistent volumes differ


def _pod_secret(value: Any, path: str, faults: Faults) -> None:
    if not value.get("name"):
        faults.append(f.required(f"{path}.name"))
        return
    own_path = f"{path.rpartition('.')[0]}.name"  # the path is short there, too
    faults += [f.invalid(own_path, value["name"], m) for m in dns1123_subdomain(value["name"])]


def _endpoints_namespace(value: Any, path: str, faults: Faults) -> None:
    if not value:
        message = "if the endpointnamespace is set, it must be a valid namespace name"
        faults.append(f.invalid(path, value, message))
    else:
        _LABEL(value, path, faults)


def _local(value: Any, path: str, faults: Faults) -> None:
    if not value.get("path"):
        faults.append(f.required(f"{path}.path"))
    else:
        no_backsteps(value["path"], f"{path}.path", faults)


_VOLUME_SECRET = struct({"name": required(named(dns1123_subdomain)), "namespace": required(_LABEL)})
OF_A_POD: dict[str, Rule] = {
    "iscsi": iscsi,
    "glusterfs": struct(_GLUSTER),
    "cinder": struct({**_CINDER, "secretRef": struct(_NAME)}),
    "azureFile": struct(_AZURE_FILE),
    "storageos": struct({**_STORAGE_OS, "secretRef": struct(_NAME)}),
    "csi": struct({"driver": Always(driver_name), "nodePublishSecretRef": _pod_secret}),
}
OF_A_VOLUME: dict[str, Rule] = {
    "glusterfs": struct({**_GLUSTER, "endpointsNamespace": _endpoints_namespace}),
    "cinder": struct({**_CINDER, "secretRef": struct(_SECRET)}),
    "azureFile": struct({**_AZURE_FILE, "secretNamespace": filled()}),
    "local": _local,
    "storageos": struct({**_STORAGE_OS, "secretRef": struct(_SECRET)}),
    "csi": struct(
        {
            "driver": Always(driver_name),
            "volumeHandle": required(),
            "controllerPublishSecretRef": _VOLUME_SECRET,
            "controllerExpandSecretRef": _VOLUME_SECRET,
            "nodePublishSecretRef": _VOLUME_SECRET,
            "nodeExpandSecretRef": _VOLUME_SECRET,
        }
    ),
}
