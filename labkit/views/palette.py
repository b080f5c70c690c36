"""The colours of all pictures, light and dark, in one place.

A colour says what kind of thing it is on, and never alone: an icon and a word stand beside it.
Strong colours are read as text on their own tint and on the card (contrast at least 4.5:1, which a
test computes); tints are grounds. Knows nothing about what is drawn.

Sources: WCAG 2.2, success criteria 1.4.1 and 1.4.3; the CSS variables of JupyterLab 4 themes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ink = Literal[
    "ink", "mut", "line", "card", "pan", "own", "ownt", "shr", "shrt", "inn", "innt", "bad", "badt"
]


@dataclass(frozen=True)
class Colour:
    """A colour in the light and in the dark theme, and the theme variable that overrides it."""

    light: str
    dark: str
    jupyter: str = ""


PALETTE: dict[Ink, Colour] = {
    "ink": Colour("#1b2530", "#e9eef3", "--jp-ui-font-color1"),
    "mut": Colour("#55626f", "#a9b5c1"),
    "line": Colour("#d3dae1", "#3c4752"),
    "card": Colour("#fff", "#171c22", "--jp-layout-color1"),
    "pan": Colour("#f3f6f9", "#232b34"),
    "own": Colour("#0a6957", "#63d6bb"),  # of its own, right, done
    "ownt": Colour("#e0f3ed", "#15392f"),
    "shr": Colour("#8a4b00", "#f4bd6e"),  # shared, not yet, begun
    "shrt": Colour("#fcf0da", "#3e2e13"),
    "inn": Colour("#1c59b3", "#8fbcff"),  # the inside, the learner's own
    "innt": Colour("#e8f0fc", "#1b3050"),
    "bad": Colour("#a92a20", "#ffa198"),  # differs, fails
    "badt": Colour("#fcebe9", "#491e1c"),
}
"""Role to colour. ``…t`` is the tint of the strong colour before it."""

GROUNDS: tuple[Ink, ...] = ("pan", "ownt", "shrt", "innt", "badt")
"""Never the colour of a line."""

SANS = "system-ui,sans-serif"
MONO = "ui-monospace,Menlo,Consolas,monospace"


def standalone_css() -> str:
    """For an SVG that stands alone: dark where the reader asks for dark.

    Light needs no rule: each element carries its light colour as an attribute, so that a picture
    whose style sheet was taken away (GitHub does so) is still a picture.
    """
    rules = _rules({ink: colour.dark for ink, colour in PALETTE.items()})
    return f"@media screen and (prefers-color-scheme:dark){{{rules}}}"


def inline_css() -> str:
    """For pictures in a page: the theme of JupyterLab or VS Code, else the reader's preference."""
    light = _variables({ink: colour.light for ink, colour in PALETTE.items()})
    dark = _variables({ink: colour.dark for ink, colour in PALETTE.items()})
    return (
        f".labkit{{{light}}}"
        "@media screen{body[data-jp-theme-light=false] .labkit,"
        f"body.vscode-dark .labkit{{{dark}}}}}"
        "@media screen and (prefers-color-scheme:dark)"
        f"{{body:not([data-jp-theme-light],.vscode-light) .labkit{{{dark}}}}}"
        + _rules({ink: css_value(ink) for ink in PALETTE})
    )


def css_value(ink: Ink) -> str:
    """The colour as CSS, in a page that has :func:`inline_css`."""
    return f"var(--k-{ink})"


def _rules(values: dict[Ink, str]) -> str:
    fills = "".join(f".lk-{ink}{{fill:{value}}}" for ink, value in values.items())
    return fills + "".join(
        f".lks-{ink}{{stroke:{value}}}" for ink, value in values.items() if ink not in GROUNDS
    )


def _variables(colours: dict[Ink, str]) -> str:
    def value(ink: Ink) -> str:
        theme = PALETTE[ink].jupyter
        return f"var({theme},{colours[ink]})" if theme else colours[ink]

    return ";".join(f"--k-{ink}:{value(ink)}" for ink in colours)
