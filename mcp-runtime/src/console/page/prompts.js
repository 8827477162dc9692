// Prompts: their arguments, and the messages that they make.

import { empty, fill, h, notice } from "./dom.js";
import { schemaForm } from "./form.js";
import { document_ } from "./json.js";
import { list, modern } from "./mcp.js";
import { asking } from "./resources.js";
import { block, wire } from "./result.js";

let prompts = null;

async function load(server) {
  if (!server.capabilities[server.modern[0]].prompts) return [];
  prompts ??= await list(server.modern[0], "prompts/list", "prompts");
  return prompts;
}

export const forgetPrompts = () => { prompts = null; };

export async function promptItems(server) {
  return (await load(server)).map((prompt) => ({
    key: prompt.name, href: `#/prompts/${encodeURIComponent(prompt.name)}`, title: prompt.name, note: prompt.description ?? prompt.title ?? "", marks: [],
  }));
}

export async function promptPage(name, server) {
  const prompt = (await load(server)).find((one) => one.name === name);
  if (!prompt) return empty("There is no such prompt");
  const args = prompt.arguments ?? [];
  const form = schemaForm({
    type: "object",
    properties: Object.fromEntries(args.map((one) => [one.name, { type: "string", description: one.description }])),
    required: args.filter((one) => one.required).map((one) => one.name),
  });
  const made = h("div", { class: "runs" });
  const element = h("form", { class: "card call", novalidate: true, "aria-label": `Get ${name}` }, form.element,
    h("div", { class: "call-foot" }, h("button", { type: "submit", class: "primary", text: "Get" })));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    let values;
    try {
      values = form.read();
    } catch {
      return;
    }
    fill(made, h("p", { class: "loading", text: "Getting it…" }));
    try {
      const result = await asking(made, (more) => modern(server.modern[0], "prompts/get", { name, arguments: values, ...more }));
      fill(made, h("section", { class: "card" }, h("h2", { text: "Messages" }), result.description ? h("p", { class: "faint", text: result.description }) : null,
        result.messages.map(({ role, content }) => h("div", { class: "said" }, h("span", { class: "pill plain", text: role }), block(content))), wire(result)));
    } catch (error) {
      fill(made, notice("bad", error.message));
    }
  });
  return h("div", { class: "page" }, h("h1", { tabindex: "-1" }, h("code", { text: name })), prompt.title ? h("p", { class: "subtitle", text: prompt.title }) : null,
    prompt.description ? h("p", { class: "lead", text: prompt.description }) : null,
    element, made, h("section", { class: "card" }, document_("Definition", prompt, 3)));
}
