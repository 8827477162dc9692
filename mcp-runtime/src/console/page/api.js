// The console's own interface: the token, requests, and the stream of changes.

import { events } from "./events.js";

const KEY = "console-token";

/** Takes the token out of the address that was opened, where it would be seen and kept. */
export function takeToken() {
  const found = /^#token=([\w-]+)/.exec(location.hash);
  if (found) {
    sessionStorage.setItem(KEY, found[1]);
    history.replaceState(null, "", `${location.pathname}#/`);
  }
  return sessionStorage.getItem(KEY);
}

export function setToken(text) {
  sessionStorage.setItem(KEY, /([\w-]{32})\s*$/.exec(text)?.[1] ?? text.trim());
}

export class Locked extends Error {}

/** A request with the token. Anything but a success is an error with the server's words. */
export async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(`/console${path}`, {
      ...options,
      headers: { "X-Console-Token": sessionStorage.getItem(KEY) ?? "", ...options.headers },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("the server does not answer: has it ended?");
  }
  if (response.status === 401) {
    window.dispatchEvent(new Event("locked"));
    throw new Locked("the token is not this start's");
  }
  return response;
}

async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error ?? `the server answered ${response.status}`);
  return body;
}

export const get = async (path) => answered(await request(`/api/${path}`));

export const post = async (path, body) => answered(await request(`/api/${path}`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
}));

/** What changes on the server. Events: `tasks`, `task`, `gone`, `lists`, `link`. */
class Feed extends EventTarget {
  tasks = new Map();
  numbers = { running: 0, due: 0, waiting: 0, ended: 0 };
  begun = false;
  /** What was last said of the task that is followed. */
  seen = null;
  #watched = null;
  #abort = null;

  /** Follows one task, or none, beside the list. */
  watch(id) {
    if (this.#abort && this.#watched === id) return;
    this.#watched = id;
    this.seen = null;
    this.#abort?.abort();
    this.#run();
  }

  async #run() {
    const abort = new AbortController();
    this.#abort = abort;
    let pause = 500;
    while (!abort.signal.aborted) {
      try {
        const query = this.#watched ? `?task=${encodeURIComponent(this.#watched)}` : "";
        const response = await request(`/api/events${query}`, { signal: abort.signal });
        if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error);
        this.#tell("link", { up: true });
        pause = 500;
        for await (const event of events(response)) {
          if (abort.signal.aborted) return;
          this.#take(event.event, JSON.parse(event.data));
        }
      } catch (error) {
        if (error instanceof Locked) this.#abort = null;
        if (abort.signal.aborted || error instanceof Locked) return;
      }
      if (abort.signal.aborted) return;
      this.#tell("link", { up: false });
      await new Promise((done) => { setTimeout(done, pause); });
      pause = Math.min(pause * 2, 5000);
    }
  }

  #take(name, data) {
    if (name === "tasks") {
      if (data.whole) this.tasks.clear();
      for (const task of data.changed) this.tasks.set(task.id, task);
      for (const id of data.gone) this.tasks.delete(id);
      const { running, due, waiting, ended } = data;
      this.numbers = { running, due, waiting, ended };
      this.begun = true;
    }
    if (name === "task" || name === "gone") {
      data.watched = this.#watched;
      this.seen = { name, data };
    }
    this.#tell(name, data);
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** The tasks in view, newest first. */
  latest() {
    return [...this.tasks.values()].sort((a, b) => b.created_at.localeCompare(a.created_at) || b.id.localeCompare(a.id));
  }
}

export const feed = new Feed();
