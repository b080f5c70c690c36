"""Which Kubernetes the embedded cluster is. Said here, nowhere else."""

from __future__ import annotations

MINOR = 36
VERSION = f"1.{MINOR}"
GIT_VERSION = f"v{VERSION}.0+labkit"
"""As `kubectl version` shows it: the words after the plus say that it is not Kubernetes' own."""


def info(machine: str) -> dict[str, str]:
    """What `/version` says.

    Args:
        machine: the processor, as `uname -m` calls it.
    """
    architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
    return {
        "major": "1",
        "minor": str(MINOR),
        "emulationMajor": "1",
        "emulationMinor": str(MINOR),
        "minCompatibilityMajor": "1",
        "minCompatibilityMinor": str(MINOR - 1),
        "gitVersion": GIT_VERSION,
        "gitCommit": "",
        "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "cpython",
        "platform": f"linux/{architecture}",
    }
