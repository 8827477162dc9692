// The server: what it says of itself, and what it can do by revision.

import { feed } from "./api.js";
import { fill, fresh, h } from "./dom.js";
import { tree } from "./json.js";

export function homePage(server, counts) {
  const { info } = server;
  const facts = [
    ["Name", h("code", { text: info.name })],
    ["Version", h("code", { text: info.version })],
    ["Calls as", server.principal ?? "nobody in particular"],
    ["Tasks", server.tasks ? h("span", {}, `${server.tasks.live} at a time, kept for ${duration(server.tasks.ttl_ms)}; a call becomes one after ${server.tasks.inline_budget_ms} ms`) : "none of its tools may be one"],
  ];
  const numbers = h("div", { class: "tiles" });
  const show = () => {
    const waiting = feed.latest().filter((task) => task.state === "input_required").length;
    fill(numbers, tile("#/tools", counts.tools, "tools"), tile("#/prompts", counts.prompts, "prompts"), tile("#/resources", counts.resources, "resources"),
      server.tasks ? tile("#/tasks", feed.begun ? feed.numbers.running + feed.numbers.due + feed.numbers.waiting : "…", "live tasks") : null,
      waiting ? tile("#/tasks", waiting, "need input", "ask") : null);
  };
  show();
  feed.addEventListener("tasks", show);
  const element = h("div", { class: "page" },
    h("h1", { tabindex: "-1" }, info.title ?? info.name),
    info.description ? h("p", { class: "lead", text: info.description }) : null,
    numbers,
    server.instructions ? h("section", { class: "card" }, h("h2", { text: "Instructions" }), h("p", { class: "prose", text: server.instructions })) : null,
    h("section", { class: "card" }, h("h2", { text: "Capabilities" }), h("p", { class: "faint", text: "Derived from what is registered, as clients of each revision are told." }), matrix(server)),
    h("section", { class: "card" }, h("h2", { text: "About" }), h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", { text: name }), h("dd", {}, value)]))));
  return { element, stop: () => feed.removeEventListener("tasks", show) };
}

function tile(href, count, label, tone = "") {
  return h("a", { class: `tile ${tone}`, href }, h("span", { class: "tile-count", text: count }), h("span", { class: "tile-label", text: label }));
}

function duration(ms) {
  const hours = ms / 3600000;
  return hours >= 48 ? `${Math.round(hours / 24)} days` : hours >= 1 ? `${Math.round(hours)} hours` : `${Math.round(ms / 60000)} minutes`;
}

/** Capabilities by revision: a row for each, its settings behind it. */
function matrix(server) {
  const names = [...new Set(server.revisions.flatMap((one) => Object.keys(server.capabilities[one])))];
  const detail = h("div", { id: fresh("capability") });
  const cell = (revision, name) => {
    const value = server.capabilities[revision][name];
    if (value === undefined) return h("td", { class: "faint" }, h("span", { "aria-label": "no", text: "–" }));
    const settings = Object.keys(value ?? {});
    if (!settings.length) return h("td", {}, h("span", { class: "yes", "aria-label": "yes", text: "✓" }));
    const button = h("button", { type: "button", class: "quiet small", text: `✓ ${settings.length}`, "aria-label": `${name} in ${revision}: ${settings.join(", ")}`, title: settings.join(", ") });
    button.addEventListener("click", () => fill(detail, h("h3", {}, h("code", { text: name }), ` in ${revision}`), tree(value, 4)));
    return h("td", {}, button);
  };
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Capabilities by revision" },
    h("table", {}, h("thead", {}, h("tr", {}, h("td", {}), server.revisions.map((one) => h("th", { scope: "col", text: one })))),
      h("tbody", {}, names.map((name) => h("tr", {}, h("th", { scope: "row" }, h("code", { text: name })), server.revisions.map((one) => cell(one, name)))))),
    detail);
}
