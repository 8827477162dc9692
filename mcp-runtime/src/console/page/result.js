// What came of a call: content as it is meant to be read, and the message itself.

import { copyButton, h, notice } from "./dom.js";
import { bytes } from "./format.js";
import { tree, document_ } from "./json.js";

/** The result of a tool: content, structured output, and the JSON behind it. */
export function toolResult(result) {
  const content = result.content ?? [];
  const structured = result.structuredContent;
  // Servers repeat structured output as text for older clients: once is enough.
  const shown = structured === undefined ? content : content.filter((one) => !repeats(one, structured));
  return h("div", { class: `result${result.isError ? " failed" : ""}` },
    result.isError ? notice("bad", h("strong", { text: "The tool reported an error." })) : null,
    shown.map(block),
    structured === undefined ? null : document_("Structured output", structured, 3),
    content.length || structured !== undefined ? null : h("p", { class: "faint", text: "It returned nothing to read." }),
    wire(result));
}

/** The message as it travelled, folded. */
export function wire(value, title = "The message") {
  const details = h("details", { class: "wire" }, h("summary", { text: title }));
  details.addEventListener("toggle", () => details.append(tree(value, 2)), { once: true });
  return details;
}

function repeats(one, structured) {
  if (one.type !== "text") return false;
  try {
    return JSON.stringify(JSON.parse(one.text)) === JSON.stringify(structured);
  } catch {
    return false;
  }
}

/** One part of content. */
export function block(part) {
  switch (part?.type) {
    case "text": return textBlock(part.text);
    case "image": case "audio": return media(part.type, part.mimeType, part.data);
    case "resource_link": return h("div", { class: "block" }, h("p", {}, h("strong", { text: part.title ?? part.name }), " ",
      h("a", { href: `#/resources/${encodeURIComponent(part.uri)}`, text: part.uri })), part.description ? h("p", { class: "faint", text: part.description }) : null);
    case "resource": return contents(part.resource ?? {});
    default: return h("div", { class: "block" }, tree(part, 2));
  }
}

export function textBlock(text) {
  const said = String(text ?? "");
  return h("div", { class: "block text-block" }, h("pre", { text: said }), said.length > 80 ? copyButton(said) : null);
}

/** The contents of a resource. */
export function contents(resource) {
  const head = h("p", { class: "faint" }, h("code", { text: resource.uri ?? "" }), resource.mimeType ? ` · ${resource.mimeType}` : null);
  if (typeof resource.text === "string") {
    try {
      if (/json/.test(resource.mimeType ?? "")) return h("div", { class: "block" }, head, tree(JSON.parse(resource.text), 3));
    } catch { /* Then it is text. */ }
    return h("div", {}, head, textBlock(resource.text));
  }
  return h("div", {}, head, media((resource.mimeType ?? "").split("/")[0], resource.mimeType, resource.blob));
}

const PICTURES = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;
const SOUNDS = /^audio\/[\w.+-]+$/;

/** Only what is a picture or a sound is shown as one, from the data itself. */
function media(kind, type, data) {
  const clean = typeof data === "string" && /^[A-Za-z0-9+/=_-]*$/.test(data) ? data : "";
  const size = bytes(Math.floor(clean.length * 3 / 4));
  const about = `${type ?? "unknown type"}, ${size}`;
  if (clean && kind === "image" && PICTURES.test(type)) {
    return h("figure", { class: "block" }, h("img", { src: `data:${type};base64,${clean}`, alt: `Image from the server, ${about}` }), h("figcaption", { class: "faint", text: about }));
  }
  if (clean && kind === "audio" && SOUNDS.test(type)) {
    return h("figure", { class: "block" }, h("audio", { controls: true, src: `data:${type};base64,${clean}` }), h("figcaption", { class: "faint", text: about }));
  }
  return h("div", { class: "block" }, h("p", { text: `Binary data: ${about}` }));
}
