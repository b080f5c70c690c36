// A picture that lives: real buttons, real sliders, the picture or its tables, what has changed.
// Python draws and acts; this shows, asks, and says aloud.

const PATIENCE_MS = 30000; // after this a silent kernel is called silent, and one may press again
const REST_MS = 250; // a slider at rest so long is meant; a key held down is not thirty limits

function make(tag, attributes = {}, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

function render({ model, el }) {
  const bar = make("div", { class: "labkit-bar", role: "group", "aria-label": model.get("title") });
  const slides = make("div", { class: "labkit-sliders" });
  const said = make("p", { class: "labkit-said", role: "status", "aria-live": "polite" });
  const wrong = make("div", { class: "labkit-wrong", role: "alert" });
  const shown = make("div", { class: "labkit-shown" });
  el.classList.add("labkit", "labkit-live");
  el.append(bar, slides, said, wrong, shown);

  let seq = 0;
  let waiting = null; // { seq, timer, node, slide } of the request on its way
  const next = new Map(); // what was pressed or moved meanwhile, the last of each
  let isText = false;
  let isSeen = false;
  const me = Math.random().toString(36).slice(2); // the same widget may be shown twice

  // A disabled button would lose the focus; aria-disabled keeps it, and presses are held back here.
  function setBusy(node) {
    for (const one of bar.children) one.setAttribute("aria-disabled", String(Boolean(node)));
    el.toggleAttribute("data-busy", Boolean(node));
  }

  function settle() {
    clearTimeout(waiting.timer);
    waiting = null;
    setBusy(null);
    place();
    const [[name, queued] = []] = next;
    next.delete(name);
    if (queued) ask(...queued);
  }

  function ask(what, node) {
    if (waiting) {
      // What somebody does waits for an automatic refresh; where a slider was left waits for all.
      if (node && (!waiting.node || what.slide)) next.set(what.slide ?? "", [what, node]);
      return;
    }
    const timer = setTimeout(() => {
      said.textContent = "The kernel does not answer. It may be busy, or it was restarted.";
      settle();
    }, PATIENCE_MS);
    waiting = { seq: `${me}-${++seq}`, timer, node, slide: what.slide };
    setBusy(node);
    model.send({ seq: waiting.seq, ...what, is_automatic: !node });
  }

  function button(label, onPress, help = "") {
    const node = make("button", { type: "button", "aria-disabled": "false" }, label);
    if (help) node.title = help;
    node.addEventListener("click", () => onPress(node));
    bar.append(node);
    return node;
  }

  button("Refresh", (node) => ask({ press: "refresh" }, node));
  const toggle = button("As text", () => {
    isText = !isText;
    toggle.textContent = isText ? "As picture" : "As text";
    draw();
  });
  for (const { id, label, help } of model.get("actions")) {
    button(label, (node) => ask({ press: id }, node), help);
  }

  // Python names the stops of a slider; what is sent is the place of one.
  const moved = new Map(); // id → timer of a slider that somebody moves
  const sliders = (model.get("sliders") ?? []).map(({ id, label, help, stops }, i) => {
    const name = make("label", { for: `${me}-${i}`, title: help }, label);
    const input = make("input", { type: "range", min: 0, max: stops.length - 1, id: `${me}-${i}` });
    const words = make("output", { for: `${me}-${i}`, "aria-hidden": "true" });
    if (help) input.setAttribute("aria-description", help);
    // Else JupyterLab takes the arrow keys: a slider is nothing that one writes in.
    input.setAttribute("data-lm-suppress-shortcuts", "true");
    const tell = (text) => {
      words.textContent = text;
      input.setAttribute("aria-valuetext", text);
    };
    const move = (timer) => {
      clearTimeout(moved.get(id));
      moved.set(id, timer);
    };
    input.addEventListener("input", () => {
      move(null);
      tell(stops[input.value]);
    });
    input.addEventListener("change", () =>
      move(setTimeout(() => {
        moved.delete(id);
        ask({ slide: id, at: Number(input.value) }, input);
      }, REST_MS)),
    );
    slides.append(name, input, words);
    return { id, input, tell };
  });

  function place() {
    for (const { id, input, tell } of sliders) {
      if (moved.has(id) || next.has(id) || waiting?.slide === id) continue; // somebody has it
      const { at, words } = model.get("places")[id];
      input.value = at;
      tell(words);
    }
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
    if (message.said || waiting.node) said.textContent = message.said ?? "";
    settle();
  }

  const seen = new IntersectionObserver((entries) => (isSeen = entries.at(-1).isIntersecting));
  seen.observe(el);
  const every = model.get("every_s");
  const clock = every
    ? setInterval(() => isSeen && !document.hidden && ask({ press: "refresh" }, null), every * 1000)
    : null;

  model.on("change:picture change:table", draw);
  model.on("change:error change:is_stale", tellError);
  model.on("change:places", place);
  model.on("msg:custom", onMessage);
  draw();
  tellError();
  place();

  return () => {
    seen.disconnect();
    moved.forEach(clearTimeout);
    clearInterval(clock);
    clearTimeout(waiting?.timer);
    model.off("change:picture change:table", draw);
    model.off("change:error change:is_stale", tellError);
    model.off("change:places", place);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
