// A picture that lives: a toolbar of real buttons, the picture or its tables, what has changed.
// Python draws and acts; this shows, asks, and says aloud.

const PATIENCE_MS = 30000; // after this a silent kernel is called silent, and one may press again

function make(tag, attributes = {}, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

export function render({ model, el }) {
  const bar = make("div", { class: "labkit-bar", role: "group", "aria-label": model.get("title") });
  const said = make("p", { class: "labkit-said", role: "status", "aria-live": "polite" });
  const wrong = make("div", { class: "labkit-wrong", role: "alert" });
  const shown = make("div", { class: "labkit-shown" });
  el.classList.add("labkit", "labkit-live");
  el.append(bar, said, wrong, shown);

  let seq = 0;
  let waiting = null; // { seq, timer, button } of the request on its way
  let next = null; // what was pressed meanwhile
  let isText = false;
  let isSeen = false;
  const me = Math.random().toString(36).slice(2); // the same widget may be shown twice

  // A disabled button would lose the focus; aria-disabled keeps it, and presses are held back here.
  function setBusy(button) {
    for (const one of bar.children) one.setAttribute("aria-disabled", String(Boolean(button)));
    el.toggleAttribute("data-busy", Boolean(button));
  }

  function settle() {
    clearTimeout(waiting.timer);
    waiting = null;
    setBusy(null);
    const queued = next;
    next = null;
    if (queued) ask(...queued);
  }

  function ask(press, button) {
    if (waiting) {
      if (button && !waiting.button) next = [press, button]; // only an automatic one is on its way
      return;
    }
    const timer = setTimeout(() => {
      said.textContent = "The kernel does not answer. It may be busy, or it was restarted.";
      settle();
    }, PATIENCE_MS);
    waiting = { seq: `${me}-${++seq}`, timer, button };
    setBusy(button);
    model.send({ seq: waiting.seq, press, is_automatic: !button });
  }

  function button(label, onPress, help = "") {
    const node = make("button", { type: "button", "aria-disabled": "false" }, label);
    if (help) node.title = help;
    node.addEventListener("click", () => onPress(node));
    bar.append(node);
    return node;
  }

  button("Refresh", (node) => ask("refresh", node));
  const toggle = button("As text", () => {
    isText = !isText;
    toggle.textContent = isText ? "As picture" : "As text";
    draw();
  });
  for (const { id, label, help } of model.get("actions")) {
    button(label, (node) => ask(id, node), help);
  }

  function draw() {
    const links = [...shown.querySelectorAll("a")];
    const focused = links.indexOf(shown.ownerDocument.activeElement);
    shown.innerHTML = model.get(isText ? "table" : "picture"); // escaped where it was drawn
    if (focused >= 0) shown.querySelectorAll("a")[focused]?.focus();
  }

  function tellError() {
    const { what, why, hint } = model.get("error");
    shown.toggleAttribute("data-stale", model.get("is_stale"));
    wrong.replaceChildren();
    if (!what) return;
    wrong.append(make("strong", {}, what), why ? `: ${why}` : "");
    if (hint) wrong.append(make("span", { class: "labkit-hint" }, hint));
    if (model.get("is_stale")) {
      wrong.append(make("span", { class: "labkit-hint" }, "The picture shows what was seen last."));
    }
  }

  function onMessage(message) {
    if (!message.is_done || message.seq !== waiting?.seq) return;
    if (message.said || waiting.button) said.textContent = message.said ?? "";
    settle();
  }

  const seen = new IntersectionObserver((entries) => (isSeen = entries.at(-1).isIntersecting));
  seen.observe(el);
  const every = model.get("every_s");
  const clock = every
    ? setInterval(() => isSeen && !document.hidden && ask("refresh", null), every * 1000)
    : null;

  model.on("change:picture change:table", draw);
  model.on("change:error change:is_stale", tellError);
  model.on("msg:custom", onMessage);
  draw();
  tellError();

  return () => {
    seen.disconnect();
    clearInterval(clock);
    clearTimeout(waiting?.timer);
    model.off("change:picture change:table", draw);
    model.off("change:error change:is_stale", tellError);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
