"""The hub through real sockets: handshake, order, audiences, throttling, slow readers, messages from browsers."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from a_parallel_contracts import Actor, Event, Inbound, Socket, SocketClosed, SocketOpened, Topic, WireModel
from a_parallel_kernel import frames as frames_module
from a_parallel_kernel.clients import HttpSettings
from a_parallel_kernel.topics import TopicError
from tests.kernel.serving import THINGS, TOKEN, Auth, Kernel, Served, serving, until


class Said(Event):
    thread_id: str
    owner: str | None = None
    message_id: str = "m1"
    content: str = ""
    tool_input: Any = None


class Done(Event):
    thread_id: str
    owner: str | None = None


class Sub(Done):
    pass


class Changed(Event):
    thing_id: str
    note: str = ""


class Everyone(Event):
    text: str


class Admins(Event):
    text: str


class Later(Event):
    thread_id: str
    owner: str | None = None


TOPICS: list[Topic | Inbound] = [
    Topic("t:said", Said, subject="thread_id", owner="owner", coalesce="message_id", interval=0.05),
    Topic("t:done", Done, subject="thread_id", owner="owner"),
    Topic("t:changed", Changed, subject="thing_id", loads=THINGS),
    Topic("t:everyone", Everyone, audience="everyone"),
    Topic("t:admins", Admins, audience="admins"),
    Topic("t:later", Later, subject="thread_id", owner="owner", on_request=True),
]

ANN, BOB, ROOT = Actor("ann", session="s1"), Actor("bob", session="s2"), Actor("root", "admin", session="s3")


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving(HttpSettings(origins=("http://localhost:5173",))) as running:
        running.server.mount("notes", [], TOPICS)
        yield running


@pytest.fixture
async def multi() -> AsyncIterator[Served]:
    kernel = Kernel(auth=Auth("multi", {"ann": ANN, "bob": BOB, "root": ROOT}))
    async with serving(kernel=kernel) as running:
        running.server.mount("notes", [], TOPICS)
        yield running


Client = aiohttp.ClientWebSocketResponse


async def frames(client: Client, count: int) -> list[Any]:
    async with asyncio.timeout(10):
        return [json.loads(await client.receive_str()) for _ in range(count)]


async def rest(served: Served, client: Client) -> list[Any]:
    """Return everything that was sent to a socket: a last event tells that nothing else is on its way."""
    await served.hub.settled()
    served.kernel.bus.publish(Everyone(text="last"))
    found = []
    async with asyncio.timeout(10):
        while (frame := json.loads(await client.receive_str()))["data"] != {"text": "last"}:
            found.append(frame)
    return found


def types(found: list[Any]) -> list[str]:
    return [frame["type"] for frame in found]


# --- handshake ------------------------------------------------------------------------------------


async def test_local_mode_refuses_a_bad_token_with_a_plain_401(served: Served) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await served.session.ws_connect(f"{served.base}/ws?token=wrong")
    assert refused.value.status == 401
    answer = await served.call("GET", "/ws?token=wrong", auth=False)
    assert (answer.status, answer.body) == (401, b"Unauthorized")
    assert "X-Frame-Options" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in answer.headers


async def test_without_an_upgrade_it_is_a_plain_400(served: Served) -> None:
    answer = await served.call("GET", f"/ws?token={TOKEN}", auth=False)
    assert (answer.status, answer.body) == (400, b"WebSocket upgrade failed")


async def test_multi_mode_upgrades_and_closes_4001(multi: Served) -> None:
    client = await multi.session.ws_connect(f"{multi.base}/ws?token=nobody")
    message = await client.receive()
    assert (message.type, message.data, client.close_code) == (WSMsgType.CLOSE, 4001, 4001)
    assert (await multi.call("GET", "/ws", auth=False)).status == 401


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://localhost:5173", True), ("own", True), ("http://evil.example", False), ("null", False)],
)
async def test_the_origin_is_checked_before_the_token(served: Served, origin: str, allowed: bool) -> None:
    headers = {"Origin": served.base if origin == "own" else origin}
    if allowed:
        await served.session.ws_connect(f"{served.base}/ws?token={TOKEN}", headers=headers)
        return
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await served.session.ws_connect(f"{served.base}/ws?token=wrong", headers=headers)
    assert refused.value.status == 403


async def test_a_token_without_the_scope_read_is_refused(multi: Served) -> None:
    assert multi.kernel.auth is not None
    multi.kernel.auth.actors["run"] = Actor("ann", scopes=frozenset({"run"}))
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await multi.ws("run")
    assert refused.value.status == 403


async def test_opening_and_closing_are_events(served: Served) -> None:
    heard = list[Event]()
    served.kernel.bus.tap(heard.append)
    client = await served.ws()
    assert isinstance(heard[0], SocketOpened)
    assert served.hub.connected("__local__")
    await client.close()
    await until(lambda: len(heard) == 2)
    assert heard[1] == SocketClosed(socket_id=heard[0].socket_id, user_id="__local__")
    assert not served.hub.connected("__local__")


# --- frames ---------------------------------------------------------------------------------------


async def test_the_frame_has_subject_and_data_without_what_is_none(served: Served) -> None:
    client = await served.ws()
    served.kernel.bus.publish(Said(thread_id="t1", owner="ann", content="é\ud800", tool_input={"a": None}))
    served.kernel.bus.publish(Everyone(text=""))
    assert await frames(client, 2) == [
        {
            "type": "t:said",
            "threadId": "t1",
            "data": {"messageId": "m1", "content": "é\ud800", "toolInput": {"a": None}},
        },
        {"type": "t:everyone", "threadId": "", "data": {"text": ""}},
    ]


async def test_events_arrive_in_order_whatever_their_topic(served: Served) -> None:
    client = await served.ws()
    for number in range(500):
        served.kernel.bus.publish(Done(thread_id=str(number)))
        served.kernel.bus.publish(Everyone(text=str(number)))
    found = await frames(client, 1000)
    assert [frame["threadId"] or frame["data"]["text"] for frame in found] == [str(n // 2) for n in range(1000)]


@pytest.mark.parametrize("size", [0, 100, 125, 126, 127, 65400, 65535, 65536, 3_000_000])
async def test_frames_of_every_size(served: Served, size: int) -> None:
    client = await served.ws()
    served.kernel.bus.publish(Everyone(text="x" * size))
    assert (await frames(client, 1))[0]["data"]["text"] == "x" * size


async def test_an_event_is_encoded_once_for_all_sockets(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    clients = [await served.ws() for _ in range(20)]
    encoded = 0

    def counting(*arguments: Any) -> bytes:
        nonlocal encoded
        encoded += 1
        return original(*arguments)

    original = frames_module.event_data
    monkeypatch.setattr("a_parallel_kernel.websocket.event_data", counting)
    served.kernel.bus.publish(Everyone(text="hello"))
    for client in clients:
        assert (await frames(client, 1))[0]["data"] == {"text": "hello"}
    assert encoded == 1


async def test_subclasses_of_an_event_are_not_sent(served: Served) -> None:
    client = await served.ws()
    served.kernel.bus.publish(Sub(thread_id="t1"))
    assert await rest(served, client) == []


async def test_an_event_that_cannot_be_encoded_is_the_plugins_failure(served: Served) -> None:
    client = await served.ws()
    served.kernel.bus.publish(Said(thread_id="t1", tool_input=object()))
    assert await rest(served, client) == []
    plugin, error = served.kernel.reports[-1]
    assert plugin == "notes"
    assert error is not None


# --- audiences ------------------------------------------------------------------------------------


async def test_in_local_mode_every_socket_gets_everything(served: Served) -> None:
    client = await served.ws()
    for event in (Done(thread_id="t1", owner="somebody"), Done(thread_id="t2"), Changed(thing_id="unknown")):
        served.kernel.bus.publish(event)
    served.kernel.bus.publish(Admins(text=""))
    assert types(await frames(client, 4)) == ["t:done", "t:done", "t:changed", "t:admins"]
    assert served.kernel.things.asked == []


async def test_in_multi_mode_everybody_gets_their_own_and_no_owner_means_nobody(multi: Served) -> None:
    ann, bob, root = await multi.ws("ann"), await multi.ws("bob"), await multi.ws("root")
    publish = multi.kernel.bus.publish
    publish(Done(thread_id="a", owner="ann"))
    publish(Done(thread_id="b", owner="bob"))
    publish(Done(thread_id="n"))
    publish(Done(thread_id="e", owner=""))
    publish(Changed(thing_id="t1"))
    publish(Changed(thing_id="t2"))
    publish(Changed(thing_id="t9"))
    publish(Admins(text=""))
    assert [(f["type"], f["threadId"]) for f in await rest(multi, ann)] == [("t:done", "a"), ("t:changed", "t1")]
    assert [(f["type"], f["threadId"]) for f in await rest(multi, root)] == [("t:admins", ""), ("t:everyone", "")][:1]
    found = await rest(multi, bob)
    assert [(f["type"], f["threadId"]) for f in found][:2] == [("t:done", "b"), ("t:changed", "t2")]


async def test_a_topic_on_request_goes_to_those_who_ask_and_may_see_it_in_order(multi: Served) -> None:
    asking = "ann&also=t:done,t:later&also=t:unknown"
    ann, other, bob = await multi.ws(asking), await multi.ws("ann"), await multi.ws("bob&also=t:later")
    for event in (
        Done(thread_id="a", owner="ann"),
        Later(thread_id="a", owner="ann"),
        Done(thread_id="b", owner="ann"),
    ):
        multi.kernel.bus.publish(event)
    told = [(frame["type"], frame["threadId"]) for frame in await rest(multi, ann)]
    assert told == [("t:done", "a"), ("t:later", "a"), ("t:done", "b")]
    assert [frame["threadId"] for frame in await rest(multi, other)] == ["a", "b"]
    assert await rest(multi, bob) == []


async def test_looking_up_an_owner_does_not_change_the_order(multi: Served) -> None:
    things = multi.kernel.things
    things.gate = asyncio.Event()
    ann = await multi.ws("ann")
    publish = multi.kernel.bus.publish
    publish(Done(thread_id="1", owner="ann"))
    for number in range(3):
        publish(Changed(thing_id="t1", note=str(number)))
        publish(Done(thread_id=f"after{number}", owner="ann"))
    assert (await frames(ann, 1))[0]["threadId"] == "1"
    await until(lambda: things.asked == ["t1"])
    things.gate.set()
    found = await frames(ann, 6)
    assert [frame["threadId"] for frame in found] == ["t1", "after0", "t1", "after1", "t1", "after2"]
    assert things.asked == ["t1"]


async def test_a_failing_owner_look_up_reaches_nobody_and_blocks_nobody(
    multi: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(id: str) -> str | None:
        raise RuntimeError("database is locked")

    monkeypatch.setattr(multi.kernel.things, "owner_of", broken)
    ann = await multi.ws("ann")
    multi.kernel.bus.publish(Changed(thing_id="t1"))
    multi.kernel.bus.publish(Done(thread_id="a", owner="ann"))
    assert types(await rest(multi, ann)) == ["t:done"]


# --- throttling -----------------------------------------------------------------------------------


async def test_the_first_goes_at_once_and_then_the_last_of_each_interval(served: Served) -> None:
    client = await served.ws()
    for number in range(100):
        served.kernel.bus.publish(Said(thread_id="t1", content=str(number)))
    assert [frame["data"]["content"] for frame in await frames(client, 2)] == ["0", "99"]
    assert await rest(served, client) == []


async def test_what_waits_goes_before_any_other_event_of_its_subject_alone(served: Served) -> None:
    client = await served.ws()
    publish = served.kernel.bus.publish
    for number in range(3):
        publish(Said(thread_id="t1", content=str(number)))
        publish(Said(thread_id="t2", content=str(number)))
    publish(Done(thread_id="t1"))
    found = [(frame["threadId"], frame["data"].get("content")) for frame in await frames(client, 5)]
    assert found == [("t1", "0"), ("t2", "0"), ("t1", "2"), ("t1", None), ("t2", "2")]


async def test_another_key_of_the_same_subject_is_preceded_by_what_waits(served: Served) -> None:
    client = await served.ws()
    for message, content in [("m1", "a"), ("m1", "ab"), ("m1", "abc"), ("m2", "x"), ("m2", "xy")]:
        served.kernel.bus.publish(Said(thread_id="t1", message_id=message, content=content))
    assert [frame["data"]["content"] for frame in await frames(client, 3)] == ["a", "abc", "xy"]


async def test_after_a_quiet_interval_the_next_goes_at_once_again(served: Served) -> None:
    client = await served.ws()
    served.kernel.bus.publish(Said(thread_id="t1", content="1"))
    await until(lambda: not served.hub._coalescer._slots)
    served.kernel.bus.publish(Said(thread_id="t1", content="2"))
    assert served.hub._coalescer.quiet
    assert [frame["data"]["content"] for frame in await frames(client, 2)] == ["1", "2"]


# --- slow readers ---------------------------------------------------------------------------------


async def raw_socket(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect a client that reads nothing unless it is told to."""
    host, port = served.base.removeprefix("http://").split(":")
    plain = socket.socket()
    plain.setblocking(False)
    await asyncio.get_running_loop().sock_connect(plain, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=plain, limit=4096)
    known = len(served.hub._connections)
    writer.write(
        f"GET /ws?token={TOKEN} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    await until(lambda: len(served.hub._connections) > known)
    return reader, writer


async def test_a_slow_reader_is_closed_with_1013_and_slows_nobody() -> None:
    async with serving(queue=256 * 1024) as served:
        served.server.mount("notes", [], TOPICS)
        reader, writer = await raw_socket(served)
        slow = next(iter(served.hub._connections.values()))
        quick = await served.ws()
        text, sent = "x" * 20_000, 0
        while not slow.closing:
            served.kernel.bus.publish(Everyone(text=text))
            sent += 1
            assert (await frames(quick, 1))[0]["data"]["text"] == text
            assert slow.backlog < 256 * 1024 + 100_000
        assert sent * 20_000 > 256 * 1024
        end, reason = b"", (1013).to_bytes(2, "big") + b"too slow"
        async with asyncio.timeout(10):
            while not end.endswith(reason):
                data = await reader.read(1_000_000)
                assert data, "the connection ended without a close frame"
                end = (end + data)[-len(reason) :]
        writer.close()
        served.kernel.bus.publish(Everyone(text="on it goes"))
        assert (await frames(quick, 1))[0]["data"]["text"] == "on it goes"


async def test_a_burst_in_one_turn_is_not_the_clients_fault() -> None:
    async with serving(queue=64 * 1024) as served:
        served.server.mount("notes", [], TOPICS)
        quick = await served.ws()
        for number in range(300):
            served.kernel.bus.publish(Everyone(text=f"{number:05}" * 100))
        assert len(await frames(quick, 300)) == 300


async def test_congestion_shows_and_ends_when_the_reader_catches_up() -> None:
    async with serving(queue=8 * 1024 * 1024) as served:
        served.server.mount("notes", [], TOPICS)
        reader, writer = await raw_socket(served)
        await asyncio.wait_for(served.hub.drained("__local__"), 5)
        while not served.hub.congested("__local__"):
            served.kernel.bus.publish(Everyone(text="x" * 100_000))
            await asyncio.sleep(0)
        waiting = asyncio.create_task(served.hub.drained("__local__"))
        await asyncio.sleep(0)
        assert not waiting.done()
        while not waiting.done():
            assert await reader.read(1_000_000)
        assert not served.hub.congested("__local__")
        writer.close()


async def test_waiting_for_a_reader_ends_when_it_goes_away() -> None:
    async with serving(queue=4 * 1024 * 1024) as served:
        served.server.mount("notes", [], TOPICS)
        _, writer = await raw_socket(served)
        while not served.hub.congested("__local__"):
            served.kernel.bus.publish(Everyone(text="x" * 100_000))
            await asyncio.sleep(0)
        waiting = asyncio.create_task(served.hub.drained("__local__"))
        writer.transport.abort()
        await asyncio.wait_for(waiting, 5)


# --- messages from browsers -----------------------------------------------------------------------


class Write(WireModel):
    id: str
    rows: int = 24


class Writes(list[tuple[str, str]]):
    async def __call__(self, client: Socket, message: Write) -> None:
        await asyncio.sleep(0)
        if message.id == "boom":
            raise ValueError("boom")
        self.append((client.actor.user_id, message.id))


async def test_messages_are_handled_in_order_and_bad_ones_ignored(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    writes = Writes()
    served.server.mount("pty", [], [Inbound("pty:write", Write, writes)])
    client = await served.ws()
    good = [json.dumps({"type": "pty:write", "data": {"id": str(n)}}) for n in range(20)]
    bad = [
        "",
        "nope",
        "[]",
        "null",
        '{"type": 1}',
        '{"type": "unknown", "data": {}}',
        '{"type": "pty:write"}',
        '{"type": "pty:write", "data": []}',
        '{"type": "pty:write", "data": {"id": 5}}',
        '{"type": "pty:write", "data": {"id": "boom"}}',
    ]
    for one, other in zip(good, bad * 2, strict=True):
        await client.send_str(one)
        await client.send_str(other)
    await client.send_bytes(b'{"type": "pty:write", "data": {"id": "binary"}}')
    await client.send_str(json.dumps({"type": "pty:write", "data": {"id": "end"}}))
    await until(lambda: ("__local__", "end") in writes)
    assert writes == [("__local__", str(n)) for n in range(20)] + [("__local__", "end")]
    assert not client.closed
    failures = [error for plugin, error in served.kernel.reports if plugin == "pty" and error]
    assert [str(error) for error in failures] == ["boom", "boom"]
    ignored = [record for record in caplog.records if "ignored" in record.getMessage()]
    assert len(ignored) == 5


async def test_a_paste_of_several_megabytes_arrives(served: Served) -> None:
    writes = Writes()
    served.server.mount("pty", [], [Inbound("pty:write", Write, writes)])
    client = await served.ws()
    await client.send_str(json.dumps({"type": "pty:write", "data": {"id": "x" * 15_000_000}}))
    await until(lambda: bool(writes))


async def test_a_message_beyond_the_limit_closes_that_socket_but_never_with_1008(served: Served) -> None:
    client, other = await served.ws(), await served.ws()
    with contextlib.suppress(ConnectionError):  # the server may hang up while the rest is on its way
        await client.send_str("x" * (16 * 1024 * 1024 + 1))
    async with asyncio.timeout(10):
        while (await client.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            pass
    assert client.close_code in (1009, 1006, None)
    assert await rest(served, other) == []


async def test_a_token_without_the_scope_run_only_listens(multi: Served) -> None:
    assert multi.kernel.auth is not None
    multi.kernel.auth.actors["reader"] = Actor("ann", scopes=frozenset({"read"}))
    writes = Writes()
    multi.server.mount("pty", [], [Inbound("pty:write", Write, writes)])
    reader, ann = await multi.ws("reader"), await multi.ws("ann")
    message = json.dumps({"type": "pty:write", "data": {"id": "1"}})
    await reader.send_str(message)
    await until(lambda: any(connection.ignored for connection in multi.hub._connections.values()))
    await ann.send_str(message)
    await until(lambda: bool(writes))
    assert writes == [("ann", "1")]


async def test_a_handler_may_answer_its_own_socket_alone(served: Served) -> None:
    async def echo(client: Socket, message: Write) -> None:
        client.send("pty:data", {"ptyId": message.id, "nothing": None})
        client.send("pty:data", message, subject="s")

    served.server.mount("pty", [], [Inbound("pty:echo", Write, echo)])
    client, other = await served.ws(), await served.ws()
    await client.send_str(json.dumps({"type": "pty:echo", "data": {"id": "1"}}))
    assert await frames(client, 2) == [
        {"type": "pty:data", "threadId": "", "data": {"ptyId": "1", "nothing": None}},
        {"type": "pty:data", "threadId": "s", "data": {"id": "1", "rows": 24}},
    ]
    assert await rest(served, other) == []


# --- mounting and closing -------------------------------------------------------------------------


async def test_topics_come_and_go_with_their_plugin(served: Served) -> None:
    client = await served.ws()
    served.server.unmount("notes")
    served.kernel.bus.publish(Everyone(text="unheard"))
    served.server.mount("notes", [], TOPICS)
    served.kernel.bus.publish(Everyone(text="heard"))
    assert (await frames(client, 1))[0]["data"]["text"] == "heard"


@pytest.mark.parametrize(
    "topic",
    [
        Topic("t:done", Done),
        Topic("x:a", Done, subject="nothing"),
        Topic("x:a", Done, owner="nothing"),
        Topic("x:a", Done, coalesce="nothing"),
    ],
)
async def test_topics_that_cannot_be_mounted_are_refused_as_a_whole(served: Served, topic: Topic) -> None:
    with pytest.raises(TopicError):
        served.server.mount("other", [], [Topic("x:fine", Done), topic])
    assert "x:fine" not in {mounted.topic.name for mounted in served.hub.topics()}


async def test_two_plugins_cannot_receive_the_same_message(served: Served) -> None:
    served.server.mount("one", [], [Inbound("a:b", Write, Writes())])
    with pytest.raises(TopicError, match=r"two.*one"):
        served.server.mount("two", [], [Inbound("a:b", Write, Writes())])


async def test_closing_a_session_closes_its_sockets_alone(multi: Served) -> None:
    ann, bob = await multi.ws("ann"), await multi.ws("bob")
    receiving = asyncio.create_task(ann.receive())
    assert await multi.hub.close(session="s1", code=4001, reason="signed out") == 1
    assert (await receiving).data == 4001
    multi.kernel.bus.publish(Everyone(text="x"))
    assert (await frames(bob, 1))[0]["data"]["text"] == "x"
    assert await multi.hub.close(code=4001, reason="nobody") == 0
    closing = asyncio.create_task(bob.receive())
    assert await multi.hub.close(user_id="bob", code=4001, reason="removed") == 1
    assert (await closing).data == 4001


async def test_a_recheck_logs_out_whom_the_auth_mode_no_longer_knows(multi: Served) -> None:
    ann, bob = await multi.ws("ann"), await multi.ws("bob")
    assert multi.kernel.auth is not None
    del multi.kernel.auth.actors["ann"]
    receiving = asyncio.create_task(ann.receive())
    assert await multi.hub.recheck() == 1
    assert (await receiving).data == 4001
    multi.kernel.auth = None
    assert await multi.hub.recheck() == 0
    assert not bob.closed


async def test_sockets_are_checked_anew_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("a_parallel_kernel.server.RECHECK_EVERY", 0.01)
    kernel = Kernel(auth=Auth("multi", {"ann": ANN}))
    async with serving(kernel=kernel) as multi:
        ann = await multi.ws("ann")
        assert kernel.auth is not None
        kernel.auth.actors.clear()
        assert (await ann.receive()).data == 4001


async def test_what_waits_is_sent_before_the_server_goes_away_with_1001(served: Served) -> None:
    client = await served.ws()
    for number in range(3):
        served.kernel.bus.publish(Said(thread_id="t1", content=str(number)))
    closing = asyncio.create_task(served.hub.close_all())
    assert [frame["data"]["content"] for frame in await frames(client, 2)] == ["0", "2"]
    assert (await client.receive()).data == 1001
    await closing
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await served.session.ws_connect(f"{served.base}/ws?token={TOKEN}")


async def test_a_client_that_does_not_answer_cannot_hold_up_the_end(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, writer = await raw_socket(served)
    async with asyncio.timeout(4):
        await served.hub.close_all()
    writer.close()


async def test_settled_means_written(served: Served) -> None:
    client = await served.ws()
    await served.hub.settled()
    for number in range(10):
        served.kernel.bus.publish(Said(thread_id="t1", content=str(number)))
    await served.hub.settled()
    assert all(connection.backlog == 0 for connection in served.hub._connections.values())
    assert [frame["data"]["content"] for frame in await frames(client, 2)] == ["0", "9"]


async def test_a_replay_may_put_frames_in_front() -> None:
    def opened(connection: Socket, query: Any) -> None:
        connection.send("sync:ready", {"since": query["since"]})

    async with serving(opened=opened) as served:
        client = await served.session.ws_connect(f"{served.base}/ws?token={TOKEN}&since=7")
        assert (await frames(client, 1))[0]["data"] == {"since": "7"}
