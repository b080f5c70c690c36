"""``python -m labkit.machine.relay -f CONNECTION_FILE``: a kernel for Jupyter, in a machine.

Environment: ``LABKIT_FOLDER`` is the folder of this machine that the notebook has as /course; the
working folder, where Jupyter starts kernels, lies in it, or is taken in its place.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zmq

from labkit.core.errors import LabkitError
from labkit.machine.relay.messages import Signer
from labkit.machine.relay.relay import Relay
from labkit.machine.relay.sockets import Back, Front

_PASSED_ON = (
    *("JPY_SESSION_NAME", "LABKIT_SEED", "NBGRADER_EXECUTION", "LANG", "TZ"),
    *("LABKIT_PLACE", "LABKIT_PLACE_WHY", "LABKIT_PLACE_SINCE"),
)


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 when the kernel ended in good order, 1 when it did not, 2 when none started."""
    connection = json.loads(Path(arguments[arguments.index("-f") + 1]).read_bytes())
    session = secrets.token_hex(16)
    context = zmq.Context()
    front = Front(context, connection)
    relay = Relay(front, Signer(connection["key"].encode(), session))
    try:
        return _run(relay, context, connection, session)
    except LabkitError as error:
        relay.refuse(str(error))
        _say(str(error))
        return 2
    finally:
        front.close()
        context.term()


def _run(relay: Relay, context: zmq.Context[Any], connection: dict[str, Any], session: str) -> int:
    # Only now: what Jupyter sends meanwhile waits in the sockets.
    from labkit.core.session import current_session
    from labkit.machine.microvm import MicroVM
    from labkit.machine.snapshot import prepare

    def tell(what: str, share: float) -> None:
        if share < 1:
            _say(f"preparing the machine, {share:.0%}: {what}")

    here = Path.cwd()
    folder = Path(os.environ.get("LABKIT_FOLDER") or here).resolve()
    if not here.is_relative_to(folder):
        folder = here
    with MicroVM(prepare(tell), current_session(), folder) as machine:
        back = Back(context, machine.folder)
        try:
            machine.begin(
                {
                    "key": connection["key"],
                    "session": session,
                    "seed": secrets.token_hex(16),
                    "cwd": str(Path("/course") / here.relative_to(folder)),
                    "env": {**_passed_on(), "LABKIT_COURSE": "/course"},
                }
            )
            return relay.run(machine, back)
        finally:
            back.close()


def _passed_on() -> dict[str, str]:
    """What of this process's environment is the kernel's, too."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


def _say(text: str) -> None:
    """To whoever started Jupyter: its log has what its kernels write here."""
    sys.stderr.write(f"labkit: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
