"""Small Debian packages, made by dpkg-deb."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path


def make_deb(folder: Path, name: str, files: Mapping[str, str]) -> Path:
    """A package; a content that begins with ``->`` is a symbolic link."""
    tree = folder / f"{name}.tree"
    (tree / "DEBIAN").mkdir(parents=True)
    control = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\n"
    (tree / "DEBIAN/control").write_text(f"{control}Description: a test\n")
    script = tree / "DEBIAN/postinst"
    script.write_text(f"#!/bin/sh\ntouch {folder}/was-run\n")
    script.chmod(0o755)
    for path, content in files.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("->"):
            (tree / path).symlink_to(content[2:])
        else:
            (tree / path).write_text(content)
    made = folder / f"{name}.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", tree, made], check=True, capture_output=True
    )
    return made
