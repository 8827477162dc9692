"""python fastmcp_everything.py --stdio|--http: what FastMCP offers, tasks of the extension among it.

Over HTTP it picks its port, and says on stderr where it listens.
"""

from __future__ import annotations

import asyncio
import sys
import warnings

import anyio
import mcp_types as types
import uvicorn
from fastmcp import Context, FastMCP
from fastmcp_tasks import TasksExtension

warnings.simplefilter("ignore")

server = FastMCP("fastmcp-everything", instructions="Everything that FastMCP has.")
server.add_extension(TasksExtension(url="memory://", minimum_check_interval=None))


def form(message: str) -> types.ElicitRequest:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    params = types.ElicitRequestFormParams(message=message, requested_schema=schema)
    return types.ElicitRequest(params=params)


def name_of(answer: types.ElicitResult) -> str:
    return answer.content["name"] if answer.action == "accept" else answer.action


@server.tool
def sum_of(a: int, b: int) -> int:
    return a + b


@server.tool
def fail() -> str:
    raise ValueError("on purpose")


@server.tool
async def ask(context: Context) -> str | types.InputRequiredResult:
    if not context.input_responses:
        return types.InputRequiredResult(input_requests={"answer": form("Who are you?")}, request_state="asked once")
    assert context.request_state == "asked once", context.request_state
    return f"Hello, {name_of(context.input_responses['answer'])}!"


@server.tool
async def model(context: Context) -> str | types.InputRequiredResult:
    if not context.input_responses:
        said = types.SamplingMessage(role="user", content=types.TextContent(text="Capital of France?"))
        params = types.CreateMessageRequestParams(messages=[said], max_tokens=10)
        return types.InputRequiredResult(input_requests={"answer": types.CreateMessageRequest(params=params)})
    return context.input_responses["answer"].content.text


@server.tool
async def steps(context: Context) -> str:
    for done in range(3):
        await context.report_progress(done, 3, f"step {done}")
        await context.info(f"at step {done}")
    return "three steps"


@server.tool(task=True)
async def job() -> str:
    await asyncio.sleep(0.3)
    return "done"


@server.tool(task=True)
async def job_failing() -> str:
    raise ValueError("on purpose")


@server.tool(task=True)
async def job_endless() -> str:
    await asyncio.sleep(3600)
    return "never"


@server.tool(task=True)
async def job_asking(context: Context) -> str | types.InputRequiredResult:
    if not context.input_responses:
        return types.InputRequiredResult(input_requests={"whose": form("Whose?")}, request_state="asked once")
    return f"done for {name_of(context.input_responses['whose'])}"


@server.prompt
def greeting(whom: str) -> str:
    return f"Greet {whom}."


@server.resource("fastmcp://about")
def about() -> str:
    return "about FastMCP"


@server.resource("fastmcp://pages/{page}")
def page(page: str) -> str:
    return f"page {page}"


async def serve_http() -> None:
    running = uvicorn.Server(uvicorn.Config(server.http_app(), host="127.0.0.1", port=0, log_level="warning", lifespan="on"))

    async def tell() -> None:
        while not running.started:
            await anyio.sleep(0.02)
        port = running.servers[0].sockets[0].getsockname()[1]
        print(f"listening on http://127.0.0.1:{port}/mcp", file=sys.stderr, flush=True)

    async with anyio.create_task_group() as group:
        group.start_soon(tell)
        await running.serve()


if sys.argv[1] == "--http":
    anyio.run(serve_http)
else:
    server.run(show_banner=False)
