"""The official Python package, in its versions 1 and 2, behind one face."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

import mcp.types as types
from checks import wire
from mcp import StdioServerParameters
from pydantic import AnyUrl

try:
    from mcp import Client
except ImportError:
    Client = None


class Peer:
    answer = "the model's answer"
    types = types

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.logged: list[Any] = []
        self.changed: set[str] = set()
        self.statuses: list[tuple[str, str]] = []
        self.troubles: list[Exception] = []

    async def call(self, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        return wire(await self.client.call_tool(name, arguments, **options))

    async def read(self, uri: str) -> dict[str, Any]:
        return wire(await self.client.read_resource(self.uri(uri)))

    def uri(self, uri: str) -> Any:
        return uri if Client else AnyUrl(uri)

    # What the client answers when the server asks, whichever way the question comes

    async def sample(self, context: Any, params: Any) -> Any:
        self.asked.append(("sampling/createMessage", wire(params)))
        content = types.TextContent(type="text", text=self.answer)
        return types.CreateMessageResult(role="assistant", model="none", content=content)

    async def elicit(self, context: Any, params: Any) -> Any:
        asked = wire(params)
        self.asked.append(("elicitation/create", asked))
        return types.ElicitResult(action="accept", content=filled(asked["requestedSchema"]))

    async def roots(self, context: Any) -> Any:
        self.asked.append(("roots/list", {}))
        return types.ListRootsResult(roots=[types.Root(uri="file:///srv/project", name="project")])

    async def log(self, params: Any) -> None:
        self.logged.append(params)

    async def hear(self, message: Any) -> None:
        if isinstance(message, Exception):
            self.troubles.append(message)
        elif (method := getattr(getattr(message, "root", message), "method", "")).endswith("/list_changed"):
            self.changed.add(method)
        elif method == "notifications/tasks/status":
            self.statuses.append((message.root.params.taskId, message.root.params.status))


def filled(schema: dict[str, Any]) -> dict[str, Any]:
    """Content that a form's schema allows: defaults where it has them, `alice` for text."""

    def value(shape: dict[str, Any]) -> Any:
        if "default" in shape:
            return shape["default"]
        match shape.get("type"):
            case "boolean":
                return True
            case "integer" | "number":
                return shape.get("minimum", 1)
            case "array":
                items = shape["items"]
                return [items["enum"][0] if "enum" in items else items["anyOf"][0]["const"]]
        if "enum" in shape:
            return shape["enum"][0]
        if "oneOf" in shape:
            return shape["oneOf"][0]["const"]
        return "alice@example.com" if shape.get("format") == "email" else "alice"

    return {key: value(shape) for key, shape in schema["properties"].items()}


@asynccontextmanager
async def connect(era: str, address: str, able: bool = True):
    """Connects; `era` is `legacy`, `auto` or a revision, `address` a URL or a command. Not `able`: without capabilities."""
    peer = Peer()
    peer.another = lambda: connect(era, address, able=False)
    callbacks: dict[str, Any] = {"logging_callback": peer.log, "message_handler": peer.hear}
    if able:
        callbacks |= {
            "sampling_callback": peer.sample,
            "elicitation_callback": peer.elicit,
            "list_roots_callback": peer.roots,
        }
    open_peer = second if Client else first
    async with open_peer(peer, era, address, callbacks):
        yield peer


@asynccontextmanager
async def first(peer: Peer, era: str, address: str, callbacks: dict[str, Any]):
    from mcp import ClientSession
    from mcp.client.stdio import stdio_client
    from mcp.client.streamable_http import streamable_http_client

    assert era == "legacy", "version 1 of the package speaks the lifecycle with sessions only"
    if address.startswith("http"):
        transport = streamable_http_client(address)
    else:
        transport = stdio_client(StdioServerParameters(command=address, args=["--stdio"]))
    async with transport as streams, ClientSession(streams[0], streams[1], **callbacks) as session:
        found = await session.initialize()
        peer.client = session
        peer.local = not address.startswith("http")
        peer.modern = False
        peer.version = found.protocolVersion
        peer.capabilities = wire(found.capabilities)
        peer.server_info = wire(found.serverInfo)
        yield


@asynccontextmanager
async def second(peer: Peer, era: str, address: str, callbacks: dict[str, Any]):
    server = address if address.startswith("http") else StdioServerParameters(command=address, args=["--stdio"])
    async with Client(server, mode=era, **callbacks) as client:
        peer.client = client
        peer.version = client.protocol_version
        peer.modern = peer.version >= "2026"
        peer.probed = era == "auto"
        peer.capabilities = wire(client.server_capabilities)
        peer.server_info = wire(client.server_info) if client.server_info else {}
        yield
