// One task, live: where it stands, its questions, its timeline, how it ended.

import { feed, post } from "./api.js";
import { meter } from "./call.js";
import { copyButton, empty, fill, h, notice, say } from "./dom.js";
import { ago, bytes, clock, cut, number, span, state } from "./format.js";
import { document_, tree } from "./json.js";
import { question } from "./questions.js";
import { toolResult, wire } from "./result.js";

/** The page of a task. Returns `{ element, stop }`. */
export function taskPage(id) {
  const title = h("h1", { tabindex: "-1" }, "Task");
  const [head, questions, outcome, facts] = [h("div", {}), h("div", { class: "questions" }), h("div", {}), h("div", {})];
  const timeline = h("ol", { class: "timeline" });
  const page = h("div", { class: "page" }, title, h("p", { class: "loading", text: "Loading…" }));
  const cards = new Map();
  let [begun, before, shownLines, seen] = [false, null, 0, null];

  function show({ detail: task }) {
    if (task.watched !== id) return;
    if (!begun) {
      begun = true;
      fill(page, title, head, questions, outcome,
        h("section", { class: "card" }, h("h2", { text: "Timeline" }), timeline), facts);
    }
    const { label, ended } = state(task.state);
    seen = ended ? null : task;
    fill(title, h("code", { text: task.tool }));
    showHead(task);
    showQuestions(task, ended);
    showTimeline(task, ended);
    if (before !== task.state) {
      if (before !== null) say(`The task is: ${label}`);
      before = task.state;
      showOutcome(task, ended);
      fill(facts, about(task));
    }
  }

  function gone({ detail }) {
    if (detail.watched !== id) return;
    seen = null;
    fill(page, title, empty("There is no such task", "It has expired, was purged, or never was."));
  }

  function showHead(task) {
    const { label, tone, ended } = state(task.state);
    const passed = (ended ? Date.parse(task.updated_at) : Date.now()) - Date.parse(task.created_at);
    const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
    const action = (text, kind, act) => {
      const button = h("button", { type: "button", class: kind, text });
      button.addEventListener("click", async () => {
        button.disabled = true;
        try {
          await act();
        } catch (error) {
          button.disabled = false;
          wrong.textContent = error.message;
          wrong.hidden = false;
        }
      });
      return button;
    };
    // What has the focus keeps it: the actions are only made anew when they are others.
    const kind = `${ended}`;
    if (head.dataset.kind !== kind) {
      head.dataset.kind = kind;
      const actions = ended
        ? [action("Run again", "primary", async () => { location.hash = `#/tasks/${encodeURIComponent((await post("task/again", { id })).id)}`; }),
          h("a", { class: "button", href: `#/tools/${encodeURIComponent(task.tool)}?task=${encodeURIComponent(id)}`, text: "Edit and call" }),
          action("Purge", "quiet", async () => { await post("task/purge", { id }); location.hash = "#/tasks"; })]
        : [action("Cancel", "danger", () => post("task/cancel", { id }))];
      fill(head, h("div", { class: "pills state-line" }), h("div", { class: "message" }), h("div", { class: "buttons" }, actions), wrong);
    }
    fill(head.querySelector(".state-line"), h("span", { class: `pill ${tone}`, text: label }),
      h("span", { class: "faint", text: `${ended ? "took" : "for"} ${span(passed)}` }),
      task.attempt > 1 ? h("span", { class: "pill plain", text: `attempt ${task.attempt}` }) : null);
    fill(head.querySelector(".message"),
      task.progress !== null ? h("div", { class: "progress" }, ended && !task.total ? null : meter(task.progress, task.total),
        h("span", { class: "faint" }, number(task.progress), task.total ? ` of ${number(task.total)}` : null)) : null,
      task.message ? h("p", { class: "lead", text: task.message }) : null);
  }

  /** A card stays as long as its question is open: somebody may be filling it in. */
  function showQuestions(task, ended) {
    const open = ended ? [] : task.questions.filter((one) => one.standing === "open" && one.question);
    for (const [key, card] of cards) {
      if (!open.some((one) => one.key === key)) {
        card.remove();
        cards.delete(key);
      }
    }
    for (const { key, question: asked } of open) {
      if (cards.has(key)) continue;
      const card = question(key, asked, (answer) => post("task/answer", { id, answers: { [key]: answer } }));
      cards.set(key, card);
      questions.append(card);
      say("The task asks something");
    }
  }

  function showTimeline(task, ended) {
    const start = Date.parse(task.created_at);
    const since = (time) => (time ? `+${span(Date.parse(time) - start)}` : "");
    const entry = (tone, time, what, ...more) => h("li", { class: `entry ${tone}` },
      h("span", { class: "entry-time faint", title: time ?? "", text: time ? since(time) : "" }), h("div", { class: "entry-body" }, what, ...more));
    // The journal only grows, but for a retry, which forgets the failures at its end.
    if (task.journal.length < shownLines || !timeline.children.length) {
      fill(timeline, entry("plain", null, "Created ", h("span", { class: "faint", text: `at ${clock(task.created_at)}` })));
      shownLines = 0;
    }
    timeline.querySelectorAll(".passing").forEach((one) => one.remove());
    for (const line of task.journal.slice(shownLines)) timeline.append(entry(TONES[line.kind] ?? "plain", line.at, ...learned(line)));
    shownLines = task.journal.length;
    const passing = (tone, time, ...what) => {
      const one = entry(tone, time, ...what);
      one.classList.add("passing");
      timeline.append(one);
    };
    // The time of a question is told with it.
    const asked = task.questions.filter((one) => ["open", "answered, and not read yet"].includes(one.standing));
    for (const timer of task.timers.filter((one) => !asked.some(({ key }) => key === one.key))) passing("ask", timer.due_at, "Timer ", h("code", { text: timer.key }), h("span", { class: "faint", text: ` until ${clock(timer.due_at)}` }));
    for (const { key, standing } of asked) {
      const until = task.timers.find((one) => one.key === key)?.due_at;
      passing("ask", null, "Question ", h("code", { text: key }), h("span", { class: "faint", text: ` ${standing}${until ? `, until ${clock(until)}` : ""}` }));
    }
    const { label, tone } = state(task.state);
    passing(tone, ended ? task.updated_at : null, ended ? label : work(task));
  }

  function showOutcome(task, ended) {
    if (!ended) return fill(outcome);
    if (task.error) return fill(outcome, h("section", { class: "card" }, h("h2", { text: "Error" }), notice("bad", h("strong", { text: task.error.message }), h("span", { class: "faint", text: ` (${task.error.code})` })), wire(task.error)));
    if (task.result) return fill(outcome, h("section", { class: "card" }, h("h2", { text: "Result" }), toolResult(task.result)));
    return fill(outcome);
  }

  const ticker = setInterval(() => { if (seen) showHead(seen); }, 1000);
  feed.addEventListener("task", show);
  feed.addEventListener("gone", gone);
  feed.watch(id);
  if (feed.seen) (feed.seen.name === "task" ? show : gone)({ detail: feed.seen.data });
  return {
    element: page,
    stop() {
      clearInterval(ticker);
      feed.removeEventListener("task", show);
      feed.removeEventListener("gone", gone);
    },
  };
}

