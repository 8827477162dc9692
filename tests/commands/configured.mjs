// Reads a client's configuration, and prints for each server in it what `mcp-call` has to be given to list its tools.
import { readFileSync } from "node:fs";

const quoted = (word) => `'${word.replaceAll("'", "'\\''")}'`;
const { mcpServers = {}, servers = {} } = JSON.parse(readFileSync(0, "utf8"));
for (const { url, command, args = [] } of Object.values({ ...mcpServers, ...servers })) {
    console.log(url ? `${quoted(url)} tools` : `tools -- ${[command, ...args].map(quoted).join(" ")}`);
}
