"""The rules of the house that no other tool holds."""

from __future__ import annotations

import ast
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import labkit

ROOT = Path(__file__).parents[1]

LINES = 400
"""Beyond this a file has more than one idea; the house aims at 40 to 250."""

CELL_LINES = 140
"""The same for a cell of a notebook's source; the longest are groups of the glossary."""

MARKER = re.compile(r"^# %%.*$", re.MULTILINE)

PUBLIC = {
    "Cgroup", "ImageStore", "Network", "Sandbox", "anatomy", "begin", "cgconfig", "cgroups",
    "check", "compare", "course_map", "doctor", "export_progress", "family_tree", "hint",
    "import_progress", "live", "namespaces", "network", "oom_report", "place", "predict",
    "reference", "reset_machine", "reveal", "task", "timeline", "watch", "xray",
}  # fmt: skip
"""What `from labkit import …` offers. A name more is a promise more."""

UNWANTED = {
    # Written in pieces, or this file would break its own rule.
    "a path of the machine it was made on": re.compile(
        r"(?<![\w.}~])/wor" r"k/|/far" r"m/|\.pyen" r"v/ver"
    ),
    "an unfinished thought": re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HAC" r"K)\b"),
    "a conflict marker": re.compile(r"^(<{7}|>{7}) ", re.MULTILINE),
}

FROM_ELSEWHERE = re.compile(
    r"""(src|href)\s*=\s*["']?https?://[^"'\s>]+\.(js|mjs|css|woff2?|png|svg)\b"""
    r"""|(import|from)\s*\(?\s*["']https?://|@import\s+url|url\(\s*["']?https?://"""
    r"""|//(cdn\.|unpkg|esm\.sh|cdnjs|fonts\.g)"""
)

STATIC = ("static/remote.js", "static/preparing.js", "static/terminal.js")
FOR_JUPYTER = {
    "etc/jupyter/jupyter_server_config.d/labkit.json": "labkit/jupyter/lab/server.json",
    "share/jupyter/kernels/labkit/kernel.json": "labkit/machine/kernelspec/kernel.json",
    "share/jupyter/kernels/labkit/logo-svg.svg": "labkit/machine/kernelspec/logo-svg.svg",
    **{
        f"share/jupyter/labextensions/labkit/{path}": f"labkit/jupyter/lab/extension/{path}"
        for path in ("install.json", "package.json", *STATIC)
    },
}
"""What an installation puts where Jupyter looks: its kernel, and what JupyterLab has of it."""

HEAVY = {
    "IPython", "anywidget", "asyncio", "docker", "hypothesis", "ipykernel", "ipywidgets",
    "jupyter_client", "jupyterlab", "jupytext", "kubernetes", "nbclient", "nbformat", "rich",
    "sqlite3", "traitlets",
}  # fmt: skip

PACKAGES = [
    "labkit",
    *sorted(f"labkit.{path.parent.name}" for path in ROOT.glob("labkit/*/__init__.py")),
]


