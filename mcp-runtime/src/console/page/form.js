// A form made from a JSON Schema, with raw JSON as the other way to say it.

import { Wrong, control } from "./fields.js";
import { fill, fresh, h } from "./dom.js";
import { plan } from "./schema.js";

/**
 * A form for the arguments that a schema describes: `{ element, read, write }`. `read` throws where something is wrong,
 * after it has said so in place and moved the focus there.
 */
export function schemaForm(schema, name = "arguments") {
  const part = plan(schema ?? { type: "object" });
  const form = part.kind === "object" ? control(part, { required: true }) : null;
  const code = h("textarea", { class: "code", rows: 8, spellcheck: "false", "aria-label": `The ${name} as JSON` });
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const body = h("div", {});
  const ids = { form: fresh("way"), json: fresh("way") };
  let way = form ? "form" : "json";
  const radio = (value, label) => {
    const input = h("input", { type: "radio", name: ids.form, id: ids[value], checked: way === value });
    input.addEventListener("change", () => turn(value));
    return [input, h("label", { for: ids[value], text: label })];
  };
  const ways = form && part.fields.length ? h("div", { class: "ways", role: "group", "aria-label": `How to give the ${name}` }, radio("form", "Form"), radio("json", "JSON")) : null;

  function show() {
    fill(body, way === "form" ? (part.fields.length ? form.element : h("p", { class: "faint", text: `It takes no ${name}.` })) : code);
    wrong.hidden = true;
  }
  function complain(message) {
    wrong.textContent = message;
    wrong.hidden = message === null;
  }
  function turn(to) {
    try {
      if (to === "json") code.value = JSON.stringify(form.read(), null, 2);
      else form.write(JSON.parse(code.value || "{}"));
    } catch (error) {
      // What is half filled in stays as it is on the other side.
      if (to === "form") {
        document.getElementById(ids.json).checked = true;
        return complain(error.message);
      }
    }
    way = to;
    return show();
  }
  show();
  return {
    element: h("div", { class: "schema-form" }, ways, body, wrong),
    read() {
      complain(null);
      try {
        return way === "form" ? form.read() : JSON.parse(code.value || "{}");
      } catch (error) {
        if (error instanceof Wrong) error.element?.focus();
        else { code.focus(); complain(error.message); }
        throw error;
      }
    },
    write(value) {
      if (form) form.write(value);
      code.value = JSON.stringify(value, null, 2);
      show();
    },
  };
}
