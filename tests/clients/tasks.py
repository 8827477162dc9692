"""What version 1 of the official Python package does with tasks of 2025-11-25 (`session.experimental`).

Version 2 knows the words, but has nothing that calls a tool as a task.
"""

from __future__ import annotations

import re
from typing import Any

import anyio
import mcp.types as types
from checks import fails, text, until, wire

RELATED = "io.modelcontextprotocol/related-task"


async def begun(peer, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Begins a task, and leaves it to itself."""
    created = wire(await peer.client.experimental.call_tool_as_task(name, arguments or {}, **options))["task"]
    assert re.fullmatch(r"[\w-]{22,}", created["taskId"]), created
    return created


async def ended(peer, task_id: str) -> str:
    """Asks until the task has ended; what is asked meanwhile comes with the request for the result."""
    async for found in peer.client.experimental.poll_task(task_id):
        if found.status == "input_required":
            await result(peer, task_id)
    return found.status


async def result(peer, task_id: str) -> dict[str, Any]:
    return wire(await peer.client.experimental.get_task_result(task_id, types.CallToolResult))


async def whole(peer, name: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    task_id = (await begun(peer, name, arguments))["taskId"]
    assert await ended(peer, task_id) == "completed"
    return await result(peer, task_id)


async def capabilities(peer):
    found = peer.capabilities["tasks"]
    assert "call" in found["requests"]["tools"] and "cancel" in found, found
    # Over HTTP nobody says who they are: there is nobody whose tasks could be listed.
    assert ("list" in found) == peer.local, found


async def tools_that_can_be_tasks(peer):
    tools = wire(await peer.client.list_tools())["tools"]
    support = {tool["name"]: tool.get("execution", {}).get("taskSupport", "forbidden") for tool in tools}
    found = [support[name] for name in ("greet", "slow_compute", "failing_job")]
    assert found == ["forbidden", "optional", "required"], found


async def no_task(peer):
    assert text(await peer.call("slow_compute", {"seconds": 0.1, "label": "plain"})) == "plain: done"


async def tools_of_the_other_kind(peer):
    await fails(begun(peer, "greet", {"name": "Anna"}), -32601)
    await fails(peer.call("failing_job"), -32601)


async def a_task(peer):
    created = await begun(peer, "slow_compute", {"seconds": 0.5, "label": "task"}, ttl=60_000)
    assert created["status"] == "working" and created["ttl"] == 60_000, created
    assert await ended(peer, created["taskId"]) == "completed"
    found = await result(peer, created["taskId"])
    assert text(found) == "task: done" and found["_meta"][RELATED]["taskId"] == created["taskId"], found


async def status_notifications(peer):
    task_id = (await begun(peer, "slow_compute", {"seconds": 0.2}))["taskId"]
    await until("the end", lambda: (task_id, "completed") in peer.statuses)


async def error_of_the_tool(peer):
    task_id = (await begun(peer, "failing_job"))["taskId"]
    assert await ended(peer, task_id) == "failed"
    failure = await result(peer, task_id)
    assert failure["isError"] and text(failure) == "This job fails on purpose.", failure


async def error_of_the_protocol(peer):
    task_id = (await begun(peer, "protocol_error_job"))["taskId"]
    assert await ended(peer, task_id) == "failed"
    await fails(result(peer, task_id), -32603)


async def cancelled(peer):
    task_id = (await begun(peer, "slow_compute", {"seconds": 60}))["taskId"]
    found = await peer.client.experimental.cancel_task(task_id)
    assert found.status == "cancelled", found
    assert await ended(peer, task_id) == "cancelled"
    await fails(peer.client.experimental.cancel_task(task_id), -32602)


async def a_question(peer):
    assert text(await whole(peer, "confirm_delete", {"filename": "a.txt"})) == "a.txt: deleted"
    assert peer.asked[-1][1]["message"] == "Delete a.txt?", peer.asked[-1]


async def two_questions(peer):
    before = len(peer.asked)
    assert text(await whole(peer, "multi_input")) == "alice, then alice"
    assert len(peer.asked) == before + 2


async def a_question_and_work(peer):
    assert text(await whole(peer, "test_tool_with_task")) == "Hello, alice!"


async def twenty(peer):
    async def one(label: str):
        assert text(await whole(peer, "slow_compute", {"seconds": 0.5, "label": label})) == f"{label}: done"

    async with anyio.create_task_group() as group:
        for at in range(20):
            group.start_soon(one, str(at))


async def tasks_list(peer):
    if not peer.local:
        return await fails(peer.client.experimental.list_tasks(), -32601)
    listed = wire(await peer.client.experimental.list_tasks())["tasks"]
    assert len(listed) >= 20, len(listed)
    assert {task["status"] for task in listed} <= {"completed", "failed", "cancelled"}, listed


async def unknown_id(peer):
    await fails(peer.client.experimental.get_task("no-such-task"), -32602)
    await fails(result(peer, "no-such-task"), -32602)


TASKS = {
    "capabilities": capabilities,
    "which tools can be tasks": tools_that_can_be_tasks,
    "no task, as none was asked for": no_task,
    "a tool that is none, and one that has to be": tools_of_the_other_kind,
    "a task": a_task,
    "notifications/tasks/status": status_notifications,
    "failed: an error of the tool": error_of_the_tool,
    "failed: an error of the protocol": error_of_the_protocol,
    "cancelled": cancelled,
    "a question": a_question,
    "two questions at once": two_questions,
    "a question, and work after it": a_question_and_work,
    "twenty at once": twenty,
    "tasks/list": tasks_list,
    "an unknown id": unknown_id,
}
