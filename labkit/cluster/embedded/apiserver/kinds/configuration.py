"""Config maps, secrets and service accounts.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `conversion.go` (stringData),
`pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any

from . import faults as f
from .kind import Kind
from .names import config_key
from .rules import Faults, Object, fill, immutable, keys, same

SIZE_LIMIT = 1024 * 1024
"""Bytes of all values together."""
_SEALED = "field is immutable when `immutable` is set"


def sealed(*names: str) -> Callable[[Object, Object, Faults], None]:
    """Nothing of these changes once `immutable` is set, and it stays set."""

    def check(new: Object, old: Object, faults: Faults) -> None:
        if not old.get("immutable"):
            return
        if not new.get("immutable"):
            faults.append(f.forbidden("immutable", _SEALED))
        for name in names:
            if not same(new.get(name), old.get(name)):
                faults.append(f.forbidden(name, _SEALED))

    return check


_KEYS = keys(config_key)


def _bytes(encoded: str | None) -> int:
    """How many bytes a value of base64 says."""
    encoded = (encoded or "").rstrip("=")
    return len(encoded) * 3 // 4


# Config maps


def _config_map(new: Any, path: str, faults: Faults) -> None:
    data, binary = new.get("data") or {}, new.get("binaryData") or {}
    _KEYS(data, "data", faults)
    for name in data:
        if name in binary:
            message = "duplicate of key present in binaryData"
            faults.append(f.invalid(f"data[{name}]", name, message))
    _KEYS(binary, "binaryData", faults)
    size = sum(len((text or "").encode()) for text in data.values()) + sum(
        map(_bytes, binary.values())
    )
    if size > SIZE_LIMIT:
        faults.append(f.too_long("[]", SIZE_LIMIT))  # how a path without a name is written


CONFIG_MAP = Kind(rules=(_config_map,), update_rules=(sealed("data", "binaryData"),))


# Secrets


def _encoded(text: str | None) -> str:
    return base64.b64encode((text or "").encode()).decode()


def _secret_defaults(new: Object) -> None:
    fill(new, {"type": "Opaque"})
    if "stringData" in new:
        plain = new.pop("stringData") or {}
        encoded = {name: _encoded(text) for name, text in plain.items()}
        new["data"] = {**(new.get("data") or {}), **encoded}


_NEEDS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
"""The keys that a type of secret must have."""
_ACCOUNT = "kubernetes.io/service-account.name"


def _secret(new: Any, path: str, faults: Faults) -> None:
    data, kind = new.get("data") or {}, new.get("type")
    _KEYS(data, "data", faults)
    if sum(map(_bytes, data.values())) > SIZE_LIMIT:
        faults.append(f.too_long("data", SIZE_LIMIT))
    if kind == "kubernetes.io/service-account-token":
        if not (new["metadata"].get("annotations") or {}).get(_ACCOUNT):
            faults.append(f.required(f"metadata.annotations[{_ACCOUNT}]"))
    elif kind == "kubernetes.io/basic-auth" and not {"username", "password"} & data.keys():
        faults += [f.required("data[username]"), f.required("data[password]")]
    for name in _NEEDS.get(kind, ()):
        if name not in data or (name == "ssh-privatekey" and not data[name]):
            faults.append(f.required(f"data[{name}]"))
        elif name.startswith(".docker") and (wrong := _not_json(data[name])):
            faults.append(f.invalid(f"data[{name}]", "<secret contents redacted>", wrong))


def _not_json(encoded: str) -> str:
    try:
        text = base64.b64decode(encoded or "").decode()
        return "" if isinstance(json.loads(text), dict) else "invalid character"
    except (ValueError, binascii.Error):
        return "unexpected end of JSON input" if not encoded else "invalid character"


SECRET = Kind(
    defaults=(_secret_defaults,),
    rules=(_secret,),
    update_rules=(immutable("type"), sealed("data")),
)

SERVICE_ACCOUNT = Kind()
