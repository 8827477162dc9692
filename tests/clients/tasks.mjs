// What the first version of the TypeScript package does with tasks of 2025-11-25 (`client.experimental.tasks`). The second
// version knows the words, but has nothing that calls a tool as a task.

import assert from "node:assert/strict";
import { CallToolResultSchema, CreateTaskResultSchema, TaskStatusNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

import { fails, text, until } from "./checks.mjs";

const final = ["completed", "failed", "cancelled"];

/** Calls a tool as a task, to its end: what the client was told on the way, by kind. */
async function whole(peer, name, args = {}) {
  const told = { statuses: [] };
  const stream = peer.client.experimental.tasks.callToolStream({ name, arguments: args }, undefined, { task: {} });
  for await (const message of stream) {
    if (message.type === "taskStatus") told.statuses.push(message.task.status);
    else told[message.type] = message.task ?? message.result ?? message.error;
  }
  assert.match(told.taskCreated.taskId, /^[\w-]{22,}$/);
  return told;
}

/** Begins a task, and leaves it to itself. */
async function begun(peer, name, args = {}, task = {}) {
  const { task: created } = await peer.client.request(
    { method: "tools/call", params: { name, arguments: args } },
    CreateTaskResultSchema,
    { task },
  );
  return created;
}

const result = (peer, id) => peer.client.experimental.tasks.getTaskResult(id, CallToolResultSchema);
const status = async (peer, id) => (await peer.client.experimental.tasks.getTask(id)).status;

export const tasks = {
  async capabilities(peer) {
    const { tasks: found } = peer.client.getServerCapabilities();
    assert.ok(found.requests.tools.call && found.cancel);
    // Over HTTP nobody says who they are: there is nobody whose tasks could be listed.
    assert.equal(found.list !== undefined, peer.local);
  },

  async "which tools can be tasks"(peer) {
    const { tools } = await peer.client.listTools();
    const support = Object.fromEntries(tools.map((tool) => [tool.name, tool.execution?.taskSupport ?? "forbidden"]));
    assert.equal(support.greet, "forbidden");
    assert.equal(support.slow_compute, "optional");
    assert.equal(support.failing_job, "required");
  },

  async "no task, as none was asked for"(peer) {
    assert.equal(text(await peer.call("slow_compute", { seconds: 0.1, label: "plain" })), "plain: done");
  },

  async "a tool that is none, and one that has to be"(peer) {
    await fails(begun(peer, "greet", { name: "Anna" }), -32601);
    const call = { method: "tools/call", params: { name: "failing_job", arguments: {} } };
    await fails(peer.client.request(call, CallToolResultSchema), -32601);
  },

  async "a task"(peer) {
    const told = await whole(peer, "slow_compute", { seconds: 0.5, label: "task" });
    assert.equal(told.taskCreated.status, "working");
    assert.equal(told.statuses.at(-1), "completed");
    assert.equal(text(told.result), "task: done");
    assert.equal(told.result._meta["io.modelcontextprotocol/related-task"].taskId, told.taskCreated.taskId);
  },

  async "a task, waited for"(peer) {
    const { taskId } = await begun(peer, "slow_compute", { seconds: 0.5, label: "waited" });
    const [first, second] = await Promise.all([result(peer, taskId), result(peer, taskId)]);
    assert.equal(text(first), "waited: done");
    assert.deepEqual(first, second);
  },

  async "a lifetime that is asked for"(peer) {
    const { ttl } = await begun(peer, "slow_compute", { seconds: 0 }, { ttl: 60_000 });
    assert.equal(ttl, 60_000);
  },

  async "notifications/tasks/status"(peer) {
    const heard = [];
    peer.client.setNotificationHandler(TaskStatusNotificationSchema, ({ params }) => void heard.push(params));
    const { taskId } = await begun(peer, "slow_compute", { seconds: 0.2 });
    await until("the end", () => heard.some((it) => it.taskId === taskId && it.status === "completed"));
  },

  async "failed: an error of the tool"(peer) {
    const told = await whole(peer, "failing_job");
    assert.equal(told.statuses.at(-1), "failed");
    assert.match(told.error.message, /failed/); // the client's own words: of a task that failed it does not ask the result
    const failure = await result(peer, told.taskCreated.taskId);
    assert.equal(failure.isError, true);
    assert.equal(text(failure), "This job fails on purpose.");
  },

  async "failed: an error of the protocol"(peer) {
    const told = await whole(peer, "protocol_error_job");
    assert.equal(told.statuses.at(-1), "failed");
    await fails(result(peer, told.taskCreated.taskId), -32603);
  },

  async cancelled(peer) {
    const { taskId } = await begun(peer, "slow_compute", { seconds: 60 });
    const waiting = assert.rejects(result(peer, taskId));
    assert.equal((await peer.client.experimental.tasks.cancelTask(taskId)).status, "cancelled");
    await waiting;
    assert.equal(await status(peer, taskId), "cancelled");
    await fails(peer.client.experimental.tasks.cancelTask(taskId), -32602);
  },

  async "a question"(peer) {
    const told = await whole(peer, "confirm_delete", { filename: "a.txt" });
    assert.equal(text(told.result), "a.txt: deleted");
    const { params } = peer.asked.at(-1);
    assert.equal(params.message, "Delete a.txt?");
    assert.equal(params._meta["io.modelcontextprotocol/related-task"].taskId, told.taskCreated.taskId);
  },

  async "two questions at once"(peer) {
    const before = peer.asked.length;
    const told = await whole(peer, "multi_input");
    assert.equal(text(told.result), "alice, then alice");
    assert.equal(peer.asked.length, before + 2);
  },

  async "a question, and work after it"(peer) {
    const told = await whole(peer, "test_tool_with_task");
    assert.equal(text(told.result), "Hello, alice!");
  },

  async "twenty at once"(peer) {
    const begin = Array.from({ length: 20 }, (_, at) => whole(peer, "slow_compute", { seconds: 0.5, label: `${at}` }));
    const all = await Promise.all(begin);
    all.forEach((told, at) => assert.equal(text(told.result), `${at}: done`));
    assert.equal(new Set(all.map((told) => told.taskCreated.taskId)).size, 20);
  },

  async "tasks/list"(peer) {
    if (!peer.local) return fails(peer.client.experimental.tasks.listTasks(), -32601);
    const { tasks: listed } = await peer.client.experimental.tasks.listTasks();
    assert.ok(listed.length >= 20);
    assert.ok(listed.every((task) => final.includes(task.status)));
  },

  async "an unknown id"(peer) {
    await fails(peer.client.experimental.tasks.getTask("no-such-task"), -32602);
    await fails(result(peer, "no-such-task"), -32602);
  },
};
