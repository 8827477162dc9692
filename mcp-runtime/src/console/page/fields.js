// One part of a form: an element, and how to read it. `read()` is `undefined` for what is left out, and throws a `Wrong`.

import { fill, fresh, h } from "./dom.js";

export class Wrong extends Error {
  constructor(message, element) {
    super(message);
    this.element = element;
  }
}

/** Makes the control of a part: `{ element, label, read, write }`; `label` says which element a label is for. */
export function control(part, { required, id = fresh("field"), described } = {}) {
  const make = MAKERS[part.kind] ?? MAKERS.json;
  const made = make(part, { required, id, described });
  if (part.initial !== undefined) made.write(part.initial);
  return made;
}

const MAKERS = { string: text, number: numeric, integer: numeric, boolean: truth, choice, choices, list, object, variants, null: nothing, json: raw };

const absent = (part, required) => (required && part.nullable ? null : undefined);

function text(part, { required, id, described }) {
  const { format, maxLength, minLength, pattern } = part.schema;
  const type = { email: "email", uri: "url", date: "date" }[format] ?? "text";
  const long = type === "text" && (maxLength === undefined || maxLength > 200) && /text|body|content|message|prompt|query|code|script/i.test(part.schema.title ?? part.name ?? "");
  const attributes = { id, "aria-describedby": described, autocomplete: "off", spellcheck: "false", placeholder: format && type === "text" ? format : null };
  const input = long ? h("textarea", { ...attributes, rows: 3 }) : h("input", { ...attributes, type });
  return {
    element: input,
    label: id,
    read() {
      const value = input.value;
      if (value === "" && !required) return undefined;
      if (value === "" && part.nullable) return null;
      if (value === "" && (type !== "text" || minLength > 0)) throw new Wrong("Fill this in.", input);
      if (!input.checkValidity()) throw new Wrong(input.validationMessage, input);
      const length = [...value].length;
      if (minLength !== undefined && length < minLength) throw new Wrong(`At least ${minLength} characters.`, input);
      if (maxLength !== undefined && length > maxLength) throw new Wrong(`At most ${maxLength} characters.`, input);
      if (pattern !== undefined && !matches(pattern, value)) throw new Wrong(`It must match ${pattern}`, input);
      return value;
    },
    write(value) { input.value = value ?? ""; },
  };
}

function matches(pattern, value) {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true; // Not an expression of this language: the server knows.
  }
}

function numeric(part, { required, id, described }) {
  const whole = part.kind === "integer";
  const { minimum, maximum } = part.schema;
  const range = minimum !== undefined && maximum !== undefined ? `${minimum} to ${maximum}` : null;
  const input = h("input", { id, type: "text", inputmode: whole ? "numeric" : "decimal", autocomplete: "off", class: "short", placeholder: range, "aria-describedby": described });
  return {
    element: input,
    label: id,
    read() {
      const said = input.value.trim();
      if (said === "" && !required) return undefined;
      if (said === "" && part.nullable) return null;
      const value = Number(said);
      if (said === "" || !Number.isFinite(value)) throw new Wrong("A number, please.", input);
      if (whole && !Number.isInteger(value)) throw new Wrong("A whole number, please.", input);
      if (minimum !== undefined && value < minimum) throw new Wrong(`At least ${minimum}.`, input);
      if (maximum !== undefined && value > maximum) throw new Wrong(`At most ${maximum}.`, input);
      return value;
    },
    write(value) { input.value = value ?? ""; },
  };
}

function truth(part, { required, id, described }) {
  if (required && !part.nullable || part.initial !== undefined) {
    const input = h("input", { id, type: "checkbox", "aria-describedby": described });
    return { element: input, label: id, beside: true, read: () => input.checked, write(value) { input.checked = value === true; } };
  }
  return choice({ ...part, options: [{ value: true, label: "Yes" }, { value: false, label: "No" }] }, { required, id, described });
}

