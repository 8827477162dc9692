// node typescript.mjs 1|2 legacy|auto|REVISION|tasks URL|COMMAND
//
// Runs all checks of the lifecycle with one official TypeScript client, or those of tasks, prints `ok NAME` for each, and stops
// at the first that fails. CLIENTS_SKIP holds names to leave out, separated by semicolons.

import { checks, LeftOut } from "./checks.mjs";
import { connect } from "./peer.mjs";
import { tasks } from "./tasks.mjs";

const [sdk, what, address] = process.argv.slice(2);
const target = /^https?:/.test(address) ? { url: address } : { command: address };
const era = what === "tasks" ? "legacy" : what;
const skipped = (process.env.CLIENTS_SKIP ?? "").split(";").map((name) => name.trim());

let name = "connect";
let passed = 0;
const limit = setTimeout(() => fail(new Error("not done within 60 s")), 60_000);

function fail(error) {
  console.log(`FAILED ${name}\n${error?.stack ?? error}`);
  process.exit(1);
}

try {
  const peer = await connect(sdk, era, target);
  const due = what === "tasks" ? tasks : checks[peer.era];
  const wanted = era === "legacy" ? "legacy" : "modern";
  if (peer.era !== wanted) throw new Error(`the client settled for the ${peer.era} lifecycle`);
  for (name of Object.keys(due)) {
    if (skipped.includes(name)) {
      console.log(`skipped ${name}`);
      continue;
    }
    try {
      await due[name](peer);
    } catch (error) {
      if (!(error instanceof LeftOut)) throw error;
      console.log(`skipped ${name}: ${error.message}`);
      continue;
    }
    console.log(`ok ${name}`);
    passed += 1;
  }
  name = "close";
  await peer.end();
  if (peer.troubles.length > 0) throw new AggregateError(peer.troubles, peer.troubles.map(String).join("; "));
  console.log(`ok ${name}`);
  console.log(`${passed + 1} passed`);
  clearTimeout(limit);
  process.exit(0);
} catch (error) {
  fail(error);
}
