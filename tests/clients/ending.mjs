// node ending.mjs URL
//
// Listens for list changes, says `listening`, and tells how the stream ended: `graceful` with the server's response to the
// request, `remote` without it. The server is ended meanwhile by whoever runs this.

import { connect } from "./peer.mjs";

const peer = await connect("2", "auto", { url: process.argv[2] });
const stream = await peer.client.listen({ toolsListChanged: true });
console.log("listening");
const limit = setTimeout(() => process.exit(1), 10_000);
const how = await stream.closed;
clearTimeout(limit);
console.log(how);
process.exit(how === "graceful" ? 0 : 1);
