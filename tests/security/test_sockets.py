"""Every message that pages can send and every topic that they can hear, by everybody who should and should not."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from a_parallel_contracts.events import Event
from a_parallel_contracts.topics import SOCKETS, Topic
from a_parallel_kernel.sockets import Connection
from a_parallel_kernel.testkit import WebSocket
from a_parallel_kernel.websocket import Hub
from tests.security.house import MARK, House
from tests.security.samples import Operation

pytestmark = pytest.mark.asyncio(loop_scope="module")

LISTENERS = ("other", "alice", "admin", "reader")
TERMINAL = f"{MARK}-terminal"


def hub_of(house: House) -> Hub:
    hub: Hub = house.running.service(SOCKETS)
    return hub


def sample(model: type[BaseModel], known: dict[str, Any]) -> BaseModel:
    """Return an instance with the required fields filled, the `known` ones as given."""
    schema = TypeAdapter(model).json_schema()
    guess = Operation("", "", {}, schema.get("$defs", {})).guess
    properties = schema.get("properties", {})
    wanted = {name: guess(properties[name]) for name in schema.get("required", ())}
    by_alias = {field.alias or name: known[name] for name, field in model.model_fields.items() if name in known}
    return model.model_validate({**wanted, **by_alias})


def event_for(house: House, topic: Topic, socket: str) -> Event:
    """Return an event of a topic that belongs to alice and, if it is for one socket alone, goes to `socket`."""
    known = {topic.owner: house.users["alice"], topic.subject: house.things["thread"], topic.socket: socket}
    event = sample(topic.event, {name: value for name, value in known.items() if name})
    assert isinstance(event, Event)
    return event


@contextlib.asynccontextmanager
async def listening(house: House) -> AsyncIterator[dict[str, WebSocket]]:
    async with contextlib.AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(house.socket(house.people[name])) for name in LISTENERS}


def connection_of(house: House, socket: WebSocket) -> Connection:
    """Return the server's end of a socket."""
    address = socket.socket.get_extra_info("sockname")
    ends = hub_of(house)._connections.values()
    return next(one for one in ends if one._transport.get_extra_info("peername") == address)


async def heard(house: House, socket: WebSocket) -> list[dict[str, Any]]:
    """Return what a socket has got so far; a frame for it alone says that there is no more."""
    connection_of(house, socket).send("test:end", {})
    await socket.receive("test:end")
    return [frame for frame in socket.frames if frame["type"] != "test:end"]


@pytest.mark.parametrize("name", ["nobody", "bad token", "forged cookie"])
async def test_strangers_are_logged_out_before_anything_is_said(house: House, name: str) -> None:
    async with house.socket(house.people[name]) as socket:
        await socket.socket.receive(timeout=20)
        assert socket.socket.close_code == 4001


@pytest.mark.parametrize("only", ["alice", "other"])
async def test_each_topic_reaches_those_whom_it_is_for_and_nobody_else(house: House, only: str) -> None:
    """A topic for one socket alone reaches it if it is the owner's, and is never a way around that."""
    wrong = []
    async with listening(house) as sockets:
        for topic in [mounted.topic for mounted in hub_of(house).topics()]:
            hub_of(house).hear(event_for(house, topic, connection_of(house, sockets[only]).id))
            await house.running.settled()
            got = {
                name for name in LISTENERS if topic.name in {one["type"] for one in await heard(house, sockets[name])}
            }
            wanted = {"owner": {"alice", "reader"}, "admins": {"admin"}, "everyone": set(LISTENERS)}[topic.audience]
            wanted &= {only} if topic.socket else wanted
            wrong += [f"{topic.name}: {sorted(got)} instead of {sorted(wanted)}"] if got != wanted else []
    assert not wrong, "\n".join(wrong)


async def test_only_these_topics_are_for_everyone(house: House) -> None:
    assert {one.topic.name for one in hub_of(house).topics() if one.topic.audience == "everyone"} == set()


async def test_no_message_of_others_reaches_a_terminal(house: House) -> None:
    """Every message that there is, about alice's terminal: it neither hears nor feels any of them."""
    async with listening(house) as sockets:
        alice = sockets["alice"]
        await alice.send("pty:spawn", {"id": TERMINAL, "cwd": house.things["project_path"], "rows": 24, "cols": 80})
        await alice.send("pty:write", {"id": TERMINAL, "data": f"echo {MARK}-$((40+2))\r"})
        await until_shown(alice, f"{MARK}-42")
        for name in ("other", "admin", "reader"):
            for mounted in inbound(house):
                model = sample(
                    mounted.inbound.model, {"id": TERMINAL, "data": "exit\r", "rows": 7, "cols": 7, "cwd": "/"}
                )
                await sockets[name].send(mounted.inbound.name, model.model_dump(mode="json"))
        await alice.send("pty:write", {"id": TERMINAL, "data": "echo still-$((50+1)); stty size\r"})
        shown = await until_shown(alice, "24 80")
        assert "still-51" in shown
        told = {name: str(await heard(house, sockets[name])) for name in ("other", "admin")}
        assert not [name for name in told if MARK in told[name].replace(TERMINAL, "")], told
        await alice.send("pty:kill", {"id": TERMINAL})


def inbound(house: House) -> list[Any]:
    """Return the messages that pages can send; what ends a terminal goes last."""
    return sorted(hub_of(house).messages(), key=lambda one: one.inbound.name == "pty:spawn")


async def until_shown(socket: WebSocket, text: str) -> str:
    shown = ""
    while text not in shown:
        shown += (await socket.receive("pty:data", ptyId=TERMINAL))["data"]["data"]
    return shown
