"""Describes what goes over ``/ws`` as an AsyncAPI 3.0 document (``websocket.md`` §1, §2)."""

from collections.abc import Iterable, Iterator
from typing import Any

from a_parallel_kernel.schemas import Mode, Schema, Schemas, data_schema, topic_key
from a_parallel_kernel.topics import MountedInbound, MountedTopic

CLOSE_CODES = {
    "1001": "The server is going away; connect again.",
    "1011": "The server failed; connect again.",
    "1013": "Too much waited for this socket; connect again and load everything anew.",
    "4001": "The session has ended, or there is none; sign in.",
}
"""Codes with which the server closes a socket, and what the client does then."""

REFUSALS = {
    "400": "The request is no WebSocket upgrade.",
    "401": "The token is missing or wrong (in local mode; elsewhere the socket is closed with 4001).",
    "403": "The page's origin or the server's name is not allowed, or the token lacks the scope `read`.",
}
"""Answers of HTTP instead of an upgrade."""

_CHANNEL = {"$ref": "#/channels/ws"}
_QUERY = {
    "type": "object",
    "properties": {
        "token": {"type": "string", "description": "The token of local mode, or an access token."},
        "since": {
            "type": "string",
            "description": "Number of the last event that was told, or `latest`: begin there, and number what follows.",
        },
        "also": {
            "type": "string",
            "description": "Names of topics on request (`x-on-request`) that are wanted, too, separated by commas.",
        },
    },
}
_SYNC = {
    "sync:ready": "Everything after the asked number has been told; what follows is live.",
    "sync:reset": "The asked number is too old or unknown: load everything over HTTP.",
}
"""Frames of the kernel's own, on sockets that asked with ``since``."""

_DESCRIPTION = (
    "One JSON object to a text frame. There are no acknowledgements and no error replies: what the server does not "
    "understand it logs and ignores, and so should a client."
)


def document(topics: Iterable[MountedTopic], inbound: Iterable[MountedInbound], version: str) -> dict[str, Any]:
    """Return the document.

    Parameters:
        topics, inbound: of the hub.
        version: of the server.
    """
    sent, received = list(topics), list(inbound)
    schemas = Schemas(_wanted(sent, received))
    answers = [one for one in received if one.inbound.answer is not None]
    messages = {
        **{_kernel_id(name): _sync(name, summary) for name, summary in _SYNC.items()},
        **_sent(sent, schemas),
        **{_answer_id(one): _answer(one, schemas) for one in answers},
        **{_received_id(one): _received(one, schemas) for one in received},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "a-parallel", "version": version, "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {
            "ws": {
                "address": "/ws",
                "messages": {id: {"$ref": f"#/components/messages/{id}"} for id in messages},
                "bindings": {"ws": {"method": "GET", "query": _QUERY, "bindingVersion": "0.1.0"}},
                "x-close-codes": CLOSE_CODES,
                "x-refusals": REFUSALS,
            }
        },
        "operations": {
            **{_kernel_id(name): _operation("send", _kernel_id(name)) for name in _SYNC},
            **{_sent_id(one): _operation("send", _sent_id(one)) for one in sent},
            **{_received_id(one): _operation("receive", _received_id(one), _reply(one)) for one in received},
        },
        "components": {"messages": messages, "schemas": schemas.definitions},
    }


def _wanted(sent: list[MountedTopic], received: list[MountedInbound]) -> Iterator[tuple[str, Mode, Any]]:
    for topic in sent:
        yield topic_key(topic), "serialization", topic.topic.event
    for one in received:
        yield _received_id(one), "validation", one.inbound.model
        yield _answer_id(one), "serialization", one.inbound.answer


# Keys of AsyncAPI's maps hold no colon, and a name may occur in both directions.
def _kernel_id(name: str) -> str:
    return "sent." + name.replace(":", ".")


def _sent_id(one: MountedTopic) -> str:
    return _kernel_id(one.topic.name)


def _received_id(one: MountedInbound) -> str:
    return "received." + one.inbound.name.replace(":", ".")


def _answer_id(one: MountedInbound) -> str:
    return "answer." + one.inbound.name.replace(":", ".")


def _sent(sent: list[MountedTopic], schemas: Schemas) -> dict[str, dict[str, Any]]:
    """Return the messages of the topics; a plugin may send several events under one name."""
    data: dict[str, list[Schema]] = {}
    for one in sent:
        data.setdefault(_sent_id(one), []).append(data_schema(one, schemas))
    return {_sent_id(one): _topic(one, _either(data[_sent_id(one)])) for one in sent}


def _either(found: list[Schema]) -> Schema:
    return found[0] if len(found) == 1 else {"anyOf": found}


def _topic(one: MountedTopic, data: Schema) -> dict[str, Any]:
    topic = one.topic
    message = _message(one.plugin, topic.name, topic.event.__doc__, _frame(topic.name, data))
    facts = {"x-subject": topic.subject, "x-audience": topic.audience, "x-logged": topic.logged}
    return {**message, **facts, "x-on-request": topic.on_request}


def _answer(one: MountedInbound, schemas: Schemas) -> dict[str, Any]:
    schema = schemas.get(_answer_id(one), "serialization") or {}
    return _message(one.plugin, one.inbound.name, one.inbound.answer.__doc__, _frame(one.inbound.name, schema))


def _received(one: MountedInbound, schemas: Schemas) -> dict[str, Any]:
    name, data = one.inbound.name, schemas.get(_received_id(one), "validation") or {}
    payload = {"type": "object", "properties": {"type": {"const": name}, "data": data}, "required": ["type", "data"]}
    return _message(one.plugin, name, one.inbound.handler.__doc__, payload)


def _sync(name: str, summary: str) -> dict[str, Any]:
    data = {"type": "object", "properties": {"seq": {"type": "integer"}}, "required": ["seq"]}
    return _message("kernel", name, summary, _frame(name, data))


def _frame(name: str, data: Schema) -> Schema:
    subject = {"type": "string", "description": "What the event is about, such as a thread; empty if nothing."}
    number = {"type": "integer", "description": "Number of the event, on sockets that asked with `since`."}
    return {
        "type": "object",
        "properties": {"type": {"const": name}, "threadId": subject, "data": data, "seq": number},
        "required": ["type", "threadId", "data"],
    }


def _message(plugin: str, name: str, text: str | None, payload: Schema) -> dict[str, Any]:
    summary = (text or name).strip().partition("\n")[0]
    return {"name": name, "summary": summary, "tags": [{"name": plugin}], "payload": payload}


def _operation(action: str, id: str, reply: dict[str, Any] | None = None) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/ws/messages/{id}"}]
    return {"action": action, "channel": _CHANNEL, "messages": messages, **({"reply": reply} if reply else {})}


def _reply(one: MountedInbound) -> dict[str, Any] | None:
    if one.inbound.answer is None:
        return None
    return {"channel": _CHANNEL, "messages": [{"$ref": f"#/channels/ws/messages/{_answer_id(one)}"}]}
