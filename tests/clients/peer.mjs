// The two official TypeScript packages behind one face.

import { answer } from "./checks.mjs";

const info = { name: "mcpwright-clients", version: "1.0.0" };
const everything = { sampling: {}, elicitation: {}, roots: { listChanged: true } };
const listChanges = ["notifications/tools/list_changed", "notifications/prompts/list_changed"];

/** What a client answers when the server asks, whichever way the question comes. */
function respond(request) {
  switch (request.method) {
    case "sampling/createMessage":
      return { role: "assistant", model: "none", stopReason: "endTurn", content: { type: "text", text: answer } };
    case "elicitation/create":
      return { action: "accept", content: filled(request.params.requestedSchema) };
    case "roots/list":
      return { roots: [{ uri: "file:///srv/project", name: "project" }] };
  }
}

/** Content that a form's schema allows: defaults where it has them, `alice` for text. */
function filled(schema) {
  const value = (property) => {
    if (property.default !== undefined) return property.default;
    switch (property.type) {
      case "boolean":
        return true;
      case "integer":
      case "number":
        return property.minimum ?? 1;
      case "array":
        return [(property.items.enum ?? property.items.anyOf.map((it) => it.const))[0]];
      default:
        if (property.enum) return property.enum[0];
        if (property.oneOf) return property.oneOf[0].const;
        return property.format === "email" ? "alice@example.com" : "alice";
    }
  };
  return Object.fromEntries(Object.entries(schema.properties).map(([key, property]) => [key, value(property)]));
}

/** Connects; `target` is `{ url }` or `{ command }`, `era` is `legacy`, `auto` or a revision. */
export async function connect(sdk, era, target, capabilities = everything) {
  const peer = { local: !target.url, asked: [], logged: [], changed: new Set(), troubles: [] };
  const hear = (request) => {
    peer.asked.push(request);
    return respond(request);
  };
  await (sdk === "1" ? first : second)(peer, hear, era, target, capabilities);
  peer.client.onerror = (error) => peer.troubles.push(error);
  peer.another = (capabilities) => connect(sdk, era, target, capabilities);
  return peer;
}

async function first(peer, hear, era, target, capabilities) {
  const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
  const types = await import("@modelcontextprotocol/sdk/types.js");
  const client = new Client(info, { capabilities });
  if (capabilities.sampling) client.setRequestHandler(types.CreateMessageRequestSchema, hear);
  if (capabilities.elicitation) client.setRequestHandler(types.ElicitRequestSchema, hear);
  if (capabilities.roots) client.setRequestHandler(types.ListRootsRequestSchema, hear);
  client.setNotificationHandler(types.LoggingMessageNotificationSchema, (it) => void peer.logged.push(it.params));
  for (const schema of [types.ToolListChangedNotificationSchema, types.PromptListChangedNotificationSchema]) {
    client.setNotificationHandler(schema, (it) => void peer.changed.add(it.method));
  }

  let transport;
  if (target.url) {
    const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
    transport = new StreamableHTTPClientTransport(new URL(target.url));
  } else {
    const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
    transport = new StdioClientTransport({ command: target.command, args: ["--stdio"], stderr: "ignore" });
  }
  let agreed;
  const keep = transport.setProtocolVersion?.bind(transport);
  transport.setProtocolVersion = (version) => {
    agreed = version;
    keep?.(version);
  };
  await client.connect(transport);

  peer.client = client;
  peer.era = "legacy";
  peer.notFound = -32002;
  peer.version = () => agreed;
  peer.call = (name, args, options, _meta) => client.callTool({ name, arguments: args, _meta }, undefined, options);
  peer.end = async () => {
    await transport.terminateSession?.();
    await client.close();
  };
}

async function second(peer, hear, era, target, capabilities) {
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  const mode = era === "legacy" || era === "auto" ? era : { pin: era };
  const client = new Client(info, { capabilities, versionNegotiation: { mode } });
  if (capabilities.sampling) client.setRequestHandler("sampling/createMessage", hear);
  if (capabilities.elicitation) client.setRequestHandler("elicitation/create", hear);
  if (capabilities.roots) client.setRequestHandler("roots/list", hear);
  client.setNotificationHandler("notifications/message", (it) => void peer.logged.push(it.params));
  for (const method of listChanges) client.setNotificationHandler(method, () => void peer.changed.add(method));

  const transport = target.url
    ? new StreamableHTTPClientTransport(new URL(target.url))
    : new StdioClientTransport({ command: target.command, args: ["--stdio"], stderr: "ignore" });
  await client.connect(transport);

  peer.client = client;
  peer.era = client.getProtocolEra();
  peer.notFound = -32602; // from a legacy server, too: the client translates
  peer.version = () => client.getNegotiatedProtocolVersion();
  peer.call = (name, args, options, _meta) => client.callTool({ name, arguments: args, _meta }, options);
  peer.end = async () => {
    if (peer.era === "legacy") await transport.terminateSession?.();
    await client.close();
  };
}
