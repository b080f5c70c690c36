"""The colours are legible in both themes, on whatever they stand."""

from __future__ import annotations

import pytest

from labkit.views.palette import PALETTE

TEXT = ("ink", "mut", "own", "shr", "inn", "bad")
ON = {
    "ink": ("card", "pan", "ownt", "shrt", "innt", "badt"),
    "mut": ("card", "pan", "ownt", "shrt", "innt"),
    "own": ("card", "pan", "ownt", "innt"),
    "shr": ("card", "pan", "shrt", "innt"),
    "inn": ("card", "pan", "innt"),
    "bad": ("card", "pan", "badt", "innt"),
}
JUPYTER_GROUNDS = {"light": ("#ffffff",), "dark": ("#111111", "#212121")}
"""--jp-layout-color0 and 1 of JupyterLab's own themes: what a card is drawn on."""


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of ``#rgb`` or ``#rrggbb``."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_oracle_knows_the_extremes() -> None:
    assert contrast("#fff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#fff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ink", TEXT)
def test_text_has_contrast_on_every_ground_it_stands_on(ink: str, theme: str) -> None:
    colour = getattr(PALETTE[ink], theme)  # type: ignore[index]
    grounds = [getattr(PALETTE[name], theme) for name in ON[ink]]  # type: ignore[index]
    for ground in (*grounds, *JUPYTER_GROUNDS[theme]):
        assert contrast(colour, ground) >= 4.5, (ink, ground)
