"""What app/server uses of uvicorn beyond its documentation: fails with one sentence that names the part that breaks.

A new release of uvicorn may rename or change any of this. When a test here fails, read the change in uvicorn, repair
the module named, and run tests/app/server and tests/operation before the bounds in pyproject.toml are moved.
"""

import asyncio
import hashlib
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http import flow_control, httptools_impl
from uvicorn.server import ServerState

from app.api.connection_errors import ConnectionErrors
from app.server.http.connections import CONNECTIONS_KEY, Connections
from app.server.http.protocol import HttpProtocol
from app.server.http.transport import CoalescingTransport
from app.server.uvicorn_server import Server
from tests.app.server.recording_transport import RecordingTransport

HTTP = "app/server/http/"
SERVER = "app/server/uvicorn_server.py"

METHODS: dict[type, dict[str, tuple[list[str], str]]] = {
    httptools_impl.HttpToolsProtocol: {
        "connection_made": (["transport"], HTTP + "bounded_connection.py (time limit of a request)"),
        "connection_lost": (["exc"], HTTP + "bounded_connection.py (release of what a connection held)"),
        "data_received": (["data"], HTTP + "protocol.py (one request at a time)"),
        "pause_writing": ([], HTTP + "bounded_connection.py (limit of unread answers)"),
        "resume_writing": ([], HTTP + "bounded_connection.py (limit of unread answers)"),
        "shutdown": ([], HTTP + "bounded_connection.py (connections without a request when the process stops)"),
        "on_message_begin": ([], HTTP + "protocol.py (time limit of a request)"),
        "on_headers_complete": ([], HTTP + "protocol.py (checks of a request's head)"),
        "on_header": (["name", "value"], HTTP + "protocol.py (whitespace after a value)"),
        "on_url": (["url"], HTTP + "upgrade.py (body after an upgrade)"),
        "on_body": (["body"], HTTP + "protocol.py (limit of what is not a body)"),
        "on_message_complete": ([], HTTP + "protocol.py (time limit of a request)"),
        "on_response_complete": ([], HTTP + "protocol.py (end of a request)"),
        "_start_asgi_task": (["cycle", "app"], HTTP + "protocol.py (head and body in one write)"),
    },
    httptools_impl.RequestResponseCycle: {
        "receive": ([], HTTP + "bounded_connection.py (end of a body that does not arrive)"),
    },
    flow_control.FlowControl: {
        "__init__": (["transport"], HTTP + "read_gate.py (holding back pipelined requests)"),
        "resume_reading": ([], HTTP + "read_gate.py (holding back pipelined requests)"),
    },
    uvicorn.Config: {
        "get_loop_factory": ([], SERVER + " (a signal before the loop runs)"),
    },
    uvicorn.Server: {
        "run": (["sockets"], SERVER + " (a signal before the loop runs)"),
        "capture_signals": ([], SERVER + " (a signal before the loop runs)"),
        "_serve": (["sockets"], SERVER + " (a signal before the loop runs)"),
        "startup": (["sockets"], SERVER + " (sockets of several workers)"),
        "shutdown": (["sockets"], SERVER + " (connections that wait when the process stops)"),
        "handle_exit": (["sig", "frame"], SERVER + " (a second SIGTERM)"),
    },
}
"""Methods that are overridden or called, with their parameters."""

ATTRIBUTES = {
    "protocol": {
        "app_state": HTTP + "bounded_connection.py (limits of the process)",
        "client": HTTP + "bounded_connection.py (IPv4 address of a client on an IPv6 socket)",
        "cycle": HTTP + "bounded_connection.py (refusal in the order of the requests)",
        "expect_100_continue": HTTP + "protocol.py (Expect)",
        "flow": HTTP + "read_gate.py (holding back pipelined requests)",
        "headers": HTTP + "protocol.py (trailers, number of headers)",
        "loop": HTTP + "movable_timer.py (time limits)",
        "parser": HTTP + "upgrade.py (body after an upgrade)",
        "pipeline": HTTP + "protocol.py (end of a request)",
        "scope": HTTP + "bounded_connection.py (whether a body is incomplete)",
        "server_state": HTTP + "protocol.py (end of a request)",
        "timeout_keep_alive": HTTP + "protocol.py (closing of idle connections)",
        "transport": HTTP + "bounded_connection.py (closing)",
        "url": HTTP + "protocol.py (checks of a request's head)",
    },
    "protocol.cycle": {
        "disconnected": HTTP + "bounded_connection.py (end of a body that does not arrive)",
        "keep_alive": HTTP + "bounded_connection.py (closing)",
        "message_event": HTTP + "bounded_connection.py (end of a body that does not arrive)",
        "more_body": HTTP + "bounded_connection.py (end of a body that does not arrive)",
        "response_complete": HTTP + "protocol.py (order of pipelined requests)",
        "scope": HTTP + "bounded_connection.py (bodies that are dropped)",
        "transport": HTTP + "transport.py (head and body in one write)",
        "waiting_for_100_continue": HTTP + "protocol.py (head and body in one write)",
    },
    "protocol.server_state": {
        "connections": SERVER + " (end of the process)",
        "default_headers": HTTP + "bounded_connection.py (problems)",
        "total_requests": HTTP + "protocol.py (end of a request)",
    },
    "server": {
        "config": SERVER + " (protocol of a connection)",
        "force_exit": SERVER + " (a second SIGTERM)",
        "lifespan": SERVER + " (end of the lifespan)",
        "server_state": SERVER + " (protocol of a connection)",
        "should_exit": "app/server/run.py (end of a worker)",
        "started": "app/server/run.py (whether the app could start)",
    },
}
"""Attributes that are read or set."""

