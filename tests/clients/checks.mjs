// What the official TypeScript clients do with `everything`, for both versions of the client and both lifecycles.
//
// A `peer` hides what differs between the versions of the package: `peer.mjs` has one for each.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

const levelKey = "io.modelcontextprotocol/logLevel";
export const answer = "the model's answer";

/** A check does not apply; the message says why. */
export class LeftOut extends Error {}

const tools = [
  "test_simple_text",
  "test_image_content",
  "test_audio_content",
  "test_embedded_resource",
  "test_multiple_content_types",
  "test_tool_with_logging",
  "test_error_handling",
  "test_tool_with_progress",
  "test_sampling",
  "test_elicitation",
];

/** In both lifecycles. */
const common = {
  async "tools/list"(peer) {
    const { tools: listed } = await peer.client.listTools();
    const names = listed.map((tool) => tool.name);
    for (const name of tools) assert.ok(names.includes(name), `${name} is not listed`);
    for (const tool of listed) assert.equal(tool.inputSchema.type, "object", tool.name);
  },

  async "tools/call: text"(peer) {
    const result = await peer.call("test_simple_text");
    assert.ok(result.content.some((block) => block.type === "text" && block.text));
    assert.ok(!result.isError);
  },

  async "tools/call: several kinds of content"(peer) {
    const { content } = await peer.call("test_multiple_content_types");
    for (const kind of ["text", "image", "resource"]) assert.ok(content.some((block) => block.type === kind), kind);
  },

  async "tools/call: an error of the tool"(peer) {
    const result = await peer.call("test_error_handling");
    assert.equal(result.isError, true);
    assert.ok(result.content[0].text);
  },

  async "tools/call: an unknown tool"(peer) {
    await fails(peer.call("no_such_tool"), -32602);
  },

  async "tools/call: progress"(peer) {
    const seen = [];
    await peer.call("test_tool_with_progress", {}, { onprogress: ({ progress }) => seen.push(progress) });
    assert.ok(seen.length >= 3, `${seen.length} notifications`);
    assert.deepEqual(seen, seen.toSorted((a, b) => a - b));
  },

  async "tools/call: side by side"(peer) {
    const results = await Promise.all(Array.from({ length: 20 }, () => peer.call("test_simple_text")));
    for (const result of results) assert.ok(result.content.length > 0);
  },

  async "tools/call: cancelled"(peer) {
    const { tools: listed } = await peer.client.listTools();
    if (!listed.some((tool) => tool.name === "slow_compute")) throw new LeftOut("the server lacks slow_compute");
    const abort = new AbortController();
    const call = peer.call("slow_compute", { seconds: 60, label: "cancelled" }, { signal: abort.signal });
    setTimeout(() => abort.abort(), 100);
    await within(2000, assert.rejects(call));
    assert.ok(abort.signal.aborted, "it failed before it was cancelled");
    await peer.call("test_simple_text");
  },

  async "resources/list"(peer) {
    const { resources } = await peer.client.listResources();
    const uris = resources.map((resource) => resource.uri);
    for (const uri of ["test://static-text", "test://static-binary"]) assert.ok(uris.includes(uri), uri);
  },

  async "resources/read: text"(peer) {
    const { contents } = await peer.client.readResource({ uri: "test://static-text" });
    assert.equal(contents[0].uri, "test://static-text");
    assert.ok(contents[0].text);
  },

  async "resources/read: binary"(peer) {
    const { contents } = await peer.client.readResource({ uri: "test://static-binary" });
    assert.ok(Buffer.from(contents[0].blob, "base64").length > 0);
  },

  async "resources/read: an unknown uri"(peer) {
    await fails(peer.client.readResource({ uri: "test://no-such-resource" }), peer.notFound);
  },

  async "resources/templates/list, and read of one"(peer) {
    const { resourceTemplates } = await peer.client.listResourceTemplates();
    assert.ok(resourceTemplates.some((template) => template.uriTemplate === "test://template/{id}/data"));
    const { contents } = await peer.client.readResource({ uri: "test://template/123/data" });
    assert.match(contents[0].text, /123/);
  },

  async "prompts/list"(peer) {
    const { prompts } = await peer.client.listPrompts();
    assert.ok(prompts.some((prompt) => prompt.name === "test_simple_prompt"));
    const [prompt] = prompts.filter((it) => it.name === "test_prompt_with_arguments");
    assert.deepEqual(prompt.arguments.map((argument) => argument.name), ["arg1", "arg2"]);
  },

  async "prompts/get"(peer) {
    const plain = await peer.client.getPrompt({ name: "test_simple_prompt" });
    assert.ok(plain.messages[0].content.text);
    const filled = await peer.client.getPrompt({
      name: "test_prompt_with_arguments",
      arguments: { arg1: "hello", arg2: "world" },
    });
    assert.match(filled.messages[0].content.text, /hello.*world/s);
  },

  async "completion/complete"(peer) {
    const { completion } = await peer.client.complete({
      ref: { type: "ref/prompt", name: "test_prompt_with_arguments" },
      argument: { name: "arg1", value: "test" },
    });
    assert.ok(Array.isArray(completion.values));
  },
};

