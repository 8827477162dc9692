"""What FastMCP's client does with the extension for tasks.

Importing `fastmcp_tasks` makes every client declare it. `call_tool` then returns the result of whatever becomes a task,
`call_tool_task` the task itself. It polls: it does not listen to tasks (`subscriptions/listen`).
"""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from typing import Any

import anyio
import mcp_types as types
from checks import text, wire
from fastmcp import Client
from fastmcp.client.transports import StdioTransport
from fastmcp.exceptions import ToolError
from fastmcp_tasks import call_tool_task
from peer import Peer, filled

EXTENSION = "io.modelcontextprotocol/tasks"


@asynccontextmanager
async def connect(era: str, address: str):
    peer = Peer()
    server = address if address.startswith("http") else StdioTransport(address, ["--stdio"], keep_alive=False)

    async def elicit(message: str, response_type: Any, params: Any, context: Any) -> Any:
        asked = wire(params)
        peer.asked.append(("elicitation/create", asked))
        return types.ElicitResult(action="accept", content=filled(asked["requestedSchema"]))

    async with Client(server, mode=era, elicitation_handler=elicit, message_handler=peer.hear) as client:
        peer.client = client
        peer.version = client.session.protocol_version
        peer.modern = peer.version >= "2026"
        yield peer


async def call(peer, tool: str, /, **arguments: Any) -> str:
    return text(wire_of(await peer.client.call_tool(tool, arguments)))


async def fails(pending: Any, words: str) -> None:
    try:
        await pending
    except ToolError as error:
        assert words in str(error), error
    else:
        raise AssertionError(f"it succeeded; expected the error {words!r}")


async def declared(peer):
    found = wire(peer.client.session.server_capabilities)
    assert found["extensions"][EXTENSION] == {}, found
    assert "tasks" not in found, found


async def no_task(peer):
    assert await call(peer, "greet", name="Anna") == "Hello, Anna!"
    assert await call(peer, "slow_compute", seconds=0, label="plain") == "plain: done"
    await fails(call_tool_task(peer.client, "slow_compute", {"seconds": 0}), "did not run as a task")


async def a_task(peer):
    assert await call(peer, "slow_compute", seconds=1, label="task") == "task: done"


async def a_handle(peer):
    task = await call_tool_task(peer.client, "slow_compute", {"seconds": 1, "label": "handle"})
    created = wire(task.create_result)
    assert re.fullmatch(r"[\w-]{22,}", created["taskId"]) and created["status"] == "working", created
    assert created["ttlMs"] > 0 and created["pollIntervalMs"] > 0, created
    assert (await task.status()).status == "working"
    assert text(wire_of(await task.result())) == "handle: done"
    assert (await task.status()).status == "completed"


async def error_of_the_tool(peer):
    task = await call_tool_task(peer.client, "failing_job")
    found = await task.wait(timeout=10)
    assert found.status == "completed" and found.result["isError"], found
    await fails(task.result(), "This job fails on purpose.")


async def error_of_the_protocol(peer):
    task = await call_tool_task(peer.client, "protocol_error_job")
    found = await task.wait(timeout=10)
    assert found.status == "failed" and found.error["code"] == -32603, found
    await fails(task.result(), "this job breaks on purpose")


async def cancelled(peer):
    task = await call_tool_task(peer.client, "slow_compute", {"seconds": 60})
    await task.cancel()
    await task.cancel()
    assert (await task.wait(timeout=2)).status == "cancelled"
    await fails(task.result(), "was cancelled")


async def a_question(peer):
    assert await call(peer, "confirm_delete", filename="a.txt") == "a.txt: deleted"
    assert peer.asked[-1][1]["message"] == "Delete a.txt?", peer.asked[-1]


async def two_questions(peer):
    before = len(peer.asked)
    task = await call_tool_task(peer.client, "multi_input")
    found = await task.wait(state="input_required", timeout=10)
    assert {request["method"] for request in found.input_requests.values()} == {"elicitation/create"}, found
    assert text(wire_of(await task.result())) == "alice, then alice"
    assert len(peer.asked) == before + 2, peer.asked


async def a_question_before_the_task(peer):
    assert await call(peer, "test_tool_with_task") == "Hello, alice!"


async def twenty(peer):
    async def one(label: str):
        assert await call(peer, "slow_compute", seconds=1, label=label) == f"{label}: done"

    async with anyio.create_task_group() as group:
        for at in range(20):
            group.start_soon(one, str(at))


def wire_of(result: Any) -> dict[str, Any]:
    """FastMCP has a result of its own, whose content is the protocol's."""
    return {"content": [wire(block) for block in result.content]}


TASKS = {
    "the extension is declared": declared,
    "no task": no_task,
    "a task, unseen": a_task,
    "a task, and its handle": a_handle,
    "completed: an error of the tool": error_of_the_tool,
    "failed: an error of the protocol": error_of_the_protocol,
    "cancelled": cancelled,
    "a question": a_question,
    "two questions at once": two_questions,
    "a question, and a task after it": a_question_before_the_task,
    "twenty at once": twenty,
}
