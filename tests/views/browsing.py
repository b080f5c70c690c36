"""Pages looked at by a real browser: what is where on them, and what their buttons do.

Playwright runs in a thread of its own: a thread can have only one, and other tests may have it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Literal

from playwright.sync_api import Error, Page, Request, sync_playwright

from labkit.views.picture import css

OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip
Look = Callable[..., Any]
Scheme = Literal["light", "dark"]


@contextmanager
def browser() -> Iterator[Look]:
    """A browser: ``look(html, script, …)`` shows a page and gives what the script returns."""
    with ThreadPoolExecutor(1) as pool:
        playwright = pool.submit(sync_playwright().start).result()
        try:
            chromium = pool.submit(
                playwright.chromium.launch, executable_path="/usr/bin/chromium", args=OPTIONS
            ).result()
            page = pool.submit(chromium.new_page).result()
            yield lambda *asked, **how: pool.submit(_look, page, *asked, **how).result()
            pool.submit(chromium.close).result()
        finally:
            pool.submit(playwright.stop).result()


def _look(page: Page, html: str, script: str, *, width: int = 860, scheme: Scheme = "light") -> Any:
    errors: list[str] = []
    asked: list[str] = []

    def note_error(error: Error) -> None:
        errors.append(str(error))

    def note_request(request: Request) -> None:
        if not request.url.startswith(("data:", "blob:", "about:")):
            asked.append(request.url)

    page.goto("about:blank")
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.on("pageerror", note_error)
    page.on("request", note_request)
    try:
        page.set_content(html)
        found = page.evaluate(script)
    finally:
        page.remove_listener("pageerror", note_error)
        page.remove_listener("request", note_request)
    if errors or asked:
        raise AssertionError(f"errors: {errors}; asked for: {asked}")
    return found


MODEL = """
class Model {
  constructor(state) { this.state = state; this.heard = []; this.sent = []; }
  get(name) { return this.state[name]; }
  send(message) { this.sent.push(message); }
  on(names, f) { for (const name of names.split(" ")) this.heard.push([name, f]); }
  off(names, f) { this.heard = this.heard.filter(([, g]) => g !== f); }
  fire(name, ...what) { for (const [n, f] of [...this.heard]) if (n === name) f(...what); }
  set(name, value) { this.state[name] = value; this.fire("change:" + name); }
  answer(more) {
    this.fire("msg:custom", { seq: this.sent.at(-1).seq, is_done: true, ...more });
  }
}
const load = (code) => import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
"""


def act(name: str, state: dict[str, Any], script: str) -> str:
    """A script that shows the widget ``name`` in that state and then does ``script``.

    The script has ``model``, ``el``, ``leave`` (what ``render`` returned) and ``button(label)``.
    """
    folder = files("labkit.views")
    sheet = css() + (folder / "widgets.css").read_text("utf-8")
    return f"""async () => {{
      {MODEL}
      const model = new Model({json.dumps(state)});
      document.head.append(Object.assign(document.createElement("style"),
        {{ textContent: {json.dumps(sheet)} }}));
      const el = document.createElement("div");
      document.body.append(el);
      const code = {json.dumps((folder / f"{name}.js").read_text("utf-8"))};
      const leave = (await load(code)).default.render({{ model, el }});
      const button = (label) =>
        [...el.querySelectorAll("button")].find((one) => one.textContent === label);
      const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      {script}
    }}"""
