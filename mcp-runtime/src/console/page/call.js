// One call of a tool, from the button to its result.

import { append, fill, fresh, h, notice, say } from "./dom.js";
import { clock, number, span } from "./format.js";
import { document_ } from "./json.js";
import { ABILITIES, Refused, TASKS, call } from "./mcp.js";
import { question } from "./questions.js";
import { toolResult, wire } from "./result.js";
import { mirrored } from "./schema.js";

let count = 0;

/** Calls a tool, and shows what happens. `how`: `{ revision, modern, task }`. Returns the card. */
export function run(tool, args, how) {
  count += 1;
  const controller = new AbortController();
  const begun = performance.now();
  const status = h("span", { class: "pill live", text: "Running" });
  const took = h("span", { class: "faint" });
  const stop = h("button", { type: "button", class: "small", text: "Cancel" });
  const progress = h("div", { class: "progress", hidden: true });
  const log = h("ol", { class: "log", hidden: true, "aria-label": "Messages" });
  const body = h("div", { class: "run-body" });
  const label = fresh("run");
  const card = h("article", { class: "card run", "aria-labelledby": label },
    h("header", { class: "run-head" }, h("h3", { id: label }, `Call ${count}`), status, took,
      h("span", { class: "faint", text: `${how.task ? "as a task" : "inline"} · ${how.revision}` }), stop),
    progress, log, body);
  const ticker = setInterval(() => { took.textContent = span(performance.now() - begun); }, 100);
  stop.addEventListener("click", () => controller.abort());

  const heard = ({ method, params }) => {
    if (method === "notifications/progress") showProgress(progress, params);
    if (method === "notifications/message") showMessage(log, params);
  };
  const asked = (requests) => ask(body, status, requests, controller.signal);

  perform(tool, args, how, { signal: controller.signal, heard, asked, progress: `p${count}`, log: "debug" })
    .then((result) => ended(result, body, status))
    .catch((error) => failed(error, body, status, controller.signal))
    .finally(() => {
      clearInterval(ticker);
      took.textContent = span(performance.now() - begun);
      stop.remove();
      progress.hidden = true;
      card.classList.add("over");
      say(`Call ${count}: ${status.textContent}`);
    });
  return card;
}

/** Sends the call; a modern one again with every answer, until it is complete. */
async function perform(tool, args, how, options) {
  const abilities = how.modern && how.task ? { ...ABILITIES, extensions: { [TASKS]: {} } } : ABILITIES;
  const params = { name: tool.name, arguments: args };
  if (how.task && !how.modern) params.task = {};
  const all = { ...options, abilities, modern: how.modern, mirrored: mirrored(tool.input_schema) };
  for (;;) {
    const result = await call(how.revision, "tools/call", params, all);
    if (result.resultType !== "input_required") return result;
    const requests = result.inputRequests ?? {};
    params.inputResponses = Object.keys(requests).length ? await options.asked(requests) : {};
    params.requestState = result.requestState;
  }
}

/** Puts questions, and resolves to all answers. */
function ask(body, status, requests, signal) {
  const keys = Object.keys(requests);
  const answers = {};
  status.className = "pill ask";
  status.textContent = "Needs input";
  say("The server asks something");
  return new Promise((done, fail) => {
    signal.addEventListener("abort", () => fail(new DOMException("cancelled", "AbortError")), { once: true });
    const cards = keys.map((key) => {
      const card = question(key, requests[key], async (answer) => {
        answers[key] = answer;
        card.remove();
        if (Object.keys(answers).length < keys.length) return;
        status.className = "pill live";
        status.textContent = "Running";
        done(answers);
      });
      return card;
    });
    append(body, cards);
    cards[0]?.scrollIntoView({ block: "nearest" });
    cards[0]?.querySelector("input:not([type=radio]), select, textarea, button")?.focus();
  });
}

function showProgress(element, { progress, total, message }) {
  element.hidden = false;
  fill(element, meter(progress, total), h("span", { class: "faint" }, number(progress), total ? ` of ${number(total)}` : null, message ? ` · ${message}` : null));
}

/** A bar; without a total one that only says that something happens. */
export function meter(done, total) {
  return total ? h("progress", { max: total, value: String(Math.min(done, total)), "aria-label": "Progress" }) : h("progress", { "aria-label": "Progress" });
}

function showMessage(log, { level, data, logger }) {
  log.hidden = false;
  const text = typeof data === "string" ? data : JSON.stringify(data);
  log.append(h("li", { class: `log-${/^(error|critical|alert|emergency)$/.test(level) ? "bad" : level === "warning" ? "ask" : "plain"}` },
    h("time", { text: clock(Date.now()) }), h("span", { class: "log-level", text: level }), h("span", { text: logger ? `${logger}: ${text}` : text })));
  while (log.children.length > 500) log.firstChild.remove();
}

function ended(result, body, status) {
  const id = result.resultType === "task" ? result.taskId : result.task?.taskId;
  // A tool's own `task` is inside its content, and never beside it.
  if (id && !result.content) {
    status.className = "pill live";
    status.textContent = "Became a task";
    fill(body, h("p", { class: "became" }, "The call goes on as a task. ", h("a", { class: "button primary", href: `#/tasks/${encodeURIComponent(id)}`, text: "Follow the task" })), wire(result));
    return;
  }
  status.className = `pill ${result.isError ? "bad" : "good"}`;
  status.textContent = result.isError ? "Error" : "Returned";
  append(body, [toolResult(result)]);
  body.parentElement?.scrollIntoView({ block: "nearest" });
}

function failed(error, body, status, signal) {
  if (signal.aborted) {
    status.className = "pill off";
    status.textContent = "Cancelled";
    fill(body);
    return;
  }
  status.className = "pill bad";
  status.textContent = "Refused";
  append(body, [notice("bad", h("strong", { text: error.message }), error instanceof Refused ? h("span", { class: "faint", text: ` (${error.code})` }) : null),
    error instanceof Refused && error.data ? document_("What the server says about it", error.data, 3) : null]);
}