@cache
def files(*patterns: str) -> list[Path]:
    """The project's own files, committed or about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_outgrows_its_idea() -> None:
    texts = {path: path.read_text() for path in files("*.py", "*.js", "*.css")}
    lengths = {str(path.relative_to(ROOT)): len(text.splitlines()) for path, text in texts.items()}
    assert len(lengths) > 20
    # A notebook's source is read cell by cell: there it is a cell that has a length.
    for path, text in texts.items():
        if MARKER.search(text) and path.is_relative_to(ROOT / "labs"):
            cells = [cell.splitlines() for cell in MARKER.split(text)]
            lengths[str(path.relative_to(ROOT))] = max(map(len, cells)) * LINES // CELL_LINES
    assert {path: lines for path, lines in lengths.items() if lines > LINES} == {}


@pytest.mark.parametrize("what", UNWANTED)
def test_nothing_carries(what: str) -> None:
    texts = files(
        "*.py", "*.js", "*.css", "*.md", "*.toml", "*.cfg", "*.txt", "*.ipynb", "Makefile"
    )
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in texts
        for match in UNWANTED[what].finditer(path.read_text())
    ]
    assert found == []


def test_nothing_is_loaded_from_elsewhere() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in files("labkit/*.py", "labkit/*.js", "labkit/*.css", "labkit/*.html")
        for match in FROM_ELSEWHERE.finditer(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://example.org/d3.js">',
        'import * as d3 from "https://esm.sh/d3"',
        "@font-face { src: url(https://example.org/f.woff2) }",
        '"//cdn.jsdelivr.net/npm/d3"',
    ],
)
def test_the_rule_knows_what_loads_from_elsewhere(text: str) -> None:
    assert FROM_ELSEWHERE.search(text)


def test_the_public_names_are_these() -> None:
    assert set(labkit.__all__) == PUBLIC
    for name in labkit.__all__:
        assert getattr(labkit, name).__module__.startswith("labkit.")


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_brings_in_nothing_heavy(package: str) -> None:
    code = f"import {package}, sys, json; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY.intersection(json.loads(done.stdout)) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_public_says_what_it_is(package: str) -> None:
    module = import_module(package)
    assert module.__doc__
    named = {name: getattr(module, name) for name in getattr(module, "__all__", [])}
    silent = [
        name
        for name, thing in named.items()
        if (inspect.isclass(thing) or inspect.isfunction(thing)) and not inspect.getdoc(thing)
    ]
    assert silent == []


def test_modules_keep_no_state() -> None:
    """No `global`, and no list or dict at module level that starts empty to be filled later."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files("labkit/*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Global)
    ]
    found += [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in files("labkit/*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_empty_container(node.value)
    ]
    assert found == []


def is_empty_container(value: ast.expr | None) -> bool:
    """``[]``, ``{}``, ``set()``, ``dict()`` or ``list()``."""
    match value:
        case ast.List(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id="list" | "dict" | "set"), args=[], keywords=[]):
            return True
    return False


def test_the_version_is_one_and_has_an_entry_in_the_changes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == labkit.__version__
    page = json.loads((ROOT / "labkit/jupyter/lab/extension/package.json").read_text())
    assert page["version"] == labkit.__version__
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == labkit.__version__


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_carries_the_library_and_the_course(wheel: zipfile.ZipFile) -> None:
    carried = set(wheel.namelist())
    wanted = {str(path.relative_to(ROOT)) for path in files("labkit")}
    course = files("labs", "exercises", "solutions")
    wanted |= {f"labkit/course/content/{path.relative_to(ROOT)}" for path in course}
    assert any(name.endswith("lab.ipynb") for name in wanted)
    assert wanted - carried == set()


def test_the_wheel_carries_what_jupyter_reads(wheel: zipfile.ZipFile) -> None:
    data = f"labkit-{labkit.__version__}.data/data"
    for path, source in FOR_JUPYTER.items():
        assert wheel.read(f"{data}/{path}") == (ROOT / source).read_bytes()


def test_jupyter_finds_what_was_installed_for_it() -> None:
    """Also by an editable installation, which copies it."""
    # Jupyter looks for its commands on the path: another Jupyter there must not answer for ours.
    own = str(Path(sys.executable).parent)
    environment = os.environ | {"PATH": f"{own}{os.pathsep}{os.environ['PATH']}"}
    for what, name in (("labextension", "labkit"), ("server extension", "labkit.jupyter.lab")):
        command = [sys.executable, "-m", "jupyter", *what.split(), "list"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        said = re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)
        assert re.search(rf"^ *{re.escape(name)} .*OK", said, re.MULTILINE), said


def test_the_wheel_carries_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    name = f"labkit-{labkit.__version__}"
    assert tops == {"labkit", f"{name}.dist-info", f"{name}.data"}
    assert {path for path in wheel.namelist() if path.startswith(f"{name}.data")} == {
        f"{name}.data/data/{path}" for path in FOR_JUPYTER
    }
    assert not [name for name in wheel.namelist() if "__pycache__" in name or "checkpoint" in name]
