// Elements without markup: whatever a server says becomes text, never HTML.

/** An element. `on…` are listeners, `class`, `text` and attributes speak for themselves; `false` and `null` are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "text") element.textContent = value;
    else if (key === "class") element.className = value;
    else if (key === "value") element.value = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

export function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return element;
}

/** Puts children in the place of those that were there. */
export function fill(element, ...children) {
  element.replaceChildren();
  return append(element, children);
}

let last = 0;

/** An id that nothing else on the page has. */
export function fresh(prefix = "id") {
  last += 1;
  return `${prefix}-${last}`;
}

/** Tells those who cannot see the page. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

/** Up and down move between the links of a list. */
export function arrows(list) {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
    const links = [...list.querySelectorAll("a[href]")];
    const next = links[links.indexOf(document.activeElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  return list;
}

/** A button that says for a moment that it was done. */
export function copyButton(text, label = "Copy") {
  const button = h("button", { type: "button", class: "quiet small", text: label });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
      button.textContent = "Copied";
      say("Copied");
    } catch {
      button.textContent = "Not allowed";
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  });
  return button;
}

/** What is shown where there is nothing to show. */
export function empty(title, ...more) {
  return h("div", { class: "empty" }, h("p", { class: "empty-title", text: title }), more.length ? h("p", {}, ...more) : null);
}

export function notice(kind, ...children) {
  return h("div", { class: `notice ${kind}`, role: kind === "bad" ? "alert" : null }, ...children);
}
