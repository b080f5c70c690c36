"""One embedded cluster for a whole run of tests, in a folder of its own, gone at the end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def embedded_cluster() -> Iterator[Path]:
    """Starts a cluster.

    Yields:
        Its kubeconfig; whoever uses it may do everything.
    """
    from labkit.cluster.embedded import control

    before = os.environ["LABKIT_HOME"]
    with tempfile.TemporaryDirectory(prefix="labkit-cluster-") as folder:
        try:
            os.environ["LABKIT_HOME"] = folder
            running = control.start("tests")
            os.environ["LABKIT_HOME"] = before
            yield Path(running.kubeconfig)
        finally:
            os.environ["LABKIT_HOME"] = folder
            control.stop("tests")
            os.environ["LABKIT_HOME"] = before
