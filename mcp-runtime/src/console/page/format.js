// Values as people read them.

/** How long, in the two largest units. */
export function span(ms) {
  if (!Number.isFinite(ms)) return "";
  const s = Math.max(0, ms) / 1000;
  if (s < 1) return `${Math.round(s * 1000)} ms`;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 60) return `${Math.floor(s)} s`;
  const [m, hours, days] = [Math.floor(s / 60), Math.floor(s / 3600), Math.floor(s / 86400)];
  if (m < 60) return `${m} min ${Math.floor(s % 60)} s`;
  if (hours < 24) return `${hours} h ${m % 60} min`;
  return `${days} d ${hours % 24} h`;
}

/** How long ago. */
export function ago(time, now = Date.now()) {
  const passed = now - Date.parse(time);
  if (passed < 5000) return "just now";
  return `${coarse(passed)} ago`;
}

function coarse(ms) {
  const s = ms / 1000;
  if (s < 60) return `${Math.floor(s)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

/** A time of the day, with the date where that is another day's. */
export function clock(time) {
  const date = new Date(time);
  const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false };
  const at = date.toLocaleTimeString("en-GB", options);
  return date.toDateString() === new Date().toDateString() ? at : `${date.toLocaleDateString("en-CA")} ${at}`;
}

export function bytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${(count / 1024 / 1024).toFixed(1)} MiB`;
}

/** At most so many characters. */
export function cut(text, most) {
  const chars = [...String(text)];
  return chars.length > most ? `${chars.slice(0, most - 1).join("")}…` : chars.join("");
}

export function number(value) {
  return Number.isInteger(value) ? String(value) : String(Math.round(value * 100) / 100);
}

const STATES = {
  working: ["Working", "live"],
  input_required: ["Needs input", "ask"],
  returned: ["Returned", "good"],
  returned_error: ["Returned an error", "bad"],
  failed: ["Failed", "bad"],
  cancelled: ["Cancelled", "off"],
};

/** The words for a state of a task, and its colour. */
export function state(word) {
  const [label, tone] = STATES[word] ?? [word, "off"];
  return { label, tone, ended: !["working", "input_required"].includes(word) };
}
