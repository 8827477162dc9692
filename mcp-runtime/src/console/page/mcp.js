// The protocol as this page speaks it: one request, one answer, with what is said in between.

import { request } from "./api.js";
import { events } from "./events.js";
import { Session } from "./session.js";

export const TASKS = "io.modelcontextprotocol/tasks";
const META = "io.modelcontextprotocol/";
export const INFO = { name: "console", title: "Development console", version: "1" };
export const ABILITIES = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

/** An error of the protocol. */
export class Refused extends Error {
  constructor({ code, message, data }) {
    super(message);
    Object.assign(this, { code, data });
  }
}

let last = 0;
export const nextId = () => { last += 1; return last; };

/** A header's value: text that is not plain ASCII travels as Base64. */
function headerValue(value) {
  const text = String(value);
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text)) return text;
  const raw = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
  return `=?base64?${btoa(raw)}?=`;
}

/** Sends a message, and hands on what comes before its response. Resolves to the response. */
export async function exchange(message, { headers = {}, signal, heard = () => {} }) {
  const response = await request("/mcp", {
    method: "POST",
    signal,
    headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream", ...headers },
    body: JSON.stringify(message),
  });
  const done = { response, answer: null };
  if (response.status === 202) return done;
  if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) {
    done.answer = await response.json().catch(() => null);
    if (!done.answer) throw new Error(`the server answered ${response.status}`);
    return done;
  }
  for await (const { data } of events(response)) {
    if (data === "") continue; // Only the id to resume from.
    const said = JSON.parse(data);
    if (said.method) heard(said);
    else if (said.id === message.id) { done.answer = said; break; }
  }
  if (!done.answer && message.id !== undefined) throw new Error("the stream ended before the response");
  return done;
}

export function result({ answer }) {
  if (answer.error) throw new Refused(answer.error);
  return answer.result;
}

/** A request of a modern revision, which carries all that it needs. */
export async function modern(revision, method, params = {}, options = {}) {
  const { abilities = ABILITIES, mirrored = [], progress, log } = options;
  const meta = {
    [`${META}protocolVersion`]: revision,
    [`${META}clientInfo`]: INFO,
    [`${META}clientCapabilities`]: abilities,
  };
  if (progress) meta.progressToken = progress;
  if (log) meta[`${META}logLevel`] = log;
  const headers = { "MCP-Protocol-Version": revision, "Mcp-Method": method };
  const name = params.name ?? params.uri;
  if (name !== undefined) headers["Mcp-Name"] = headerValue(name);
  for (const [header, path] of mirrored) {
    const value = path.reduce((at, key) => at?.[key], params.arguments);
    if (value !== undefined && value !== null) headers[header] = headerValue(value);
  }
  const message = { jsonrpc: "2.0", id: nextId(), method, params: { ...params, _meta: meta } };
  return result(await exchange(message, { ...options, headers }));
}

const sessions = new Map();

/** A request of any revision. With a legacy one, the session begins with the first request. */
export async function call(revision, method, params, options) {
  if (options.modern) return modern(revision, method, params, options);
  if (!sessions.has(revision)) sessions.set(revision, new Session(revision));
  return sessions.get(revision).request(method, params, options);
}

/** All pages of a list. */
export async function list(revision, method, key) {
  const all = [];
  let cursor;
  do {
    const page = await modern(revision, method, cursor ? { cursor } : {});
    all.push(...page[key]);
    cursor = page.nextCursor;
  } while (cursor && all.length < 5000);
  return all;
}
