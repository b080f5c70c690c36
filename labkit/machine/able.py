"""Asks the doctor, in a process of its own: ``python -m labkit.machine.able ID …``.

Probes do things: start sandboxes, wait for programs. That is not for a server's process. Prints one
JSON object: id to why this machine has it not, empty when it has; an unknown id is left out.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

_DEADLINE_S = 20.0
"""A probe's own is 8 s; they run side by side."""


async def ask_doctor(ids: Iterable[str]) -> dict[str, str]:
    """Why this machine has not what is asked about; what gives no answer in time is missing."""
    argv = [sys.executable, "-m", __name__, *ids]
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), _DEADLINE_S)
        found: dict[str, str] = json.loads(out)
    except (TimeoutError, ValueError):
        return {}
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return found


def probe(ids: Iterable[str]) -> dict[str, str]:
    """The same, in this process."""
    from labkit.core.errors import NotFound
    from labkit.host import capability

    def ask(id: str) -> tuple[str, str] | None:
        try:
            found = capability(id)
        except NotFound:
            return None
        return id, "" if found.is_ok else found.why

    with ThreadPoolExecutor(max_workers=4) as pool:
        return dict(filter(None, pool.map(ask, dict.fromkeys(ids))))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(probe(sys.argv[1:])))
