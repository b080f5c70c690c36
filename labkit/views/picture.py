"""A picture: SVG and text, ready for whoever shows it.

Three forms of the same: HTML for a notebook (inline SVG in the theme's colours), SVG that stands
alone, and plain text. Readers that drop style sheets and inline SVG (GitHub, a notebook that is not
trusted) find in the HTML an ``<img>`` of the SVG that stands alone, and the tables.

Knows nothing about containers. Sources: WAI-ARIA Graphics 1.0; IPython's ``_repr_mimebundle_``.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from labkit.views.escape import VOLATILE_MARKUP, clean, escape, own_address
from labkit.views.palette import MONO, SANS, css_value, inline_css, standalone_css
from labkit.views.svg import number
from labkit.views.table import VOLATILE_TEXT, Table

STILL_MARKUP = r'src="data:image/svg\+xml;base64,[^"]*"'
"""Matches the copy of a picture that is packed into its HTML: for ``nbval --sanitize-with``."""

SANITISE = (VOLATILE_MARKUP, VOLATILE_TEXT, STILL_MARKUP)
"""What to leave out when two runs of a picture are compared."""

WIDTH = 800
"""Units of every picture's width. At 500 pixels a text of 15 units is still 9 pixels high."""


@dataclass(frozen=True)
class Picture:
    """What a view makes of a snapshot.

    Attributes:
        svg: stands alone: colours of its own, light and dark.
        text: the same as tables in plain text.
        title: what it is a picture of.
        tables: the tables, for HTML.
        html_extra: HTML laid over the inline SVG, such as links.
    """

    svg: str
    text: str
    title: str
    tables: tuple[Table, ...] = field(default=(), repr=False)
    html_extra: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<Picture {self.title!r}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html(), "image/svg+xml": self.svg, "text/plain": self.text}

    def html(self) -> str:
        """For a page: the picture, and its text where one asks for it."""
        packed = b64encode(self.svg.encode()).decode()
        return (
            f'<figure class="labkit" style="margin:8px 0"><style>{css()}</style>'
            f'<img class="labkit-still" alt="{escape(self.title)}"'
            f' src="data:image/svg+xml;base64,{packed}">'
            f"{self.inline_html(is_hidden=True)}"
            f"<details><summary>The same as text</summary>{self.table_html()}</details></figure>"
        )

    def inline_html(self, *, is_hidden: bool = False) -> str:
        """The picture alone, coloured by :func:`css` under an element of class ``labkit``.

        Args:
            is_hidden: shown only where style sheets are kept.
        """
        svg = self.svg.replace(_STANDALONE_STYLE, "", 1)
        hidden = " hidden" if is_hidden else ""
        return f'<div class="labkit-pic"{hidden}>{svg}{self.html_extra}</div>'

    def table_html(self) -> str:
        """The tables alone."""
        return "".join(table.html() for table in self.tables)


def make_picture(
    *,
    title: str,
    description: str,
    height: float,
    body: str,
    tables: tuple[Table, ...],
    html_extra: str = "",
) -> Picture:
    """A picture from what was drawn.

    Args:
        title: what it is a picture of; without volatile values, as is ``description``.
        description: in a sentence or two, what one sees.
        height: of the drawing; it is ``WIDTH`` wide.
        body: SVG markup.
    """
    title, description = clean(title), clean(description)
    name = _name(f"{title}\n{description}\n{body}")
    size = f"{WIDTH} {number(height)}"
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{WIDTH}"'
        f' height="{number(height)}" role="img" aria-labelledby="{name}-t {name}-d"'
        f' class="labkit-svg" font-family="{SANS}">'
        f'<title id="{name}-t">{escape(title)}</title><desc id="{name}-d">{escape(description)}'
        f"</desc>{_STANDALONE_STYLE}{body}</svg>"
    )
    text = "\n\n".join(table.text() for table in tables)
    return Picture(svg, text, title, tables, html_extra)


def css() -> str:
    """The style sheet of pictures in a page, all of it under the class ``labkit``."""
    return inline_css() + (
        ".labkit-pic,.labkit details{display:block!important;position:relative;"
        f"max-width:{WIDTH}px}}.labkit-still{{display:none}}"
        ".labkit svg{display:block;width:100%;height:auto;"
        f"font-family:var(--jp-ui-font-family,{SANS})}}"
        f".labkit .lk-m{{font-family:var(--jp-code-font-family,{MONO})}}"
        ".labkit.labkit :is(td,th){text-align:left;padding:3px}"
        ".labkit-pic>a{position:absolute;border-radius:9px}"
        f".labkit-pic>a:hover,.labkit-pic>a:focus{{outline:3px solid {css_value('inn')}}}"
    )


def overlay_link(
    href: str, label: str, *, x: float, y: float, width: float, height: float, of: float
) -> str:
    """A real link laid over a part of the picture, for ``html_extra``.

    An ``<a>`` inside SVG would not do: JupyterLab resolves relative addresses of HTML links only.

    Args:
        href: an address in the course; with any other there is no link.
        x, y, width, height: the part, in units of the drawing.
        of: the height of the drawing.
    """
    address = own_address(href)
    if not address:
        return ""
    box = {"left": x / WIDTH, "top": y / of, "width": width / WIDTH, "height": height / of}
    style = ";".join(f"{side}:{number(100 * share)}%" for side, share in box.items())
    return f'<a href="{escape(address)}" aria-label="{escape(label)}" style="{style}"></a>'


def _name(content: str) -> str:
    """An id from the content: the same at every run, so without what differs from run to run."""
    return "lk" + sha256(re.sub(VOLATILE_MARKUP, "", content).encode()).hexdigest()[:10]


_STANDALONE_STYLE = f"<style>.lk-m{{font-family:{MONO}}}{standalone_css()}</style>".replace(
    "'", "&#39;"
)