function choice(part, { required, id, described }) {
  const optional = !required || part.nullable;
  const options = part.options.map((one, index) => h("option", { value: String(index), text: one.label }));
  // Of several, nobody has chosen the first one by not choosing.
  const none = optional ? "—" : options.length > 1 ? "Choose…" : null;
  const input = h("select", { id, "aria-describedby": described }, none ? h("option", { value: "", text: none }) : null, options);
  return {
    element: input,
    label: id,
    read() {
      if (input.value !== "") return part.options[Number(input.value)].value;
      if (!optional) throw new Wrong("Choose one.", input);
      return absent(part, required);
    },
    write(value) {
      const found = part.options.findIndex((one) => JSON.stringify(one.value) === JSON.stringify(value));
      input.value = found < 0 ? "" : String(found);
    },
  };
}

function choices(part, { required, described }) {
  const boxes = part.options.map((one) => ({ ...one, box: h("input", { type: "checkbox" }) }));
  const element = h("div", { class: "boxes", role: "group", "aria-describedby": described },
    boxes.map(({ box, label }) => h("label", { class: "box" }, box, h("span", { text: label }))));
  return {
    element,
    read() {
      const chosen = boxes.filter(({ box }) => box.checked).map(({ value }) => value);
      return chosen.length || required ? chosen : undefined;
    },
    write(value) {
      const said = (Array.isArray(value) ? value : []).map((one) => JSON.stringify(one));
      for (const one of boxes) one.box.checked = said.includes(JSON.stringify(one.value));
    },
  };
}

function list(part, { required }) {
  const rows = h("ol", { class: "items" });
  const items = [];
  const add = (value) => {
    const made = control(part.item, { required: true });
    if (value !== undefined) made.write(value);
    const remove = h("button", { type: "button", class: "quiet small", text: "Remove" });
    const row = h("li", { class: "item" }, h("div", { class: "item-body" }, made.element), remove);
    remove.setAttribute("aria-label", "Remove this item");
    remove.addEventListener("click", () => {
      const index = items.indexOf(made);
      items.splice(index, 1);
      row.remove();
      (rows.querySelectorAll("li button")[index] ?? more).focus();
    });
    made.element.setAttribute?.("aria-label", part.title ?? "Item");
    items.push(made);
    rows.append(row);
    return made;
  };
  const more = h("button", { type: "button", class: "small", text: "Add an item" });
  more.addEventListener("click", () => {
    const made = add();
    (made.element.matches("input, select, textarea") ? made.element : made.element.querySelector("input, select, textarea, button"))?.focus();
  });
  return {
    element: h("div", { class: "list" }, rows, more),
    read() {
      const all = items.map((item) => item.read() ?? null);
      const { minItems } = part.schema;
      if (minItems > all.length && (required || all.length)) throw new Wrong(`At least ${minItems} ${minItems === 1 ? "item" : "items"}.`, more);
      return all.length || required ? all : undefined;
    },
    write(value) {
      items.length = 0;
      fill(rows);
      if (Array.isArray(value)) value.forEach(add);
    },
  };
}

/** An optional object is there or not: a box says which. */
function object(part, { required }) {
  const fields = part.fields.map(field);
  const body = h("div", { class: "fields" }, fields.length ? fields.map((one) => one.row) : h("p", { class: "faint", text: "It has no fields." }));
  const given = h("input", { type: "checkbox" });
  if (!required) {
    given.addEventListener("change", () => { body.hidden = !given.checked; });
    body.hidden = true;
  }
  return {
    element: h("div", { class: "object" }, required ? null : h("label", { class: "box" }, given, h("span", { text: "Give it" })), body),
    read() {
      if (!required && !given.checked) return undefined;
      const value = {};
      let first = null;
      for (const one of fields) {
        try {
          const said = one.control.read();
          if (said !== undefined) value[one.name] = said;
          mark(one, null);
        } catch (error) {
          if (!(error instanceof Wrong)) throw error;
          mark(one, error.element?.closest(".row") === one.row ? error.message : null);
          first ??= error;
        }
      }
      if (first) throw first;
      return value;
    },
    write(value) {
      given.checked = value !== undefined && value !== null;
      body.hidden = !required && !given.checked;
      for (const one of fields) if (value && one.name in value) one.control.write(value[one.name]);
    },
  };
}

