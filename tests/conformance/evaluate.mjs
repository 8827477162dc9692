// Judges what the conformance suite has written: `RESULTS/REVISION/server-SCENARIO-TIME/checks.json`, an array of checks; without
// `server-` where a client was tested, whose scenarios that failed as a whole stand in `RESULTS/REVISION.failed`.
//
// Sound is a scenario that ran, whose checks all succeeded, and of which at least as many succeeded as `expected.json` says:
// a suite that ends early must not look like one that passed. Everything else needs an entry in `allowed.json`, and an entry
// that excuses nothing is an error, too.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const directories = {
  server: /^server-(?<scenario>.+)-(?<time>\d{4}-\d\d-\d\dT[\d-]+Z)$/,
  client: /^(?<scenario>.+)-(?<time>\d{4}-\d\d-\d\dT[\d-]+Z)$/,
};
const harmless = new Set(["SUCCESS", "INFO"]);

/** The checks of each scenario that ran: the latest run of it, or what is wrong with its file. */
export function read(folder, side = "server") {
  const latest = new Map();
  for (const name of existsSync(folder) ? readdirSync(folder).sort() : []) {
    const found = directories[side].exec(name)?.groups;
    if (found && (latest.get(found.scenario)?.time ?? "") <= found.time) {
      latest.set(found.scenario, { time: found.time, file: join(folder, name, "checks.json") });
    }
  }
  return new Map([...latest].map(([scenario, { file }]) => [scenario, checks(file)]));
}

function checks(file) {
  try {
    const found = JSON.parse(readFileSync(file, "utf8"));
    return Array.isArray(found) ? { found } : { found: [], trouble: "checks.json holds no array" };
  } catch (error) {
    return { found: [], trouble: error.code === "ENOENT" ? "did not run" : `checks.json: ${error.message}` };
  }
}

/**
 * The rows of the table and the list of problems.
 *
 * `runs` maps a revision to what `read` gave for it, `listed` to the names of all scenarios that the suite has for it, `failed` to
 * those that it calls failed, whatever their checks say: a client that ends with an error leaves good ones. Of what is expected, `groups` are due, all of them by default; `only` names scenarios of these.
 */
export function judge({ runs, listed = {}, failed = {}, expected, allowed = [], groups = Object.keys(expected), only = [] }) {
  const rows = [];
  const problems = [];
  const used = new Set();
  const chosen = (scenario) => only.length === 0 || only.includes(scenario);

  const known = new Map();
  for (const [group, revisions] of Object.entries(expected)) {
    for (const [revision, scenarios] of Object.entries(revisions)) {
      for (const [scenario, least] of Object.entries(scenarios)) {
        known.set(`${revision} ${scenario}`, { revision, scenario, least, group });
      }
    }
  }
  for (const revision of Object.keys(runs)) {
    // The suite leaves an empty folder for a scenario that it was asked for and that the revision does not have.
    const ran = [...runs[revision]].filter(([, { found }]) => found.length > 0).map(([scenario]) => scenario);
    for (const scenario of new Set([...ran, ...(listed[revision] ?? [])])) {
      if (!known.has(`${revision} ${scenario}`) && chosen(scenario)) {
        problems.push(`${revision} ${scenario}: the suite has it, expected.json has not`);
      }
    }
  }

  for (const { revision, scenario, least, group } of known.values()) {
    if (!groups.includes(group) || !chosen(scenario)) continue;
    const run = runs[revision]?.get(scenario) ?? { found: [], trouble: "did not run" };
    const row = { revision, scenario, checks: 0, failures: 0, warnings: 0, skipped: 0, sound: true };
    const fault = (text) => {
      row.sound = false;
      problems.push(`${revision} ${scenario}: ${text}`);
    };

    if (run.trouble) fault(run.trouble);
    if (failed[revision]?.includes(scenario)) fault("the suite says that it failed; its log has the reason");
    let excused = 0;
    for (const check of run.found) {
      if (check.status === "SUCCESS") row.checks += 1;
      if (check.status === "FAILURE") row.failures += 1;
      if (check.status === "WARNING") row.warnings += 1;
      if (check.status === "SKIPPED") row.skipped += 1;
      if (harmless.has(check.status)) continue;
      const entry = allowed.find(
        (it) =>
          it.scenario === scenario &&
          it.check === check.id &&
          it.status === check.status &&
          (it.revision ?? revision) === revision,
      );
      if (entry) {
        used.add(entry);
        excused += 1;
      } else {
        fault(`${check.status} ${check.id}: ${check.errorMessage ?? check.description ?? ""}`);
      }
    }
    if (!run.trouble && row.checks + excused < least) {
      fault(`${row.checks} checks succeeded, ${least} were expected`);
    }
    rows.push(row);
  }

  const judged = new Set(rows.map((row) => row.scenario));
  for (const entry of allowed) {
    if (judged.has(entry.scenario) && !used.has(entry)) {
      problems.push(`allowed.json: ${entry.scenario} ${entry.check} is no ${entry.status} any more; take the entry out`);
    }
  }
  return { rows, problems };
}

/** A line for each scenario, a column for each revision: checks that succeeded, failures, warnings. */
export function table(rows) {
  const revisions = [...new Set(rows.map((row) => row.revision))].sort();
  const names = [...new Set(rows.map((row) => row.scenario))];
  const width = Math.max(8, ...names.map((name) => name.length));
  const cell = (row) => {
    if (!row) return "-".padStart(6).padEnd(24);
    const numbers = [row.checks, row.failures, row.warnings].map((n) => String(n).padStart(6)).join("");
    return numbers + (row.sound ? "" : " BAD").padEnd(6);
  };
  const line = (name, cells) => [name.padEnd(width), ...cells].join("  ").trimEnd();
  return [
    line("", revisions.map((revision) => revision.padStart(12).padEnd(24))),
    line("scenario", revisions.map(() => "checks  fail  warn".padEnd(24))),
    ...names.map((name) =>
      line(name, revisions.map((revision) => cell(rows.find((row) => row.scenario === name && row.revision === revision)))),
    ),
  ].join("\n");
}

function main() {
  const { values } = parseArgs({
    options: {
      results: { type: "string" },
      side: { type: "string", default: "server" },
      group: { type: "string", multiple: true },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  const json = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
  const lines = (file) => (existsSync(file) ? readFileSync(file, "utf8").split("\n").filter(Boolean) : []);
  const suffix = values.side === "client" ? "-client" : "";
  const expected = json(`expected${suffix}.json`);
  const named = (kind) =>
    Object.fromEntries(revisions.map((revision) => [revision, lines(join(values.results, `${revision}.${kind}`))]));
  const revisions = Object.keys(expected.core);
  const { rows, problems } = judge({
    runs: Object.fromEntries(revisions.map((revision) => [revision, read(join(values.results, revision), values.side)])),
    listed: named("listed"),
    failed: named("failed"),
    expected,
    allowed: json(`allowed${suffix}.json`),
    groups: values.group,
    only: values.only,
  });

  console.log(table(rows));
  const total = (key) => rows.reduce((sum, row) => sum + row[key], 0);
  console.log(`\n${total("checks")} checks succeeded, ${total("failures")} failed, ${total("warnings")} warned`);
  if (rows.length === 0) problems.push("no scenario of that name is expected");
  for (const problem of problems) console.log(`PROBLEM ${problem}`);
  const bad = rows.filter((row) => !row.sound).length;
  console.log(`conformance: ${rows.length - bad} passed, ${Math.max(bad, Math.min(1, problems.length))} failed`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) main();
