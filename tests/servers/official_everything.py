"""python official_everything.py --stdio|--http: a server of the official Python package, version 1, with tasks of 2025-11-25.

Over HTTP it picks its port, and says on stderr where it listens.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

import anyio
import mcp.types as types
import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from pydantic import AnyUrl
from starlette.applications import Starlette
from starlette.routing import Mount

server = Server("official-everything", instructions="Everything that the official package has.")
server.experimental.enable_tasks()

FORM = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
NOTHING = {"type": "object", "properties": {}}
NUMBERS = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]}


def said(words: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=words)])


def name_of(answer: types.ElicitResult) -> str:
    return answer.content["name"] if answer.action == "accept" else answer.action


def question() -> list[types.SamplingMessage]:
    return [types.SamplingMessage(role="user", content=types.TextContent(type="text", text="Capital of France?"))]


async def job(task: Any) -> types.CallToolResult:
    await task.update_status("half of it")
    await anyio.sleep(0.2)
    return said("done")


async def job_asking(task: Any) -> types.CallToolResult:
    return said(f"done for {name_of(await task.elicit('Whose?', FORM))}")


async def job_modelling(task: Any) -> types.CallToolResult:
    answer = await task.create_message(question(), max_tokens=10)
    return said(answer.content.text)


async def job_asking_as_task(task: Any) -> types.CallToolResult:
    return said(f"done for {name_of(await task.elicit_as_task('Whose?', FORM))}")


async def job_failing(task: Any) -> types.CallToolResult:
    raise ValueError("on purpose")


async def job_endless(task: Any) -> types.CallToolResult:
    await anyio.sleep_forever()
    return said("never")


JOBS = {work.__name__: work for work in (job, job_asking, job_modelling, job_asking_as_task, job_failing, job_endless)}


@server.list_tools()
async def tools(request: types.ListToolsRequest) -> types.ListToolsResult:
    plain = [types.Tool(name=name, inputSchema=NOTHING) for name in ("fail", "ask", "model", "steps")]
    optional = types.ToolExecution(taskSupport="required")
    jobs = [types.Tool(name=name, inputSchema=NOTHING, execution=optional) for name in JOBS]
    if request.params is None or request.params.cursor is None:
        return types.ListToolsResult(tools=[types.Tool(name="sum", inputSchema=NUMBERS), *plain], nextCursor="2")
    return types.ListToolsResult(tools=jobs)


@server.call_tool()
async def call(name: str, arguments: dict[str, Any]) -> Any:
    context = server.request_context
    if name in JOBS:
        context.experimental.validate_task_mode("required")
        return await context.experimental.run_task(JOBS[name])
    match name:
        case "sum":
            return said(str(arguments["a"] + arguments["b"]))
        case "ask":
            return said(f"Hello, {name_of(await context.session.elicit('Who are you?', FORM, context.request_id))}!")
        case "model":
            answer = await context.session.create_message(question(), max_tokens=10, related_request_id=context.request_id)
            return said(answer.content.text)
        case "steps":
            for done in range(3):
                token = context.meta and context.meta.progressToken
                if token is not None:
                    await context.session.send_progress_notification(token, done, 3, f"step {done}", str(context.request_id))
                await context.session.send_log_message("info", f"at step {done}", related_request_id=context.request_id)
            return said("three steps")
    raise ValueError("on purpose")


@server.list_prompts()
async def prompts() -> list[types.Prompt]:
    return [types.Prompt(name="greeting", arguments=[types.PromptArgument(name="whom", required=True)])]


@server.get_prompt()
async def prompt(name: str, arguments: dict[str, str] | None) -> types.GetPromptResult:
    content = types.TextContent(type="text", text=f"Greet {(arguments or {})['whom']}.")
    return types.GetPromptResult(messages=[types.PromptMessage(role="user", content=content)])


@server.list_resources()
async def resources() -> list[types.Resource]:
    return [types.Resource(uri=AnyUrl("official://about"), name="about")]


@server.list_resource_templates()
async def templates() -> list[types.ResourceTemplate]:
    return [types.ResourceTemplate(uriTemplate="official://pages/{page}", name="page")]


@server.read_resource()
async def read(uri: AnyUrl) -> list[ReadResourceContents]:
    return [ReadResourceContents(content=f"about {uri}", mime_type="text/plain")]


@server.subscribe_resource()
async def subscribe(uri: AnyUrl) -> None:
    await server.request_context.session.send_resource_updated(uri)


@server.unsubscribe_resource()
async def unsubscribe(uri: AnyUrl) -> None:
    pass


@server.set_logging_level()
async def level(level: types.LoggingLevel) -> None:
    pass


@server.completion()
async def complete(reference: Any, argument: types.CompletionArgument, context: Any) -> types.Completion:
    names = [name for name in ("ada", "anna", "bob") if name.startswith(argument.value)]
    return types.Completion(values=names, hasMore=False)


async def serve_stdio() -> None:
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())


async def serve_http() -> None:
    manager = StreamableHTTPSessionManager(server)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette):
        async with manager.run():
            yield

    app = Starlette(routes=[Mount("/mcp", app=manager.handle_request)], lifespan=lifespan)
    running = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))

    async def tell() -> None:
        while not running.started:
            await anyio.sleep(0.02)
        port = running.servers[0].sockets[0].getsockname()[1]
        print(f"listening on http://127.0.0.1:{port}/mcp/", file=sys.stderr, flush=True)

    async with anyio.create_task_group() as group:
        group.start_soon(tell)
        await running.serve()


anyio.run(serve_http if sys.argv[1] == "--http" else serve_stdio)
