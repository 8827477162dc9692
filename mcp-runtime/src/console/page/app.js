// The page as a whole: sections, what is shown when, light and dark.

import { feed, get, setToken, takeToken } from "./api.js";
import { arrows, empty, fill, h, notice } from "./dom.js";
import { state } from "./format.js";
import { homePage } from "./home.js";
import { forgetPrompts, promptItems, promptPage } from "./prompts.js";
import { forgetResources, resourceItems, resourcePage } from "./resources.js";
import { taskPage } from "./task.js";
import { taskList } from "./tasks.js";
import { loadTools, toolItems, toolPage } from "./tools.js";

const SECTIONS = {
  tools: { label: "Tools", items: toolItems, page: toolPage, none: ["No tools", "Register one with .tool::<name>()."], pick: "Choose a tool to look at it and to call it." },
  tasks: { label: "Tasks", pick: "Choose a task to follow it." },
  prompts: { label: "Prompts", items: promptItems, page: promptPage, none: ["No prompts", "A function with #[mcp_prompt] is one."], pick: "Choose a prompt to see what it makes." },
  resources: { label: "Resources", items: resourceItems, page: resourcePage, none: ["No resources", "A function with #[mcp_resource] is one."], pick: "Choose a resource to read it." },
};

const main = document.getElementById("main");
let [server, counts, stops, shown] = [null, {}, [], null];

// --- Light and dark ------------------------------------------------------------------------------------------------

const THEMES = { auto: "◐ Auto", light: "☀ Light", dark: "☾ Dark" };
const themeButton = document.getElementById("theme");

function theme(name) {
  if (name === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = name;
  localStorage.setItem("console-theme", name);
  themeButton.textContent = THEMES[name];
  themeButton.setAttribute("aria-label", `Colours: ${name}. Change them`);
}

themeButton.addEventListener("click", () => {
  const names = Object.keys(THEMES);
  theme(names[(names.indexOf(localStorage.getItem("console-theme") ?? "auto") + 1) % names.length]);
});
theme(localStorage.getItem("console-theme") in THEMES ? localStorage.getItem("console-theme") : "auto");

// --- Sections ------------------------------------------------------------------------------------------------------

const badge = h("span", { class: "badge", hidden: true });

function drawNav() {
  fill(document.getElementById("nav"), Object.entries(SECTIONS).map(([key, { label }]) => (
    h("a", { href: `#/${key}`, "data-section": key }, label, key === "tasks" ? badge : null))));
}

feed.addEventListener("tasks", () => {
  const waiting = feed.latest().filter((task) => task.state === "input_required").length;
  const live = feed.latest().filter((task) => !state(task.state).ended).length;
  badge.hidden = live === 0;
  badge.className = `badge ${waiting ? "ask" : "live"}`;
  badge.textContent = String(waiting || live);
  badge.setAttribute("aria-label", waiting ? `${waiting} need input` : `${live} running`);
});

feed.addEventListener("link", ({ detail }) => {
  const link = document.getElementById("link");
  link.textContent = detail.up ? "" : "Not connected – trying again";
  link.className = detail.up ? "link" : "link down";
});

feed.addEventListener("trouble", ({ detail }) => {
  document.getElementById("link").textContent = `The store: ${detail.error}`;
});

feed.addEventListener("lists", async () => {
  forgetPrompts();
  forgetResources();
  await loadTools(true);
  await count();
  // A page that somebody may be filling in stays as it is; lists are drawn with the next one.
  if (shown && !shown.key) route();
});

async function count() {
  const items = (section) => section.items(server).then((all) => all.length);
  const [tools, prompts, resources] = await Promise.all([items(SECTIONS.tools), items(SECTIONS.prompts), items(SECTIONS.resources)]);
  counts = { tools, prompts, resources };
}

// --- Routes --------------------------------------------------------------------------------------------------------

function parse() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [section, ...rest] = path.split("/");
  return { section, key: rest.length ? decodeURIComponent(rest.join("/")) : null, query: new URLSearchParams(query) };
}