const NESTED = new Set(["object", "list", "choices", "variants"]);

/** A row: label, description, control, and room for what is wrong with it. */
function field({ name, required, part }) {
  const [help, wrong] = [fresh("help"), h("p", { class: "wrong", hidden: true })];
  wrong.id = fresh("wrong");
  const made = control({ ...part, name }, { required, described: part.description ? `${help} ${wrong.id}` : wrong.id });
  const words = [h("span", { class: "name", text: name }), part.title && part.title !== name ? h("span", { class: "faint", text: part.title }) : null,
    h("span", { class: "kind", text: kindOf(part) }), required ? null : h("span", { class: "kind", text: "optional" })];
  const description = part.description ? h("p", { class: "help", id: help, text: part.description }) : null;
  const row = NESTED.has(part.kind)
    ? h("fieldset", { class: "row nested" }, h("legend", {}, words), description, made.element, wrong)
    : made.beside
      ? h("div", { class: "row beside" }, made.element, h("label", { for: made.label }, words), description, wrong)
      : h("div", { class: "row" }, h("label", { for: made.label }, words), description, made.element, wrong);
  return { name, row, control: made, wrong };
}

function mark(one, message) {
  one.wrong.hidden = message === null;
  one.wrong.textContent = message ?? "";
  const input = one.control.element;
  if (input.matches("input, select, textarea")) input.setAttribute("aria-invalid", String(message !== null));
}

function kindOf(part) {
  const kind = { list: "list", choices: "choices", json: "JSON", variants: "one of", string: part.schema?.format ?? "text", boolean: "yes or no" }[part.kind] ?? part.kind;
  return part.nullable ? `${kind} or null` : kind;
}

function variants(part, { required }) {
  const body = h("div", { class: "variant" });
  const label = fresh("variant");
  const names = part.variants.map((one, index) => h("option", { value: String(index), text: one.label }));
  const select = h("select", { id: label, "aria-label": "Which" }, required && !part.nullable ? null : h("option", { value: "", text: "—" }), names);
  let made = null;
  const turn = () => {
    made = select.value === "" ? null : control(part.variants[Number(select.value)].part, { required: true });
    fill(body, made?.element);
  };
  select.addEventListener("change", turn);
  turn();
  return {
    element: h("div", {}, select, body),
    read: () => (made ? made.read() : absent(part, required)),
    write(value) {
      const fits = part.variants.findIndex((one) => looksLike(one.part, value));
      select.value = fits < 0 ? select.options[0].value : String(fits);
      turn();
      made?.write(value);
    },
  };
}

function looksLike(part, value) {
  if (part.kind === "object") {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return false;
    return part.fields.every(({ name, required, part: inner }) => (
      name in value ? inner.kind !== "choice" || inner.options.some((one) => one.value === value[name]) : !required));
  }
  if (part.kind === "list" || part.kind === "choices") return Array.isArray(value);
  if (part.kind === "integer") return Number.isInteger(value);
  if (part.kind === "choice") return part.options.some((one) => one.value === value);
  return part.kind === "json" || part.kind === typeof value;
}

function nothing() {
  return { element: h("p", { class: "faint", text: "null" }), read: () => null, write() {} };
}

/** What has no form is written as it travels. */
function raw(part, { required, id, described }) {
  const input = h("textarea", { id, class: "code", rows: 3, spellcheck: "false", placeholder: "JSON", "aria-describedby": described });
  return {
    element: input,
    label: id,
    read() {
      if (input.value.trim() === "") {
        if (required && !part.nullable) throw new Wrong("JSON, please.", input);
        return absent(part, required);
      }
      try {
        return JSON.parse(input.value);
      } catch (error) {
        throw new Wrong(error.message, input);
      }
    },
    write(value) { input.value = value === undefined ? "" : JSON.stringify(value, null, 2); },
  };
}