const TONES = { step: "good", error: "bad", answer: "good", timer: "plain", cancelled: "off" };
const WORDS = { step: "Step", error: "Error in", answer: "Answer to", timer: "Timer", cancelled: "Saw that it is cancelled" };

/** A line of the journal: small values in sight, large ones folded. */
function learned({ kind, key, value }) {
  const name = [`${WORDS[kind] ?? kind} `, kind === "cancelled" ? null : h("code", { text: key })];
  if (value === undefined) return name;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text.length <= 60) return [...name, h("code", { class: "value", text })];
  const details = h("details", { class: "value" }, h("summary", {}, cut(text, 60), h("span", { class: "faint", text: ` ${bytes(text.length)}` })));
  details.addEventListener("toggle", () => details.append(tree(value, 3)), { once: true });
  return [...name, details];
}

/** Why nothing happens, if nothing does. */
function work(task) {
  if (task.claim) return h("span", {}, "Running ", h("span", { class: "faint", text: `on node ${cut(task.claim.node, 9)}, epoch ${task.claim.epoch}` }));
  if (task.due_at === null || task.state === "input_required") return "Parked until somebody answers";
  return Date.parse(task.due_at) > Date.now() ? `Parked until ${clock(task.due_at)}` : "Due: no process has taken it yet";
}

let factsOpen = false;

function about(task) {
  const { call = {} } = task;
  const client = call.client?.info?.name ?? call.params?._meta?.["io.modelcontextprotocol/clientInfo"]?.name;
  const facts = [
    ["Id", h("span", {}, h("code", { text: task.id }), " ", copyButton(task.id))],
    ["Owner", task.owner || "nobody in particular: who knows the id"],
    ["Called", `in ${call.revision ?? "an unknown revision"}${client ? `, by ${client}` : ""}`],
    ["Created", `${clock(task.created_at)} (${ago(task.created_at)})`],
    ["Expires", task.expires_at ? clock(task.expires_at) : "never"],
    ["After a crash", task.restart === "replay" ? "goes on from its journal" : "fails"],
    ["Version", task.version || null],
    ["Repeats", task.retry_of ? h("a", { href: `#/tasks/${encodeURIComponent(task.retry_of)}` }, h("code", { text: task.retry_of })) : null],
  ];
  const section = h("section", { class: "card" },
    document_("Arguments", call.params?.arguments ?? {}, 3),
    h("dl", { class: "facts" }, facts.filter(([, value]) => value !== null).map(([name, value]) => [h("dt", { text: name }), h("dd", {}, value)])));
  const rest = h("details", { class: "wire", open: factsOpen }, h("summary", { text: "All of it" }));
  rest.addEventListener("toggle", () => {
    factsOpen = rest.open;
    if (rest.open && rest.children.length === 1) rest.append(tree(task, 1));
  });
  section.append(rest);
  return section;
}
