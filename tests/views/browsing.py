"""Pages looked at by a real browser: what is where on them, and what their buttons do.

Playwright runs in a thread of its own: a thread can have only one, and other tests may have it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page, sync_playwright

from labkit.views.picture import css

OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
Look = Callable[..., Any]


@contextmanager
def browser() -> Iterator[Look]:
    """A browser: ``look(html, script, …)`` shows a page and gives what the script returns."""
    with ThreadPoolExecutor(1) as pool:
        playwright = pool.submit(sync_playwright().start).result()
        chromium = pool.submit(
            playwright.chromium.launch, executable_path="/usr/bin/chromium", args=OPTIONS.split()
        ).result()

        def look(html: str, script: str, *, width: int = 860, scheme: str = "light") -> Any:
            def on_a_page() -> Any:
                page = chromium.new_page(
                    viewport={"width": width, "height": 900},
                    color_scheme=scheme,  # type: ignore[arg-type]
                )
                try:
                    return _show(page, html, script)
                finally:
                    page.close()

            return pool.submit(on_a_page).result()

        try:
            yield look
        finally:
            pool.submit(chromium.close).result()
            pool.submit(playwright.stop).result()


def _show(page: Page, html: str, script: str) -> Any:
    errors: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.set_content(html)
    found = page.evaluate(script)
    wanted = [url for url in asked if not url.startswith(("data:", "blob:"))]
    if errors or wanted:
        raise AssertionError(f"errors: {errors}; asked for: {wanted}")
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