/** With `initialize`: the server asks while the call is pending, and notifies unasked. */
const legacy = {
  async connect(peer) {
    assert.equal(peer.version(), "2025-11-25");
    assert.ok(peer.client.getServerVersion().name);
  },

  async capabilities(peer) {
    const { tools, prompts, resources, logging, completions } = peer.client.getServerCapabilities();
    assert.ok(tools.listChanged && prompts.listChanged && resources.listChanged && resources.subscribe);
    assert.ok(logging && completions);
  },

  async ping(peer) {
    await peer.client.ping();
  },

  ...common,

  async "sampling/createMessage"(peer) {
    const result = await peer.call("test_sampling", { prompt: "What is two and two?" });
    assert.match(text(result), new RegExp(answer));
    assert.match(JSON.stringify(peer.asked.at(-1).params.messages), /two and two/);
  },

  async "elicitation/create"(peer) {
    const result = await peer.call("test_elicitation", { message: "Who are you?" });
    assert.match(text(result), /alice/);
    assert.equal(peer.asked.at(-1).params.message, "Who are you?");
  },

  async "elicitation/create: defaults"(peer) {
    await peer.call("test_elicitation_sep1034_defaults");
    assert.equal(peer.asked.at(-1).params.requestedSchema.properties.name.default, "John Doe");
  },

  async "logging/setLevel"(peer) {
    await peer.client.setLoggingLevel("debug");
    const before = peer.logged.length;
    await peer.call("test_tool_with_logging");
    await until("3 log messages", () => peer.logged.length >= before + 3);
  },

  async "logging/setLevel: nothing below it"(peer) {
    await peer.client.setLoggingLevel("emergency");
    const before = peer.logged.length;
    await peer.call("test_tool_with_logging");
    await sleep(200);
    assert.equal(peer.logged.length, before);
  },

  async "resources/subscribe, resources/unsubscribe"(peer) {
    await peer.client.subscribeResource({ uri: "test://watched-resource" });
    await peer.client.unsubscribeResource({ uri: "test://watched-resource" });
  },

  async "list changes, unasked"(peer) {
    await peer.call("test_trigger_tool_change");
    await until("a notification", () => peer.changed.has("notifications/tools/list_changed"));
    await peer.call("test_trigger_prompt_change");
    await until("a notification", () => peer.changed.has("notifications/prompts/list_changed"));
  },
};

