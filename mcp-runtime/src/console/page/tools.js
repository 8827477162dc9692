// Tools: what they are, and calling them.

import { get } from "./api.js";
import { run } from "./call.js";
import { empty, fill, fresh, h, notice } from "./dom.js";
import { schemaForm } from "./form.js";
import { document_ } from "./json.js";

let tools = null;

export async function loadTools(again = false) {
  if (!tools || again) ({ tools } = await get("tools"));
  return tools;
}

export async function toolItems() {
  return (await loadTools()).map((tool) => ({
    key: tool.name,
    href: `#/tools/${encodeURIComponent(tool.name)}`,
    title: tool.name,
    note: tool.description ?? tool.title ?? "",
    marks: [tool.enabled ? null : ["off", "off"], tool.task.support === "forbidden" ? null : ["task", "live"]].filter(Boolean),
  }));
}

const HINTS = [
  ["readOnlyHint", true, "read only", "good", "It changes nothing."],
  ["destructiveHint", true, "destructive", "bad", "It may destroy something."],
  ["destructiveHint", false, "not destructive", "plain", "It only adds."],
  ["idempotentHint", true, "idempotent", "plain", "A second call with the same arguments changes nothing more."],
  ["openWorldHint", true, "open world", "plain", "It deals with the world outside."],
  ["openWorldHint", false, "closed world", "plain", "It deals with nothing outside."],
];

/** The page of a tool. `start` are arguments to begin with. */
export async function toolPage(name, server, start) {
  const tool = (await loadTools()).find((one) => one.name === name);
  if (!tool) return empty("There is no such tool", "It may have been removed, or another server runs here now.");
  const hints = HINTS.filter(([key, value]) => tool.annotations?.[key] === value)
    .map(([, , label, tone, title]) => h("span", { class: `pill ${tone}`, title, text: label }));
  const support = { optional: "may run as a task", required: "runs as a task only" }[tool.task.support];
  return h("div", { class: "page" },
    h("h1", { tabindex: "-1" }, h("code", { text: tool.name })),
    tool.title ? h("p", { class: "subtitle", text: tool.title }) : null,
    h("div", { class: "pills" }, tool.enabled ? null : h("span", { class: "pill off", text: "switched off" }), hints,
      support ? h("span", { class: "pill live", text: support }) : null,
      tool.requires.map((feature) => h("span", { class: "pill ask", text: `needs ${feature}` }))),
    tool.description ? h("p", { class: "lead", text: tool.description }) : null,
    caller(tool, server, start),
    about(tool, server));
}

function caller(tool, server, start) {
  const form = schemaForm(tool.input_schema);
  if (start !== undefined) form.write(start);
  const runs = h("div", { class: "runs", "aria-label": "Calls" });
  const revision = h("select", { id: fresh("revision") }, server.revisions.map((one) => h("option", { value: one, text: one })));
  const mode = fresh("mode");
  const way = (value, label, checked) => {
    const id = fresh("mode");
    return [h("input", { type: "radio", name: mode, id, value, checked }), h("label", { for: id, text: label })];
  };
  const { support } = tool.task;
  const modes = support === "forbidden" ? null : h("div", { class: "ways", role: "group", "aria-label": "How it runs" },
    way("inline", "Inline", support === "optional"), way("task", "As a task", support === "required"));
  const note = h("p", { class: "faint how" });
  const how = () => ({
    revision: revision.value,
    modern: server.modern.includes(revision.value),
    task: modes?.querySelector(":checked")?.value === "task",
  });
  const explain = () => { note.textContent = explanation(tool, server, how()); note.hidden = note.textContent === ""; };
  const element = h("form", { class: "card call", novalidate: true, "aria-label": `Call ${tool.name}` },
    form.element,
    h("div", { class: "call-foot" },
      h("button", { type: "submit", class: "primary", title: "Ctrl+Enter" }, "Call"),
      modes,
      h("label", { class: "inline", for: revision.id }, h("span", { class: "faint", text: "Revision" }), revision)),
    note);
  element.addEventListener("change", explain);
  explain();
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    let args;
    try {
      args = form.read();
    } catch {
      return; // The form has said what is wrong.
    }
    const card = run(tool, args, how());
    runs.prepend(card);
    card.scrollIntoView({ block: "nearest" });
    while (runs.children.length > 20) runs.lastChild.remove();
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      element.requestSubmit();
    }
  });
  return [element, runs];
}

