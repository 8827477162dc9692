"""What the official Python clients do with `everything`, for both versions of the package and both lifecycles.

Results are compared as they are on the wire (`wire`), as the two versions name the fields differently. `peer.py` hides what
else differs.
"""

from __future__ import annotations

import re
import time
from typing import Any

import anyio

LOG_LEVEL = "io.modelcontextprotocol/logLevel"
TOOLS = [
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
]


class LeftOut(Exception):
    """A check does not apply; the message says why."""


def wire(result: Any) -> dict[str, Any]:
    return result.model_dump(mode="json", by_alias=True, exclude_none=True)


def text(result: dict[str, Any]) -> str:
    return "\n".join(block.get("text", "") for block in result["content"])


async def fails(call: Any, code: int) -> None:
    try:
        await call
    except Exception as error:
        found = getattr(getattr(error, "error", None), "code", None)
        assert found == code, f"{found} instead of {code}: {error}"
    else:
        raise AssertionError(f"it succeeded; expected the error {code}")


async def until(what: str, condition: Any) -> None:
    limit = time.monotonic() + 2
    while not condition():
        assert time.monotonic() < limit, f"{what} did not come within 2 s"
        await anyio.sleep(0.01)


# In both lifecycles


async def tools_list(peer):
    tools = {tool["name"]: tool for tool in wire(await peer.client.list_tools())["tools"]}
    for name in TOOLS:
        assert name in tools, f"{name} is not listed"
    for name, tool in tools.items():
        assert tool["inputSchema"]["type"] == "object", name


async def tools_call_text(peer):
    result = await peer.call("test_simple_text")
    assert text(result) and not result.get("isError")


async def tools_call_content(peer):
    kinds = {block["type"] for block in (await peer.call("test_multiple_content_types"))["content"]}
    assert {"text", "image", "resource"} <= kinds, kinds


async def tools_call_error_of_the_tool(peer):
    result = await peer.call("test_error_handling")
    assert result["isError"] is True and text(result)


async def tools_call_unknown_tool(peer):
    await fails(peer.call("no_such_tool"), -32602)


async def tools_call_progress(peer):
    seen = []

    async def progress(value, total, message):
        seen.append(value)

    await peer.call("test_tool_with_progress", {}, progress_callback=progress)
    assert len(seen) >= 3, f"{len(seen)} notifications"
    assert seen == sorted(seen), seen


async def tools_call_side_by_side(peer):
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(peer.call, "test_simple_text")


async def tools_call_cancelled(peer):
    if not any(tool["name"] == "slow_compute" for tool in wire(await peer.client.list_tools())["tools"]):
        raise LeftOut("the server lacks slow_compute")
    with anyio.move_on_after(0.1) as scope:
        await peer.call("slow_compute", {"seconds": 60, "label": "cancelled"})
    assert scope.cancelled_caught, "it ended before it was cancelled"
    with anyio.fail_after(2):
        await peer.call("test_simple_text")


async def resources_list(peer):
    uris = {resource["uri"] for resource in wire(await peer.client.list_resources())["resources"]}
    assert {"test://static-text", "test://static-binary"} <= uris, uris


async def resources_read(peer):
    (content,) = (await peer.read("test://static-text"))["contents"]
    assert content["uri"] == "test://static-text" and content["text"]
    (content,) = (await peer.read("test://static-binary"))["contents"]
    assert content["blob"]


async def resources_read_unknown_uri(peer):
    await fails(peer.read("test://no-such-resource"), -32602 if peer.modern else -32002)


async def resources_templates(peer):
    templates = wire(await peer.client.list_resource_templates())["resourceTemplates"]
    assert any(template["uriTemplate"] == "test://template/{id}/data" for template in templates)
    (content,) = (await peer.read("test://template/123/data"))["contents"]
    assert "123" in content["text"]


async def prompts_list(peer):
    prompts = {prompt["name"]: prompt for prompt in wire(await peer.client.list_prompts())["prompts"]}
    assert "test_simple_prompt" in prompts
    arguments = [argument["name"] for argument in prompts["test_prompt_with_arguments"]["arguments"]]
    assert arguments == ["arg1", "arg2"], arguments


