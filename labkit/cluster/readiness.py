"""Whether a cluster answers. Knows nothing about who serves it.

Source: Kubernetes documentation, "Kubernetes API health endpoints": ``/readyz`` is for everybody.
"""

from __future__ import annotations

import http.client
import ssl
from urllib.parse import urlsplit

from labkit.cluster.kubeconfig import Access


def why_not_ready(access: Access, timeout_s: float = 3.0) -> str:
    """Asks a cluster whether it is ready.

    Args:
        access: of a kubeconfig.
        timeout_s: how long it has for an answer.

    Returns:
        Why it is not; "" if it is.
    """
    parts = urlsplit(access.server)
    try:
        connection = _connection(access, timeout_s)
        try:
            connection.request("GET", f"{parts.path.rstrip('/')}/readyz")
            answer = connection.getresponse()
            said = answer.read().decode(errors="replace").strip()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{access.server}: {getattr(error, 'strerror', None) or error}"
    # A cluster may keep this from those whom it does not know; it answers, then.
    is_ready = answer.status in (http.client.OK, http.client.UNAUTHORIZED, http.client.FORBIDDEN)
    return "" if is_ready else f"{access.server}: {answer.status} {said.splitlines()[-1:]}"


def _connection(access: Access, timeout_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(access.server)
    if parts.scheme != "https":
        return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    authority = access.authority.decode() if access.authority else None
    context = ssl.create_default_context(cadata=authority)
    if not access.is_checked:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(
        parts.hostname or "", parts.port, timeout=timeout_s, context=context
    )
