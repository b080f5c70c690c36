"""Binder builds from binder/ what the course needs, and opens at the map.

repo2docker says, without building, what it would do; what it would run at the end is run here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def dockerfile() -> list[str]:
    """The lines that repo2docker would build."""
    command = [str(BIN / "jupyter-repo2docker"), "--no-build", "--debug", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [line.strip() for line in (done.stderr + done.stdout).splitlines()]


def position(lines: list[str], pattern: str) -> int:
    found = [number for number, line in enumerate(lines) if re.search(pattern, line)]
    assert found, pattern
    return found[0]


def test_the_project_is_installed_from_its_copy_in_the_image(dockerfile: list[str]) -> None:
    copied = position(dockerfile, r"^COPY --chown=\S+ src/ ")
    installed = position(dockerfile, r"pip install .*-r \"binder/requirements.txt\"")
    assert copied < installed < position(dockerfile, r"^RUN ./binder/postBuild")


def test_the_image_has_what_the_sandboxes_are_made_of(dockerfile: list[str]) -> None:
    line = dockerfile[position(dockerfile, r"^apt-get install ")]
    assert {"busybox-static", "graphviz"} <= set(line.split())


def test_its_python_is_one_that_labkit_supports(dockerfile: list[str]) -> None:
    version = (ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert tuple(map(int, version.split("."))) >= (3, 11)

    position(dockerfile, "environment-2epy-2d" + version.replace(".", "-2e"))


@pytest.mark.requires("program:busybox")
def test_at_its_end_the_base_image_is_made_and_the_map_is_open(
    tmp_path: Path, labkit_home: Path
) -> None:
    env = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "JUPYTERLAB_WORKSPACES_DIR": str(tmp_path),
    }
    subprocess.run(["binder/postBuild"], cwd=ROOT, env=env, check=True, capture_output=True)
    assert (labkit_home / "images" / "oci-layout").is_file()
    exported = subprocess.run(
        [str(BIN / "jupyter-lab"), "workspaces", "export", "default"],
        env=env, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    data = json.loads(exported)["data"]
    shown = data["layout-restorer:data"]["main"]["current"]
    assert data[shown]["data"]["path"] == "labs/home.ipynb"
    assert (ROOT / data[shown]["data"]["path"]).is_file()