async def prompts_get(peer):
    plain = wire(await peer.client.get_prompt("test_simple_prompt"))
    assert plain["messages"][0]["content"]["text"]
    filled = wire(await peer.client.get_prompt("test_prompt_with_arguments", {"arg1": "hello", "arg2": "world"}))
    assert re.search("hello.*world", filled["messages"][0]["content"]["text"], re.DOTALL)


async def completion_complete(peer):
    ref = peer.types.PromptReference(type="ref/prompt", name="test_prompt_with_arguments")
    result = wire(await peer.client.complete(ref, {"name": "arg1", "value": "test"}))
    assert isinstance(result["completion"]["values"], list)


# With `initialize`: the server asks while the call is pending, and notifies unasked


async def connect_legacy(peer):
    assert peer.version == "2025-11-25", peer.version
    assert peer.server_info["name"]


async def capabilities(peer):
    found = peer.capabilities
    assert found["tools"]["listChanged"] and found["prompts"]["listChanged"], found
    assert found["resources"]["listChanged"] and found["resources"]["subscribe"], found
    assert "logging" in found and "completions" in found, found


async def ping(peer):
    await peer.client.send_ping()


async def sampling(peer):
    result = await peer.call("test_sampling", {"prompt": "What is two and two?"})
    assert peer.answer in text(result), text(result)
    method, params = peer.asked[-1]
    assert method == "sampling/createMessage" and "two and two" in str(params["messages"])


async def elicitation(peer):
    result = await peer.call("test_elicitation", {"message": "Who are you?"})
    assert "alice" in text(result), text(result)
    assert peer.asked[-1][1]["message"] == "Who are you?"


async def elicitation_defaults(peer):
    await peer.call("test_elicitation_sep1034_defaults")
    assert peer.asked[-1][1]["requestedSchema"]["properties"]["name"]["default"] == "John Doe"


async def logging_set_level(peer):
    await peer.client.set_logging_level("debug")
    before = len(peer.logged)
    await peer.call("test_tool_with_logging")
    await until("3 log messages", lambda: len(peer.logged) >= before + 3)


async def logging_nothing_below(peer):
    await peer.client.set_logging_level("emergency")
    before = len(peer.logged)
    await peer.call("test_tool_with_logging")
    await anyio.sleep(0.2)
    assert len(peer.logged) == before


async def resources_subscribe(peer):
    await peer.client.subscribe_resource(peer.uri("test://watched-resource"))
    await peer.client.unsubscribe_resource(peer.uri("test://watched-resource"))


async def list_changes_unasked(peer):
    await peer.call("test_trigger_tool_change")
    await until("a notification", lambda: "notifications/tools/list_changed" in peer.changed)
    await peer.call("test_trigger_prompt_change")
    await until("a notification", lambda: "notifications/prompts/list_changed" in peer.changed)


# Without sessions: the client asks again with what the server wanted to know, and listens


async def connect_modern(peer):
    assert peer.version == "2026-07-28", peer.version


async def discovered(peer):
    if not peer.probed:
        raise LeftOut("with a revision given, this client does not ask")
    found = peer.capabilities
    assert found["tools"]["listChanged"] and found["prompts"]["listChanged"], found
    assert peer.server_info["name"]


async def header_parameter(peer):
    await peer.client.list_tools()
    for value in ["plain", "Grüße, 世界", " edges ", "=?base64?eA==?="]:
        result = await peer.call("test_custom_header", {"value": value})
        assert not result.get("isError"), value


async def input_required_elicitation(peer):
    assert "alice" in text(await peer.call("test_input_required_result_elicitation"))
    assert peer.asked[-1][0] == "elicitation/create"


async def input_required_sampling(peer):
    await peer.call("test_input_required_result_sampling")
    assert peer.asked[-1][0] == "sampling/createMessage"


