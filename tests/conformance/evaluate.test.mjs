// `evaluate.mjs` on outputs in the suite's form: what it must let pass, and what it must not.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { judge, read, table } from "./evaluate.mjs";

const revision = "2026-07-28";
const ran = "server-ping-2026-08-01T10-00-00-000Z";
const good = [check("ping", "SUCCESS"), check("wire-schema-valid", "SUCCESS"), check("outgoing-request", "INFO")];
const expected = { core: { [revision]: { ping: 2 } }, tasks: { [revision]: { "tasks-lifecycle": 1 } } };

const cases = [
  { name: "all checks succeed", folders: { [ran]: good }, problems: [] },
  { name: "a failure", folders: { [ran]: [...good, check("x", "FAILURE")] }, problems: [/ping: FAILURE x: why/] },
  { name: "a warning", folders: { [ran]: [...good, check("x", "WARNING")] }, problems: [/ping: WARNING x/] },
  { name: "a check skipped", folders: { [ran]: [...good, check("x", "SKIPPED")] }, problems: [/ping: SKIPPED x/] },
  { name: "a status nobody knows", folders: { [ran]: [...good, check("x", "MAYBE")] }, problems: [/ping: MAYBE x/] },
  {
    name: "skipped, and allowed",
    folders: { [ran]: [...good, check("x", "SKIPPED")] },
    allowed: [{ scenario: "ping", check: "x", status: "SKIPPED" }],
    problems: [],
  },
  {
    name: "allowed as a warning is not allowed as a failure",
    folders: { [ran]: [...good, check("x", "FAILURE")] },
    allowed: [{ scenario: "ping", check: "x", status: "WARNING" }],
    problems: [/FAILURE x/, /take the entry out/],
  },
  {
    name: "allowed for another revision",
    folders: { [ran]: [...good, check("x", "WARNING")] },
    allowed: [{ scenario: "ping", check: "x", status: "WARNING", revision: "2025-11-25" }],
    problems: [/WARNING x/, /take the entry out/],
  },
  {
    name: "an entry that excuses nothing",
    folders: { [ran]: good },
    allowed: [{ scenario: "ping", check: "x", status: "WARNING" }],
    problems: [/take the entry out/],
  },
  { name: "fewer checks than there should be", folders: { [ran]: good.slice(0, 1) }, problems: [/1 checks .* 2 were/] },
  { name: "only information", folders: { [ran]: good.slice(2) }, problems: [/0 checks/] },
  { name: "no folder", folders: {}, problems: [/ping: did not run/] },
  { name: "a folder without checks", folders: { [ran]: undefined }, problems: [/ping: did not run/] },
  { name: "half a file", folders: { [ran]: '[{"id":' }, problems: [/ping: checks.json/] },
  { name: "no array", folders: { [ran]: "{}" }, problems: [/holds no array/] },
  {
    name: "the latest of two runs counts",
    folders: { "server-ping-2026-08-01T09-00-00-000Z": [check("x", "FAILURE")], [ran]: good },
    problems: [],
  },
  {
    name: "a scenario that expected.json does not know",
    folders: { [ran]: good, "server-server-new-2026-08-01T10-00-00-000Z": good },
    problems: [/server-new: the suite has it/],
  },
  {
    name: "an empty folder of a scenario that the revision does not have",
    folders: { [ran]: good, "server-other-2026-08-01T10-00-00-000Z": undefined },
    problems: [],
  },
  { name: "listed, never run, unknown", folders: { [ran]: good }, listed: ["ping", "later"], problems: [/later: the suite/] },
  {
    name: "a group that is not due",
    folders: { [ran]: good, "server-tasks-lifecycle-2026-08-01T10-00-00-000Z": [check("x", "FAILURE")] },
    problems: [],
  },
  {
    name: "a group that is",
    folders: { [ran]: good, "server-tasks-lifecycle-2026-08-01T10-00-00-000Z": [check("x", "FAILURE")] },
    groups: ["core", "tasks"],
    problems: [/tasks-lifecycle: FAILURE/, /tasks-lifecycle: 0 checks/],
  },
  {
    name: "the suite calls it failed",
    folders: { [ran]: good },
    failed: { [revision]: ["ping"] },
    problems: [/ping: the suite says/],
  },
  { name: "only what was asked for", folders: { [ran]: good }, groups: ["core", "tasks"], only: ["ping"], problems: [] },
];

for (const { name, folders, problems, listed, groups = ["core"], ...rest } of cases) {
  test(name, () => {
    const runs = { [revision]: written(folders) };
    const found = judge({ runs, listed: { [revision]: listed }, expected, groups, ...rest });
    assert.equal(found.problems.length, problems.length, found.problems.join("\n"));
    problems.forEach((problem, at) => assert.match(found.problems[at], problem));
  });
}

test("the table counts successes, failures and warnings", () => {
  const runs = { [revision]: written({ [ran]: [...good, check("x", "WARNING"), check("y", "FAILURE")] }) };
  assert.match(table(judge({ runs, expected, groups: ["core"] }).rows), /^ping +2 +1 +1 BAD$/m);
});

test("the folders of a client's scenarios are found", () => {
  const root = mkdtempSync(join(tmpdir(), "evaluate-"));
  try {
    mkdirSync(join(root, ran.slice("server-".length)));
    writeFileSync(join(root, ran.slice("server-".length), "checks.json"), JSON.stringify(good));
    assert.deepEqual(read(root, "client").get("ping"), { found: good });
    assert.equal(read(root).size, 0);
  } finally {
    rmSync(root, { recursive: true });
  }
});

for (const suffix of ["", "-client"]) {
  test(`each entry of allowed${suffix}.json says why, and names a scenario that is expected`, () => {
    const json = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));
    const groups = Object.values(json(`expected${suffix}.json`));
    const known = groups.flatMap((group) => Object.values(group).flatMap(Object.keys));
    for (const entry of json(`allowed${suffix}.json`)) {
      assert.ok(entry.why, entry.scenario);
      assert.ok(known.includes(entry.scenario), entry.scenario);
    }
  });
}

function check(id, status) {
  return { id, status, ...(status === "SUCCESS" ? {} : { errorMessage: "why" }) };
}

function written(folders) {
  const root = mkdtempSync(join(tmpdir(), "evaluate-"));
  try {
    for (const [folder, content] of Object.entries(folders)) {
      mkdirSync(join(root, folder));
      if (content === undefined) continue;
      writeFileSync(join(root, folder, "checks.json"), typeof content === "string" ? content : JSON.stringify(content));
    }
    return read(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}