/** What will become of the call, where that is not plain to see. */
function explanation(tool, server, { revision, modern, task }) {
  const { support, inline_budget: own } = tool.task;
  const budget = own ?? `${server.tasks?.inline_budget_ms ?? 500}ms`;
  if (support === "forbidden") return "";
  if (task && modern && support === "optional") return `Since 2026-07-28 the server decides: what takes no longer than ${budget} is answered at once, the rest becomes a task.`;
  if (task && !modern && revision !== "2025-11-25") return `Revision ${revision} knows no tasks: the call runs inline.`;
  if (!task && support === "required") return "It will be refused: this tool runs as a task only.";
  return "";
}

/** Everything else, in tabs. */
function about(tool, server) {
  const task = Object.entries(tool.task).filter(([, value]) => value !== null && value !== false && value !== "");
  const panes = {
    "Input schema": () => document_("Input schema", tool.input_schema, 4),
    ...(tool.output_schema ? { "Output schema": () => document_("Output schema", tool.output_schema, 4) } : {}),
    ...(tool.task.support === "forbidden" ? {} : { "As a task": () => h("dl", { class: "facts" }, task.map(([key, value]) => [
      h("dt", { text: key.replaceAll("_", " ") }), h("dd", { text: typeof value === "object" ? JSON.stringify(value) : value })])) }),
    "On each wire": () => wires(tool, server),
  };
  return tabs(panes, "About this tool");
}

/** The definition as clients of one revision see it. */
function wires(tool, server) {
  const pane = h("div", {});
  const select = h("select", { id: fresh("wire") }, server.revisions.map((one) => h("option", { value: one, text: one })));
  const show = () => {
    const before = server.revisions[server.revisions.indexOf(select.value) + 1];
    const [now, then] = [tool.wires[select.value], tool.wires[before] ?? {}];
    const news = before ? Object.keys(now).filter((key) => !(key in then)) : [];
    const gone = before ? Object.keys(then).filter((key) => !(key in now)) : [];
    fill(pane,
      news.length || gone.length ? notice("plain", `Beside ${before}: `, news.length ? `with ${news.join(", ")}` : null, news.length && gone.length ? "; " : null, gone.length ? `without ${gone.join(", ")}` : null, ".") : null,
      document_(`As ${select.value} lists it`, now, 4));
  };
  select.addEventListener("change", show);
  show();
  return h("div", {}, h("label", { class: "inline", for: select.id }, h("span", { class: "faint", text: "Revision" }), select), pane);
}

/** Tabs as the ARIA practices have them: arrows move, only the chosen one is in the order of focus. */
export function tabs(panes, label) {
  const pane = h("div", { class: "pane", role: "tabpanel", id: fresh("pane"), tabindex: "0" });
  const names = Object.keys(panes);
  const buttons = names.map((name) => h("button", { type: "button", role: "tab", id: fresh("tab"), "aria-controls": pane.id, text: name }));
  const choose = (index, focus) => {
    buttons.forEach((button, at) => {
      button.setAttribute("aria-selected", String(at === index));
      button.tabIndex = at === index ? 0 : -1;
    });
    pane.setAttribute("aria-labelledby", buttons[index].id);
    fill(pane, panes[names[index]]());
    if (focus) buttons[index].focus();
  };
  buttons.forEach((button, index) => {
    button.addEventListener("click", () => choose(index));
    button.addEventListener("keydown", (event) => {
      const to = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: names.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose((to + names.length) % names.length, true);
    });
  });
  choose(0);
  return h("section", { class: "card about" }, h("div", { class: "tabs", role: "tablist", "aria-label": label }, buttons), pane);
}
