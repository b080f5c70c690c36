"""Draws the pictures of the documents: `python docs/pictures.py`.

`house.svg` is drawn from the code: the layers from the import contract in pyproject.toml, the words
from each package's docstring. `xray.svg` is a real X-ray of a real sandbox on the machine that ran
this. `--check` says whether house.svg is up to date (exit 1 when not).
"""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path

from labkit.views.frame import BODY, MARGIN, SMALL, card, heading
from labkit.views.picture import WIDTH, Picture, make_picture
from labkit.views.svg import path, rect, text

HERE = Path(__file__).parent
ROW = 58


def house() -> Picture:
    """The packages as the storeys of a house, each with its one sentence."""
    settings = tomllib.loads((HERE.parent / "pyproject.toml").read_text())
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    storeys = [(name.rpartition(".")[2], _sentence(name)) for name in layers]
    top = 140
    height = top + ROW * len(storeys) + 70
    drawn = [card(height), heading("THE HOUSE", "labkit, storey by storey")]
    words = "Each storey stands on those below and knows nothing of those above."
    drawn.append(text(MARGIN, 112, words, ink="mut"))
    for number, (name, sentence) in enumerate(storeys):
        y = top + number * ROW
        inset = MARGIN + 3 * (len(storeys) - number)
        drawn.append(rect(inset, y, WIDTH - 2 * inset, ROW - 10, fill="innt", stroke="inn", r=8))
        drawn.append(text(inset + 18, y + 30, f"{name}/", size=17, face="mono", ink="inn"))
        room = WIDTH - 2 * inset - 150
        drawn.append(text(inset + 140, y + 30, sentence, size=BODY, room=room))
    ground = top + len(storeys) * ROW + 8
    drawn.append(path(f"M{MARGIN} {ground}H{WIDTH - MARGIN}", stroke="mut", line=2))
    below = text(WIDTH / 2, ground + 28, "the Linux kernel", size=SMALL, ink="mut", anchor="middle")
    drawn.append(below)
    return make_picture(
        title="The house of labkit",
        description="Each package stands on those below it: " + ", ".join(n for n, _ in storeys),
        height=height,
        body="".join(drawn),
        tables=(),
    )


def xray_of_a_sandbox() -> Picture:
    """A real one, of a sandbox that sleeps."""
    from labkit.sandbox import Sandbox, xray
    from labkit.views import xray_view

    with Sandbox(name="web").start(["sleep", "600"]) as box:
        return xray_view(xray(box))


def _sentence(module: str) -> str:
    return (import_module(module).__doc__ or "").strip().splitlines()[0].rstrip(".")


def main() -> int:
    """Writes the pictures, or compares the one that must follow the code."""
    file = HERE / "pictures" / "house.svg"
    if "--check" in sys.argv:
        is_fresh = file.read_text() == house().svg
        if not is_fresh:
            sys.stderr.write("docs/pictures/house.svg is out of date: python docs/pictures.py\n")
        return 0 if is_fresh else 1
    file.write_text(house().svg)
    (HERE / "pictures" / "xray.svg").write_text(xray_of_a_sandbox().svg)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
