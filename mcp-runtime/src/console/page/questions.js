// Questions of the server, with what the user, or a model in their place, may say to them.

import { h, notice } from "./dom.js";
import { schemaForm } from "./form.js";
import { tree } from "./json.js";

/**
 * A question as a card. `answer` takes the result of the request and says how that went: nothing, or an error that is
 * shown. The card stays until whoever made it takes it away.
 */
export function question(key, request, answer) {
  const { method, params = {} } = request;
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const buttons = h("div", { class: "buttons" });
  const send = async (make) => {
    wrong.hidden = true;
    let value;
    try {
      value = make();
    } catch (error) {
      return; // The form has said what is wrong.
    }
    card.classList.add("busy");
    for (const button of buttons.children) button.disabled = true;
    try {
      await answer(value);
    } catch (error) {
      wrong.textContent = error.message;
      wrong.hidden = false;
      for (const button of buttons.children) button.disabled = false;
    }
    card.classList.remove("busy");
  };
  const button = (text, kind, make) => {
    const it = h("button", { type: kind === "primary" ? "submit" : "button", class: kind, text });
    if (kind !== "primary") it.addEventListener("click", () => send(make));
    buttons.append(it);
    return it;
  };
  const parts = PARTS[method]?.(params, button) ?? PARTS.other(request, button);
  const card = h("form", { class: "question", "aria-label": `Question ${key}`, novalidate: true },
    h("div", { class: "question-head" }, h("span", { class: "pill ask", text: LABELS[method] ?? method }), h("code", { class: "faint", text: key })),
    params.message ? h("p", { class: "question-text", text: params.message }) : null,
    parts.body, wrong, buttons);
  card.addEventListener("submit", (event) => {
    event.preventDefault();
    send(parts.make);
  });
  return card;
}

const LABELS = { "elicitation/create": "The server asks", "sampling/createMessage": "The server asks your model", "roots/list": "The server asks for your folders" };

const PARTS = {
  "elicitation/create"(params, button) {
    const refuse = () => {
      button("Decline", "", () => ({ action: "decline" }));
      button("Dismiss", "quiet", () => ({ action: "cancel" }));
    };
    if (params.mode === "url") {
      const make = () => ({ action: "accept" });
      button("I have been there", "primary", make);
      refuse();
      return { make, body: page(params.url) };
    }
    const form = schemaForm(params.requestedSchema ?? { type: "object", properties: {} }, "answer");
    const make = () => ({ action: "accept", content: form.read() });
    button("Accept", "primary", make);
    refuse();
    return { make, body: form.element };
  },

  "sampling/createMessage"(params, button) {
    const text = h("textarea", { rows: 4, "aria-label": "What the model answers" });
    const make = () => ({ role: "assistant", model: "console", stopReason: "endTurn", content: { type: "text", text: text.value } });
    button("Answer", "primary", make);
    const asked = h("details", { class: "wire", open: true }, h("summary", { text: "What it is asked" }), tree(params, 3));
    return { make, body: h("div", {}, asked, h("label", { class: "row" }, h("span", { class: "name", text: "Answer in the model’s place" }), text)) };
  },

  "roots/list"(params, button) {
    const text = h("textarea", { class: "code", rows: 2, spellcheck: "false", "aria-label": "Folders, one a line", placeholder: "file:///home/me/project" });
    const make = () => ({ roots: text.value.split("\n").map((line) => line.trim()).filter(Boolean).map((uri) => ({ uri })) });
    button("Answer", "primary", make);
    return { make, body: h("label", { class: "row" }, h("span", { class: "name", text: "Folders, one a line" }), text) };
  },

  other(request, button) {
    const form = schemaForm(true, "result");
    button("Answer", "primary", () => form.read());
    return { make: () => form.read(), body: h("div", {}, tree(request, 3), form.element) };
  },
};

/** A page to visit. Only what is a web address becomes a link. */
function page(url) {
  let host = null;
  try {
    const parsed = new URL(url);
    if (["https:", "http:"].includes(parsed.protocol)) host = parsed.host;
  } catch { /* Then it is none. */ }
  if (!host) return notice("bad", "This is no web address: ", h("code", { text: String(url) }));
  return h("p", {}, h("a", { href: url, target: "_blank", rel: "noopener noreferrer", text: `Open ${host}` }), h("br"), h("code", { class: "faint", text: url }));
}
