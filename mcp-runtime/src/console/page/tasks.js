// The list of tasks, live.

import { feed, get } from "./api.js";
import { meter } from "./call.js";
import { arrows, empty, fill, h } from "./dom.js";
import { ago, cut, number, state } from "./format.js";

const FILTERS = {
  all: ["All", () => true],
  live: ["Running", (task) => !state(task.state).ended],
  ask: ["Needs input", (task) => task.state === "input_required"],
  bad: ["Failed", (task) => ["failed", "returned_error"].includes(task.state)],
};

let chosen = "all";

/** The list beside a task. Returns `{ element, stop }`. */
export function taskList(selected, hasTasks) {
  const rows = h("ul", { class: "rows" });
  const numbers = h("p", { class: "numbers faint" });
  const older = h("div", {});
  const search = h("input", { type: "search", class: "search", placeholder: "Filter by tool or id", "aria-label": "Filter tasks by tool or id", autocomplete: "off" });
  const known = new Map();
  let [past, cursor] = [[], undefined];

  const buttons = Object.entries(FILTERS).map(([key, [label]]) => {
    const button = h("button", { type: "button", class: "chip", "aria-pressed": String(key === chosen), text: label });
    button.addEventListener("click", () => {
      chosen = key;
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      show();
    });
    return button;
  });

  function show() {
    if (!feed.begun) return fill(rows, h("li", { class: "loading", text: "Loading…" }));
    const words = search.value.trim().toLowerCase();
    const inView = feed.latest();
    const more = past.filter((task) => !feed.tasks.has(task.id));
    const fits = (task) => FILTERS[chosen][1](task) && (!words || task.tool.toLowerCase().includes(words) || task.id.toLowerCase().startsWith(words));
    const shown = [...inView, ...more].filter(fits);
    const { running, due, waiting, ended } = feed.numbers;
    numbers.textContent = `${running} running, ${due} due, ${waiting} waiting, ${ended} ended`;
    // Rows stay the same elements, so that focus and pointer stay where they are.
    const now = shown.map((task) => row(task));
    if (!now.length) fill(rows, h("li", {}, nothing()));
    else if (now.length !== rows.children.length || now.some((one, at) => rows.children[at] !== one)) {
      const focused = rows.contains(document.activeElement) ? document.activeElement : null;
      rows.replaceChildren(...now);
      focused?.focus();
    }
    for (const id of known.keys()) if (!shown.some((task) => task.id === id)) known.delete(id);
    return showOlder(inView.length);
  }

  function nothing() {
    if (chosen !== "all" || search.value) return empty("No such task");
    return hasTasks ? empty("No tasks yet", "Call a tool as a task, and it appears here.") : empty("This server has no tasks", "None of its tools may run as one: give a tool task_support = \"optional\".");
  }

  function row(task) {
    const made = known.get(task.id) ?? { link: h("a", { href: `#/tasks/${encodeURIComponent(task.id)}` }) };
    if (!made.element) made.element = h("li", {}, made.link);
    known.set(task.id, made);
    const { label, tone, ended } = state(task.state);
    const look = JSON.stringify([task, ago(task.created_at)]);
    if (made.look !== look) {
      made.look = look;
      if (task.id === selected) made.link.setAttribute("aria-current", "page");
      fill(made.link,
        h("span", { class: "row-head" }, h("span", { class: `dot ${tone}` }), h("span", { class: "row-title", text: task.tool }), h("span", { class: "faint age", text: ago(task.created_at) })),
        h("span", { class: "row-note faint" }, label, task.attempt > 1 ? ` · attempt ${task.attempt}` : null, task.message ? ` · ${cut(task.message, 80)}` : null),
        !ended && task.progress !== null ? h("span", { class: "row-progress" }, meter(task.progress, task.total), task.total ? h("span", { class: "faint", text: `${number(task.progress)}/${number(task.total)}` }) : null) : null);
    }
    return made.element;
  }

  function showOlder(count) {
    if (cursor === null || count < 200) return fill(older);
    const button = h("button", { type: "button", class: "quiet wide", text: "Older tasks" });
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const page = await get(`tasks${cursor ? `?before=${cursor}` : ""}`);
        past.push(...page.tasks.filter((task) => !past.some((one) => one.id === task.id)));
        cursor = page.cursor;
        show();
      } catch (error) {
        fill(older, h("p", { class: "wrong", text: error.message }));
      }
    });
    return fill(older, button);
  }

  const clock = setInterval(show, 5000);
  search.addEventListener("input", show);
  feed.addEventListener("tasks", show);
  show();
  return {
    element: h("div", { class: "list-pane" }, h("div", { class: "list-head" }, search, h("div", { class: "chips", role: "group", "aria-label": "Which tasks" }, buttons)), arrows(rows), older, numbers),
    stop() {
      clearInterval(clock);
      feed.removeEventListener("tasks", show);
    },
  };
}
