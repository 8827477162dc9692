// JSON to look at: folded where it is large, the rest in sight.

import { copyButton, h } from "./dom.js";
import { cut } from "./format.js";

/** How many entries of a list are made at once. */
const MANY = 100;

/** A value as a tree. */
export function tree(value, open = 2) {
  return h("div", { class: "json" }, node(value, open));
}

/** A value as a tree, with a heading and a button that copies it. */
export function document_(title, value, open = 2) {
  return h("section", { class: "document" },
    h("div", { class: "document-head" }, h("h3", { text: title }), copyButton(() => JSON.stringify(value, null, 2))),
    tree(value, open));
}

function node(value, open) {
  if (value === null || typeof value !== "object") return scalar(value);
  const list = Array.isArray(value);
  const entries = list ? value.map((item, index) => [index, item]) : Object.entries(value);
  // A few words need no lines of their own.
  if (list && entries.length && value.every((item) => item === null || typeof item !== "object") && JSON.stringify(value).length <= 60) {
    return h("span", {}, h("span", { class: "json-mark", text: "[" }),
      value.map((item, index) => [index ? h("span", { class: "json-mark", text: ", " }) : null, scalar(item)]),
      h("span", { class: "json-mark", text: "]" }));
  }
  const [left, right] = list ? "[]" : "{}";
  if (!entries.length) return h("span", { class: "json-mark", text: left + right });
  const details = h("details", { class: "json-node", open: open > 0 },
    h("summary", {}, h("span", { class: "json-mark", text: left }),
      h("span", { class: "json-fold", text: ` ${summary(entries, list)} ${right}` })));
  const body = h("div", { class: "json-body" });
  let made = 0;
  const more = () => {
    for (const [key, item] of entries.slice(made, made + MANY)) {
      body.append(h("div", { class: "json-row" },
        list ? null : [h("span", { class: "json-key", text: key }), h("span", { class: "json-mark", text: ": " })],
        node(item, open - 1)));
    }
    made += MANY;
    if (made < entries.length) {
      const button = h("button", { type: "button", class: "quiet small", text: `${entries.length - made} more` });
      button.addEventListener("click", () => { button.remove(); more(); });
      body.append(button);
    }
  };
  // Only what is opened is made.
  if (open > 0) more();
  else details.addEventListener("toggle", more, { once: true });
  details.append(body, h("span", { class: "json-mark json-end", text: right }));
  return details;
}

function summary(entries, list) {
  if (list) return entries.length === 1 ? "1 item" : `${entries.length} items`;
  return cut(entries.map(([key]) => key).join(", "), 60);
}

function scalar(value) {
  const kind = value === null ? "null" : typeof value;
  const text = kind === "string" ? JSON.stringify(value) : String(value);
  return h("span", { class: `json-${kind}`, text });
}
