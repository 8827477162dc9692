// Resources and templates of them, and what is in them.

import { empty, fill, h, notice } from "./dom.js";
import { schemaForm } from "./form.js";
import { bytes } from "./format.js";
import { document_ } from "./json.js";
import { list, modern } from "./mcp.js";
import { question } from "./questions.js";
import { contents, wire } from "./result.js";

let all = null;

async function load(server) {
  const revision = server.modern[0];
  if (!server.capabilities[revision].resources) return [];
  if (!all) {
    const [resources, templates] = await Promise.all([list(revision, "resources/list", "resources"), list(revision, "resources/templates/list", "resourceTemplates")]);
    all = [...resources, ...templates];
  }
  return all;
}

export const forgetResources = () => { all = null; };

const address = (one) => one.uri ?? one.uriTemplate;

export async function resourceItems(server) {
  return (await load(server)).map((one) => ({
    key: address(one), href: `#/resources/${encodeURIComponent(address(one))}`, title: one.title ?? one.name, note: address(one), marks: one.uriTemplate ? [["template", "plain"]] : [],
  }));
}

/** Asks, and asks again with answers while the server has questions. */
export async function asking(place, send) {
  let more = {};
  for (;;) {
    const result = await send(more);
    if (result.resultType !== "input_required") return result;
    const requests = Object.entries(result.inputRequests ?? {});
    const answers = {};
    if (requests.length) {
      await new Promise((done) => {
        fill(place, requests.map(([key, request]) => {
          const card = question(key, request, async (answer) => {
            answers[key] = answer;
            card.remove();
            if (Object.keys(answers).length === requests.length) done();
          });
          return card;
        }));
      });
    }
    more = { inputResponses: answers, requestState: result.requestState };
  }
}

export async function resourcePage(uri, server) {
  const known = (await load(server)).find((one) => address(one) === uri) ?? { uri, name: uri };
  const shown = h("div", { class: "runs" });
  const names = known.uriTemplate ? [...known.uriTemplate.matchAll(/\{\+?(\w+)\}/g)].map((found) => found[1]) : [];
  const form = schemaForm({ type: "object", properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])), required: names });
  const element = h("form", { class: "card call", novalidate: true, "aria-label": "Read it" }, names.length ? form.element : null,
    h("div", { class: "call-foot" }, h("button", { type: "submit", class: "primary", text: "Read" })));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    let at = uri;
    if (names.length) {
      try {
        const values = form.read();
        at = known.uriTemplate.replaceAll(/\{(\+?)(\w+)\}/g, (_, plus, name) => (plus ? encodeURI(values[name]) : encodeURIComponent(values[name])));
      } catch {
        return;
      }
    }
    fill(shown, h("p", { class: "loading", text: "Reading…" }));
    try {
      const result = await asking(shown, (more) => modern(server.modern[0], "resources/read", { uri: at, ...more }));
      fill(shown, h("section", { class: "card" }, h("h2", { text: "Contents" }), result.contents.map(contents), result.contents.length ? null : h("p", { class: "faint", text: "It is empty." }), wire(result)));
    } catch (error) {
      fill(shown, notice("bad", error.message));
    }
  });
  return h("div", { class: "page" }, h("h1", { tabindex: "-1" }, known.title ?? known.name), h("p", { class: "subtitle" }, h("code", { text: uri })),
    h("div", { class: "pills" }, known.mimeType ? h("span", { class: "pill plain", text: known.mimeType }) : null, known.size !== undefined ? h("span", { class: "pill plain", text: bytes(known.size) }) : null),
    known.description ? h("p", { class: "lead", text: known.description }) : null,
    element, shown, h("section", { class: "card" }, document_("Definition", known, 3)));
}
