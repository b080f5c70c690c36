// A question with a few answers, of which one is chosen and then said: a radio group.

function make(tag, attributes = {}, text = "") {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.textContent = text;
  return node;
}

// What stands between backquotes is code.
function prose(node, words) {
  words.split("`").forEach((part, i) => node.append(i % 2 ? make("code", {}, part) : part));
  return node;
}

function render({ model, el }) {
  const me = Math.random().toString(36).slice(2); // the same widget may be shown twice
  const group = make("fieldset");
  const said = make("p", { class: "labkit-said", role: "status", "aria-live": "polite" });
  const wrong = make("div", { class: "labkit-wrong", role: "alert" });
  const save = make("button", { type: "button", "aria-disabled": "false" });
  let waiting = null;

  el.classList.add("labkit", "labkit-choice");
  group.append(prose(make("legend"), model.get("question")));
  const inputs = model.get("choices").map((words, i) => {
    const input = make("input", { type: "radio", name: `lk-${me}`, value: i });
    input.setAttribute("data-lm-suppress-shortcuts", "true"); // the arrows are the group's, not the notebook's
    const label = make("label");
    label.append(input, prose(make("span"), words));
    group.append(label);
    return input;
  });
  group.append(save, said, wrong);
  el.append(group);

  save.addEventListener("click", () => {
    const chosen = inputs.findIndex((input) => input.checked);
    if (waiting) return;
    if (chosen < 0) {
      said.textContent = "Choose one of the answers first.";
      inputs[0].focus();
      return;
    }
    waiting = `${me}-${Date.now()}`;
    save.setAttribute("aria-disabled", "true");
    model.send({ seq: waiting, answer: chosen });
  });

  function draw() {
    const chosen = model.get("chosen");
    inputs.forEach((input, i) => (input.checked = i === chosen));
    save.textContent = chosen < 0 ? "This is my prediction" : "Change my prediction";
    said.textContent = model.get("message");
  }

  function tellError() {
    const { what, why, hint } = model.get("error");
    wrong.replaceChildren();
    if (!what) return;
    wrong.append(make("strong", {}, what), why ? `: ${why}` : "");
    if (hint) wrong.append(make("span", { class: "labkit-hint" }, hint));
  }

  function onMessage(message) {
    if (!message.is_done || message.seq !== waiting) return;
    waiting = null;
    save.setAttribute("aria-disabled", "false");
  }

  model.on("change:chosen change:message", draw);
  model.on("change:error", tellError);
  model.on("msg:custom", onMessage);
  draw();
  tellError();

  return () => {
    model.off("change:chosen change:message", draw);
    model.off("change:error", tellError);
    model.off("msg:custom", onMessage);
  };
}

export default { render };