async function route() {
  let where;
  try {
    where = parse();
  } catch {
    where = { section: "", key: null, query: new URLSearchParams() };
  }
  shown = where;
  for (const stop of stops.splice(0)) stop();
  for (const link of document.querySelectorAll("[data-section]")) {
    if (link.dataset.section === where.section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const section = SECTIONS[where.section];
  main.className = section ? (where.key ? "split chosen" : "split") : "single";
  if (where.section !== "tasks" || !where.key) feed.watch(null);
  try {
    if (section) await showSection(where, section);
    else keep(homePage(server, counts), main);
  } catch (error) {
    if (shown === where) fill(main, notice("bad", h("strong", { text: "This cannot be shown: " }), error.message));
  }
  if (shown !== where) return;
  const heading = main.querySelector("h1");
  document.title = `${heading?.textContent ?? section?.label ?? "Console"} · ${server.info.title ?? server.info.name}`;
  // Not with the first page: the focus begins where the browser puts it.
  if (route.again) (where.key ? heading : null)?.focus({ preventScroll: true });
  if (route.again && where.key) window.scrollTo(0, 0);
  route.again = true;
}

function keep(part, place) {
  stops.push(part.stop);
  fill(place, part.element);
}

async function showSection(where, section) {
  const side = h("aside", { class: "side", "aria-label": section.label });
  const detail = h("div", { class: "detail" });
  const back = h("a", { class: "back", href: `#/${where.section}`, text: `← ${section.label}` });
  if (where.section === "tasks") {
    keep(taskList(where.key, server.tasks !== null), side);
    fill(main, side, detail);
    if (where.key) {
      const part = taskPage(where.key);
      stops.push(part.stop);
      fill(detail, back, part.element);
    } else fill(detail, pick(section));
    return;
  }
  const items = await section.items(server);
  if (shown !== where) return;
  if (!items.length) {
    main.className = "single";
    fill(main, h("h1", { tabindex: "-1", class: "unseen", text: section.label }), empty(...section.none));
    return;
  }
  fill(side, itemList(items, where.key, section.label));
  fill(main, side, detail);
  if (!where.key) {
    fill(detail, pick(section));
    return;
  }
  let start;
  if (where.query.has("task")) start = (await get(`task?id=${encodeURIComponent(where.query.get("task"))}`)).call?.params?.arguments ?? {};
  const page = await section.page(where.key, server, start);
  if (shown === where) fill(detail, back, page);
}

const pick = (section) => h("div", { class: "empty pick" }, h("h1", { class: "unseen", tabindex: "-1", text: section.label }), h("p", { text: section.pick }));

function itemList(items, key, label) {
  const search = h("input", { type: "search", class: "search", placeholder: `Filter ${label.toLowerCase()}`, "aria-label": `Filter ${label.toLowerCase()}`, autocomplete: "off" });
  const rows = items.map((item) => {
    const link = h("a", { href: item.href, "aria-current": item.key === key ? "page" : null },
      h("span", { class: "row-head" }, h("span", { class: "row-title", text: item.title }), item.marks.map(([text, tone]) => h("span", { class: `pill tiny ${tone}`, text }))),
      h("span", { class: "row-note faint", text: item.note }));
    return { item, row: h("li", {}, link) };
  });
  const none = h("p", { class: "faint none", hidden: true, text: "Nothing fits." });
  search.addEventListener("input", () => {
    const words = search.value.trim().toLowerCase();
    for (const { item, row } of rows) row.hidden = !`${item.title} ${item.note}`.toLowerCase().includes(words);
    none.hidden = rows.some(({ row }) => !row.hidden);
  });
  const list = arrows(h("ul", { class: "rows" }, rows.map(({ row }) => row)));
  requestAnimationFrame(() => list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" }));
  return h("div", { class: "list-pane" }, items.length > 6 ? h("div", { class: "list-head" }, search) : null, list, none);
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const search = main.querySelector(".search");
  if (!search) return;
  event.preventDefault();
  search.focus();
});

// A fragment that is no route, as the skip link's, must not become one.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});

// --- Beginning -----------------------------------------------------------------------------------------------------

function locked() {
  stops.splice(0).forEach((stop) => stop());
  shown = null;
  const input = h("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false" });
  const form = h("form", { class: "card locked" }, h("h1", { tabindex: "-1", text: "Locked" }),
    h("p", {}, "Each start of the server has a token of its own. Open the address that it printed to its standard error, or paste it here."),
    h("div", { class: "row" }, h("label", { for: "token" }, h("span", { class: "name", text: "Address or token" })), input), h("button", { type: "submit", class: "primary", text: "Open" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    setToken(input.value);
    begin();
  });
  main.className = "single";
  fill(main, form);
  input.focus();
}

async function begin() {
  try {
    server = await get("server");
  } catch (error) {
    if (server === null && main.querySelector(".locked") === null) fill(main, notice("bad", h("strong", { text: "The server cannot be reached: " }), error.message));
    return;
  }
  document.getElementById("brand").textContent = server.info.title ?? server.info.name;
  drawNav();
  feed.watch(parse().section === "tasks" ? parse().key : null);
  await count().catch(() => {});
  window.addEventListener("hashchange", route);
  await route();
}

window.addEventListener("locked", locked);
// The address with a token was opened in a page that is open already.
window.addEventListener("hashchange", () => { if (location.hash.startsWith("#token=")) location.reload(); });
takeToken();
await begin();
