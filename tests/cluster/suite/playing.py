"""Plays a case: its own namespace, its own folder, one shell command after another."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cluster.suite.matching import matches
from tests.cluster.suite.transcript import Case, Step

COMMAND_WITHIN_S = 60
NAMESPACE_WITHIN_S = 30


@dataclass(frozen=True)
class Target:
    """The cluster that cases are played on.

    Attributes:
        kubeconfig: how it is reached, as whoever may do everything.
        core: a client of its core API.
        cache: of what kubectl has discovered.
        version: of Kubernetes, such as (1, 36).
    """

    kubeconfig: dict[str, Any]
    core: Any
    cache: Path
    version: tuple[int, int]


def play(target: Target, case: Case, kubectl: Path, folder: Path) -> None:
    """Plays a case with a kubectl, in a folder of its own.

    Raises:
        pytest.skip.Exception: the cluster is older than what the case shows.
        pytest.fail.Exception: something else was printed; shows everything up to there.
    """
    if target.version < case.since:
        pytest.skip(f"is so since Kubernetes {case.words['since']}")
    with namespace(target) as name:
        for file, text in case.files.items():
            (folder / file).write_text(text.replace("$NS", name))
        env = environment(target, name, kubectl, folder)
        seen: list[str] = []
        try:
            for step in case.steps:
                _play(step, name, env, folder, seen)
        finally:
            if last := case.words.get("finally"):
                run(last, env, folder)


def _play(step: Step, name: str, env: dict[str, str], folder: Path, seen: list[str]) -> None:
    done = run(step.command, env, folder)
    wanted = (step.stdout.replace("$NS", name), step.stderr.replace("$NS", name), step.code)
    is_right = matches(wanted[0], done.stdout) and matches(wanted[1], done.stderr)
    if is_right and done.returncode == step.code:
        seen.append(_shown(step.command, done.stdout, done.stderr, done.returncode))
        return
    expected = _shown(step.command, *wanted)
    printed = _shown(step.command, done.stdout, done.stderr, done.returncode)
    before = "\n".join(seen)
    pytest.fail(f"{before}\n--- expected\n{expected}\n+++ printed\n{printed}", pytrace=False)


def _shown(command: str, stdout: str, stderr: str, code: int) -> str:
    errors = [f"! {line}" for line in stderr.splitlines()]
    exit_code = [f"[{code}]"] if code else []
    return "\n".join([f"$ {command}", *stdout.splitlines(), *errors, *exit_code])


def run(command: str, env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command], env=env, cwd=folder, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=COMMAND_WITHIN_S, check=False,
    )  # fmt: skip


def environment(target: Target, name: str, kubectl: Path, folder: Path) -> dict[str, str]:
    """A path on which `kubectl` is this one, and a kubeconfig whose namespace is the case's."""
    programs = folder / ".bin"
    programs.mkdir()
    (programs / "kubectl").symlink_to(kubectl)
    config = dict(target.kubeconfig)
    current = config["current-context"]
    config["contexts"] = [
        {**one, "context": {**one["context"], "namespace": name}}
        for one in config["contexts"]
        if one["name"] == current
    ]
    (folder / ".kubeconfig").write_text(yaml.safe_dump(config))
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "KUBECONFIG": str(folder / ".kubeconfig"),
        "KUBECACHEDIR": str(target.cache),
        "NS": name,
        "TZ": "UTC",
    }


@contextmanager
def namespace(target: Target) -> Iterator[str]:
    """A namespace that is ready for pods, and is deleted at the end."""
    name = f"case-{secrets.token_hex(4)}"
    target.core.create_namespace({"metadata": {"name": name}})
    try:
        _wait_until_ready(target, name)
        yield name
    finally:
        target.core.delete_namespace(name)


def _wait_until_ready(target: Target, name: str) -> None:
    """Controllers give each namespace an account and the authority's certificate."""
    deadline = time.monotonic() + NAMESPACE_WITHIN_S
    while True:
        accounts = target.core.list_namespaced_service_account(name).items
        maps = target.core.list_namespaced_config_map(name).items
        if accounts and maps:
            return
        assert time.monotonic() < deadline, f"{name}: {len(accounts)} accounts, {len(maps)} maps"
        time.sleep(0.01)