/** Without sessions: the client asks again with what the server wanted to know, and listens. */
const modern = {
  async connect(peer) {
    assert.equal(peer.version(), "2026-07-28");
    const found = await peer.client.discover();
    assert.ok(found.supportedVersions.includes("2026-07-28"));
    assert.ok(found.capabilities.tools.listChanged && found.capabilities.prompts.listChanged);
    assert.ok(peer.client.getServerVersion().name);
  },

  ...common,

  async "a parameter that is a header"(peer) {
    await peer.client.listTools();
    for (const value of ["plain", "Grüße, 世界", " edges ", "=?base64?eA==?="]) {
      const result = await peer.call("test_custom_header", { value });
      assert.ok(!result.isError, value);
    }
  },

  async "input_required: elicitation"(peer) {
    const result = await peer.call("test_input_required_result_elicitation");
    assert.match(text(result), /alice/);
    assert.equal(peer.asked.at(-1).method, "elicitation/create");
  },

  async "input_required: sampling"(peer) {
    await peer.call("test_input_required_result_sampling");
    assert.equal(peer.asked.at(-1).method, "sampling/createMessage");
  },

  async "input_required: roots"(peer) {
    await peer.call("test_input_required_result_list_roots");
    assert.equal(peer.asked.at(-1).method, "roots/list");
  },

  async "input_required: several at once"(peer) {
    const before = peer.asked.length;
    await peer.call("test_input_required_result_multiple_inputs");
    const methods = peer.asked.slice(before).map((request) => request.method);
    for (const method of ["elicitation/create", "sampling/createMessage", "roots/list"]) {
      assert.ok(methods.includes(method), method);
    }
  },

  async "input_required: several rounds, with state"(peer) {
    const before = peer.asked.length;
    await peer.call("test_input_required_result_multi_round");
    assert.ok(peer.asked.length >= before + 2);
    assert.match(text(await peer.call("test_input_required_result_request_state")), /./);
  },

  async "input_required: a prompt"(peer) {
    const { messages } = await peer.client.getPrompt({ name: "test_input_required_result_prompt" });
    assert.ok(messages.length > 0);
  },

  async "a capability that the client lacks"(peer) {
    const other = await peer.another({});
    await fails(other.call("test_missing_capability"), -32021);
    await other.client.close();
  },

  async "log messages for who asks for them"(peer) {
    const before = peer.logged.length;
    await peer.call("test_logging_tool");
    await sleep(200);
    assert.equal(peer.logged.length, before, "messages without logLevel");
    await peer.call("test_logging_tool", {}, {}, { [levelKey]: "debug" });
    await until("a log message", () => peer.logged.length > before);
  },

  async "subscriptions/listen"(peer) {
    peer.changed.clear();
    const stream = await peer.client.listen({ toolsListChanged: true });
    assert.deepEqual(stream.honoredFilter, { toolsListChanged: true });
    await peer.call("test_trigger_prompt_change");
    await peer.call("test_trigger_tool_change");
    await until("a notification", () => peer.changed.has("notifications/tools/list_changed"));
    assert.ok(!peer.changed.has("notifications/prompts/list_changed"), "a kind that was not asked for");

    const second = await peer.client.listen({ promptsListChanged: true, resourceSubscriptions: ["test://watched-resource"] });
    assert.deepEqual(second.honoredFilter.resourceSubscriptions, ["test://watched-resource"]);
    await peer.call("test_trigger_prompt_change");
    await until("a notification", () => peer.changed.has("notifications/prompts/list_changed"));
    await stream.close();
    await second.close();
    assert.equal(await stream.closed, "local");

    peer.changed.clear();
    await peer.call("test_trigger_tool_change");
    await sleep(200);
    assert.ok(!peer.changed.has("notifications/tools/list_changed"), "a notification after the end");
  },
};

export const checks = { legacy, modern };

export const text = (result) => result.content.map((block) => block.text ?? "").join("\n");

export async function fails(promise, code) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.code, code, error.message);
    return true;
  });
}

export async function until(what, condition) {
  for (let waited = 0; waited < 2000; waited += 10) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(`${what} did not come within 2 s`);
}

async function within(ms, promise) {
  const late = sleep(ms, undefined, { ref: false }).then(() => assert.fail(`not settled within ${ms} ms`));
  return Promise.race([promise, late]);
}