REPLACED = {
    uvicorn.Server.run: ("239e0133", "Server.run", SERVER + ", `run`"),
    uvicorn.Server.serve: ("112ef41a", "Server.serve", SERVER + ", `run`"),
    httptools_impl.HttpToolsProtocol.data_received: (
        "010a7ae5",
        "HttpToolsProtocol.data_received",
        HTTP + "protocol.py, `data_received` and `_parse`",
    ),
    httptools_impl.HttpToolsProtocol.on_header: (
        "65d62c04",
        "HttpToolsProtocol.on_header",
        HTTP + "protocol.py, `on_header`",
    ),
    httptools_impl.HttpToolsProtocol.on_response_complete: (
        "64e254f2",
        "HttpToolsProtocol.on_response_complete",
        HTTP + "protocol.py, `on_response_complete`",
    ),
}
"""Methods whose replacement does not call them, by a hash of their source."""


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    assert (await receive())["body"] == b"oil"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"oil"})


CONFIG = uvicorn.Config(app, ws="none", lifespan="off", log_config=None, access_log=False)


async def answered(protocol_class: type[httptools_impl.HttpToolsProtocol]) -> httptools_impl.HttpToolsProtocol:
    """A connection that has had one request."""
    protocol = protocol_class(CONFIG, ServerState(), {CONNECTIONS_KEY: Connections(1000, ConnectionErrors())})
    protocol.connection_made(RecordingTransport())
    protocol.data_received(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\noil")
    await asyncio.gather(*protocol.tasks)
    return protocol


@pytest.fixture(scope="module")
def objects() -> dict[str, Any]:
    """One object of each class in ATTRIBUTES."""
    protocol = asyncio.run(answered(HttpProtocol))
    server = Server(CONFIG, [])
    server.lifespan = CONFIG.lifespan_class(CONFIG)
    return {
        "protocol": protocol,
        "protocol.cycle": protocol.cycle,
        "protocol.server_state": protocol.server_state,
        "server": server,
    }


@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner in METHODS for name in METHODS[owner]])
def test_method_exists_with_its_parameters(owner: type, name: str):
    parameters, breaks = METHODS[owner][name]
    method = getattr(owner, name, None)
    assert method is not None, f"uvicorn {uvicorn.__version__} has no {owner.__name__}.{name}, which breaks {breaks}."
    found = list(inspect.signature(method).parameters)[1:]
    assert found == parameters, (
        f"{owner.__name__}.{name} of uvicorn {uvicorn.__version__} takes {found} and not {parameters},"
        f" which breaks {breaks}."
    )


@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner in ATTRIBUTES for name in ATTRIBUTES[owner]])
def test_attribute_exists(objects: dict[str, Any], owner: str, name: str):
    has = hasattr(objects[owner], name)
    assert has, f"uvicorn {uvicorn.__version__} has no {owner}.{name}, which breaks {ATTRIBUTES[owner][name]}."


@pytest.mark.parametrize("method", REPLACED)
def test_method_that_is_replaced_is_what_it_was(method: Callable[..., Any]):
    known, name, breaks = REPLACED[method]
    digest = hashlib.sha256(inspect.getsource(method).encode()).hexdigest()[:8]
    assert digest == known, (
        f"{name} of uvicorn {uvicorn.__version__} has changed (its hash is {digest}): compare it with its replacement,"
        f" {breaks}, and then put the hash here."
    )


@pytest.mark.parametrize(("protocol_class", "calls"), [(httptools_impl.HttpToolsProtocol, 2), (HttpProtocol, 1)])
def test_head_and_body_are_written_by_two_calls_of_uvicorn_and_one_of_ours(
    protocol_class: type[httptools_impl.HttpToolsProtocol], calls: int
):
    """When uvicorn writes them together, app/server/http/transport.py can be deleted."""
    transport = asyncio.run(answered(protocol_class)).transport
    assert isinstance(transport, RecordingTransport)
    assert len(transport.calls) == calls
    assert b"".join(transport.calls).endswith(b"\r\n\r\noil")


def test_response_calls_only_methods_of_its_transport_that_ours_has():
    source = inspect.getsource(httptools_impl.RequestResponseCycle)
    called = set(re.findall(r"self\.transport\.(\w+)", source))
    assert "write" in called
    assert called <= vars(CoalescingTransport).keys(), (
        f"RequestResponseCycle of uvicorn {uvicorn.__version__} calls {called} of its transport: add those that are"
        f" missing to {HTTP}transport.py."
    )


def test_status_lines_are_known_by_their_codes():
    """app/server/http/bounded_connection.py writes problems with them."""
    assert httptools_impl.STATUS_LINE[503] == b"HTTP/1.1 503 Service Unavailable\r\n"
