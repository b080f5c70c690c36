"""Expressions about a write: those of policies, and the match conditions of webhooks.

`object`, `oldObject` and `params` may be anything; `request`, `namespaceObject` and `variables`
have fields. Source: Kubernetes' `apiserver/pkg/admission/plugin/cel`, version 1.36.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cel_expr_python import cel

from labkit.cluster.embedded.apiserver.authentication.users import User
from labkit.cluster.embedded.apiserver.authorization.attributes import Attributes
from labkit.cluster.embedded.apiserver.cel.declarations import Declarations
from labkit.cluster.embedded.apiserver.cel.functions import PREFIX, Function, opaque, patches
from labkit.cluster.embedded.apiserver.cel.functions.authorizers import authorizer_functions
from labkit.cluster.embedded.apiserver.cel.functions.everything import FUNCTIONS
from labkit.cluster.embedded.apiserver.cel.language import Environment
from labkit.cluster.embedded.apiserver.cel.patch_types import PatchTypes
from labkit.cluster.embedded.schema.custom import custom_type

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer

TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
WORDS = {"type": "object", "additionalProperties": TEXT}
TIME = {"type": "string", "format": "date-time"}
ANYTHING = {"x-kubernetes-int-or-string": True}
"""What the checker takes for a value of any type."""


def _fields(*names: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {**dict.fromkeys(names, TEXT), **more}}


KIND, PLURAL = _fields("group", "version", "kind"), _fields("group", "version", "resource")
EXTRA = {"type": "object", "additionalProperties": TEXTS}
REQUEST = _fields(
    "subResource", "requestSubResource", "name", "namespace", "operation",
    kind=KIND, resource=PLURAL, requestKind=KIND, requestResource=PLURAL,
    userInfo=_fields("username", "uid", groups=TEXTS, extra=EXTRA),
    dryRun={"type": "boolean"}, options=ANYTHING,
)  # fmt: skip
CONDITION = _fields("status", "type", "message", "reason", lastTransitionTime=TIME)
ABOUT = _fields(
    "name", "generateName", "namespace", "UID", "resourceVersion",
    labels=WORDS, annotations=WORDS, creationTimestamp=TIME, deletionTimestamp=TIME,
    deletionGracePeriodSeconds={"type": "integer"}, generation={"type": "integer"},
    finalizers=TEXTS,
)  # fmt: skip
STATUS = _fields("phase", conditions={"type": "array", "items": CONDITION})
NAMESPACE = _fields(spec=_fields(finalizers=TEXTS), status=STATUS, metadata=ABOUT)

SCHEMA_OF = {"bool": "boolean", "int": "integer", "double": "number", "string": "string"}
RESOURCE_AUTHORIZER = "authorizer.requestResource"
VARIABLES = (
    "object", "oldObject", "request", "params", "namespaceObject", "variables", "authorizer",
    RESOURCE_AUTHORIZER,
)  # fmt: skip


def evaluator(authorizer: Authorizer, types: PatchTypes | None = None) -> Environment:
    """Evaluates expressions about writes.

    Args:
        authorizer: whom the functions of `authorizer` ask.
        types: of what an expression gives that changes objects.
    """

    def ask(check: dict[str, Any], verb: str) -> dict[str, Any]:
        decision = authorizer.authorize(_attributes(check, verb))
        return {"allowed": decision.is_allowed, "reason": decision.reason}

    variables = dict.fromkeys(VARIABLES, cel.Type.DYN)
    functions = (*FUNCTIONS, *authorizer_functions(ask))
    if types is None:
        return Environment(variables, functions)
    functions = (*functions, *patches.FUNCTIONS)
    return Environment(variables, functions, pool=types.pool(), container=types.container)


def checker(
    *,
    has_params: bool,
    has_authorizer: bool = True,
    variables: Mapping[str, str] | None = None,
    patch_types: PatchTypes | None = None,
) -> Environment:
    """Checks the types of expressions about writes.

    Args:
        has_params: whether there is `params`.
        has_authorizer: whether there is `authorizer`.
        variables: the types of `variables`, by name; None where there are none.
        patch_types: of what an expression gives that changes objects.
    """
    declarations = Declarations(is_escaped=False)
    schemas = {"request": REQUEST, "namespaceObject": NAMESPACE}
    if variables is not None:
        kinds = {name: SCHEMA_OF.get(kind) for name, kind in variables.items()}
        said = {name: {"type": kind} if kind else ANYTHING for name, kind in kinds.items()}
        schemas["variables"] = _fields(**said)
    types: dict[str, Any] = dict.fromkeys(("object", "oldObject"), cel.Type.DYN)
    for name, schema in schemas.items():
        shape = declarations.shape(custom_type(schema))
        assert shape is not None
        types[name] = shape.cel_type
    if has_params:
        types["params"] = cel.Type.DYN
    functions: tuple[Function, ...] = FUNCTIONS
    if has_authorizer:
        types["authorizer"] = cel.Type.AbstractType(PREFIX + "Authorizer", [])
        types[RESOURCE_AUTHORIZER] = cel.Type.AbstractType(PREFIX + "ResourceCheck", [])
        functions = (*FUNCTIONS, *authorizer_functions(_nobody))
    pool, container = declarations.pool(), ""
    if patch_types is not None:
        pool, container = patch_types.pool(pool), patch_types.container
        functions = (*functions, *patches.FUNCTIONS)
    return Environment(types, functions, pool=pool, is_checking=True, container=container)


def authorizers(user: dict[str, Any], request: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The two variables that ask what a user may do.

    Args:
        user: a UserInfo.
        request: the AdmissionRequest that `authorizer.requestResource` is about.
    """
    yield "authorizer", opaque("Authorizer", {"user": user})
    asked = request.get("requestResource") or request["resource"]
    check = {"user": user, "group": asked["group"], "resource": asked["resource"]}
    check |= {name: request.get(name, "") for name in ("namespace", "name")}
    check["subresource"] = request.get("requestSubResource", "")
    yield RESOURCE_AUTHORIZER, opaque("ResourceCheck", check)


def _nobody(check: dict[str, Any], verb: str) -> dict[str, Any]:
    del check, verb
    return {"allowed": False, "reason": ""}


def _attributes(check: dict[str, Any], verb: str) -> Attributes:
    said = check["user"]
    extra = {name: tuple(values) for name, values in (said.get("extra") or {}).items()}
    user = User(said["username"], said.get("uid", ""), tuple(said.get("groups") or ()), extra)
    if "path" in check:
        return Attributes(user, verb, path=check["path"], is_resource=False)
    names = ("group", "resource", "subresource", "namespace", "name")
    return Attributes(user, verb, version="*", **{one: check.get(one, "") for one in names})