async def input_required_roots(peer):
    await peer.call("test_input_required_result_list_roots")
    assert peer.asked[-1][0] == "roots/list"


async def input_required_several(peer):
    before = len(peer.asked)
    await peer.call("test_input_required_result_multiple_inputs")
    methods = {method for method, _ in peer.asked[before:]}
    assert methods == {"elicitation/create", "sampling/createMessage", "roots/list"}, methods


async def input_required_rounds(peer):
    before = len(peer.asked)
    await peer.call("test_input_required_result_multi_round")
    assert len(peer.asked) >= before + 2
    assert text(await peer.call("test_input_required_result_request_state"))


async def input_required_prompt(peer):
    assert wire(await peer.client.get_prompt("test_input_required_result_prompt"))["messages"]


async def lacking_capability(peer):
    async with peer.another() as other:
        await fails(other.call("test_missing_capability"), -32021)


async def log_messages_for_who_asks(peer):
    before = len(peer.logged)
    await peer.call("test_logging_tool")
    await anyio.sleep(0.2)
    assert len(peer.logged) == before, "messages without logLevel"
    await peer.call("test_logging_tool", meta={LOG_LEVEL: "debug"})
    await until("a log message", lambda: len(peer.logged) > before)


async def subscriptions_listen(peer):
    watched = "test://watched-resource"
    async with peer.client.listen(tools_list_changed=True) as tools:
        assert wire(tools.honored) == {"toolsListChanged": True}, tools.honored
        async with peer.client.listen(prompts_list_changed=True, resource_subscriptions=[watched]) as prompts:
            assert wire(prompts.honored) == {"promptsListChanged": True, "resourceSubscriptions": [watched]}
            await peer.call("test_trigger_tool_change")
            await peer.call("test_trigger_prompt_change")
            with anyio.fail_after(2):
                assert type(await anext(tools)).__name__ == "ToolsListChanged"
                assert type(await anext(prompts)).__name__ == "PromptsListChanged"
    await anyio.sleep(0.1)
    peer.changed.clear()
    await peer.call("test_trigger_tool_change")
    await anyio.sleep(0.2)
    assert not peer.changed, "a notification after the end"


COMMON = {
    "tools/list": tools_list,
    "tools/call: text": tools_call_text,
    "tools/call: several kinds of content": tools_call_content,
    "tools/call: an error of the tool": tools_call_error_of_the_tool,
    "tools/call: an unknown tool": tools_call_unknown_tool,
    "tools/call: progress": tools_call_progress,
    "tools/call: side by side": tools_call_side_by_side,
    "tools/call: cancelled": tools_call_cancelled,
    "resources/list": resources_list,
    "resources/read": resources_read,
    "resources/read: an unknown uri": resources_read_unknown_uri,
    "resources/templates/list, and read of one": resources_templates,
    "prompts/list": prompts_list,
    "prompts/get": prompts_get,
    "completion/complete": completion_complete,
}

LEGACY = {
    "connect": connect_legacy,
    "capabilities": capabilities,
    "ping": ping,
    **COMMON,
    "sampling/createMessage": sampling,
    "elicitation/create": elicitation,
    "elicitation/create: defaults": elicitation_defaults,
    "logging/setLevel": logging_set_level,
    "logging/setLevel: nothing below it": logging_nothing_below,
    "resources/subscribe, resources/unsubscribe": resources_subscribe,
    "list changes, unasked": list_changes_unasked,
}

MODERN = {
    "connect": connect_modern,
    "server/discover": discovered,
    **COMMON,
    "a parameter that is a header": header_parameter,
    "input_required: elicitation": input_required_elicitation,
    "input_required: sampling": input_required_sampling,
    "input_required: roots": input_required_roots,
    "input_required: several at once": input_required_several,
    "input_required: several rounds, with state": input_required_rounds,
    "input_required: a prompt": input_required_prompt,
    "a capability that the client lacks": lacking_capability,
    "log messages for who asks for them": log_messages_for_who_asks,
    "subscriptions/listen": subscriptions_listen,
}
