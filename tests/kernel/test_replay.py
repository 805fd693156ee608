"""Browsers that come back are told what they missed: without a gap, without a repetition, and only what is theirs."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Event, Inbound, Manifest, Plugin, PluginContext, ServiceKey, Topic, hookimpl
from a_parallel_contracts.testing import StandInResources
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import RunningKernel, WebSocket


class Noted(Event):
    thing_id: str
    owner: str
    text: str = ""


class Grown(Event):
    thing_id: str
    owner: str
    piece_id: str
    text: str


class Called(Event):
    thing_id: str
    owner: str
    piece_id: str
    text: str


class Whispered(Event):
    thing_id: str
    owner: str
    text: str


class Blinked(Event):
    thing_id: str
    owner: str


class Thing:
    """Something with an owner."""

    def __init__(self, user_id: str) -> None:
        self.user_id = user_id


THINGS = ServiceKey[StandInResources[Thing]]("things")
TEXTS: dict[str, tuple[str, str, str]] = {}


class NotesPlugin(Plugin):
    """Emits what a test wants."""

    manifest = Manifest(api="1.0", requires=(THINGS,))
    recalled: list[list[str]]
    ctx: PluginContext

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Be reachable for the test."""
        self.ctx, self.recalled = ctx, []
        yield

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Return one topic of each kind."""
        about: dict[str, Any] = {"subject": "thing_id", "owner": "owner", "loads": THINGS}
        return [
            Topic("notes:noted", Noted, **about),
            Topic(
                "notes:grown",
                Grown,
                coalesce="piece_id",
                interval=30,
                reference="piece_id",
                recall=self.recall,
                **about,
            ),
            Topic("notes:called", Called, reference="piece_id", recall=self.recall_calls, **about),
            Topic("notes:blinked", Blinked, logged=False, **about),
            Topic("notes:whispered", Whispered, on_request=True, **about),
        ]

    async def recall_calls(self, ids: Collection[str]) -> dict[str, Event]:
        """Return the calls."""
        return {id: Called(thing_id="t1", owner="ann", piece_id=id, text=f"call {id}") for id in ids}

    async def recall(self, ids: Collection[str]) -> dict[str, Event]:
        """Return the current texts."""
        self.recalled.append(list(ids))
        found = {id: TEXTS[id] for id in ids if id in TEXTS}
        return {
            id: Grown(thing_id=thing, owner=owner, piece_id=id, text=text) for id, (thing, owner, text) in found.items()
        }


class Things(StandInResources[Thing]):
    """A service whose things a test changes."""

    def __init__(self) -> None:
        self.things = {"t1": Thing("ann"), "t2": Thing("bob")}

    async def owner_of(self, id: str) -> str | None:
        """Return who owns it now."""
        return self.things[id].user_id if id in self.things else None


class Stage:
    """A kernel with the plugin, and shorthands."""

    def __init__(self, running: RunningKernel, things: Things) -> None:
        self.running = running
        self.things = things.things
        record = running.kernel.supervisor.records["notes"]
        assert isinstance(record.plugin, NotesPlugin)
        self.plugin = record.plugin

    async def emit(self, *events: Event) -> None:
        """Emit all in one unit of work."""
        await self.plugin.ctx.db.write(lambda tx: [tx.emit(event) for event in events])

    async def note(self, text: str, thing: str = "t1", owner: str = "ann") -> None:
        """Emit a note."""
        await self.emit(Noted(thing_id=thing, owner=owner, text=text))

    async def grow(self, piece: str, text: str, thing: str = "t1", owner: str = "ann") -> None:
        """Emit a longer text."""
        TEXTS[piece] = (thing, owner, text)
        await self.emit(Grown(thing_id=thing, owner=owner, piece_id=piece, text=text))

    @asynccontextmanager
    async def socket(self, since: str | int | None, user: str | None = None) -> AsyncIterator[WebSocket]:
        """Connect with ``since``."""
        client = self.running.client if user is None else self.running.client.acting_as(user)
        query = "" if since is None else f"?since={since}"
        url = f"{self.running.url}/ws{query}"
        async with self.running.session.ws_connect(url, headers=client._headers, max_msg_size=0) as connected:
            yield WebSocket(connected)

    async def missed(self, since: int, user: str | None = None) -> list[dict[str, Any]]:
        """Return everything that a new socket is told, up to and including the frame that ends the replay."""
        async with self.socket(since, user) as socket:
            return await until_synced(socket)


async def until_synced(socket: WebSocket) -> list[dict[str, Any]]:
    """Return all frames up to and including ``sync:…``."""
    frames = [await socket.receive()]
    while not frames[-1]["type"].startswith("sync:"):
        frames.append(await socket.receive())
    return frames


def texts(frames: Iterable[dict[str, Any]]) -> list[str]:
    return [frame["data"]["text"] for frame in frames if "text" in frame["data"]]


@pytest.fixture
async def stage(kernel: KernelFactory) -> Stage:
    TEXTS.clear()
    things = Things()
    return Stage(await kernel({"notes": NotesPlugin}, services={THINGS: things}), things)


async def test_a_socket_that_does_not_ask_sees_three_keys(stage: Stage) -> None:
    async with stage.socket(None) as socket:
        await stage.note("one")
        assert await socket.receive() == {"type": "notes:noted", "threadId": "t1", "data": {"text": "one"}}


async def test_latest_tells_the_number_to_come_back_with(stage: Stage) -> None:
    await stage.note("before")
    async with stage.socket("latest") as socket:
        assert await socket.receive() == {"type": "sync:ready", "threadId": "", "data": {"seq": 1}}
        await stage.note("after")
        assert (await socket.receive())["seq"] == 2


async def test_what_was_missed_comes_with_its_numbers_and_then_the_word_that_it_is_all(stage: Stage) -> None:
    for text in ("one", "two", "three"):
        await stage.note(text)
    frames = await stage.missed(1)
    assert [(frame.get("seq"), frame["data"].get("text")) for frame in frames] == [
        (2, "two"),
        (3, "three"),
        (None, None),
    ]
    assert frames[-1] == {"type": "sync:ready", "threadId": "", "data": {"seq": 3}}
    assert frames[0]["threadId"] == "t1"


async def test_nothing_missed_is_told_as_such(stage: Stage) -> None:
    await stage.note("one")
    assert await stage.missed(1) == [{"type": "sync:ready", "threadId": "", "data": {"seq": 1}}]


@pytest.mark.parametrize("since", ["-1", "abc", "9", "1.5", "", "٣", str(10**30)])
async def test_a_number_that_was_never_told_resets(stage: Stage, since: str) -> None:
    await stage.note("one")
    async with stage.socket(since) as socket:
        assert await socket.receive() == {"type": "sync:reset", "threadId": "", "data": {"seq": 1}}
        await stage.note("two")
        assert (await socket.receive())["seq"] == 2


async def test_what_is_not_kept_any_more_resets(stage: Stage) -> None:
    for text in ("one", "two", "three"):
        await stage.note(text)
    await stage.plugin.ctx.db.write(
        lambda tx: (
            tx.execute("DELETE FROM kernel_events WHERE seq <= 2"),
            tx.execute("UPDATE kernel_events_pruned SET seq = 2"),
        )
    )
    assert [frame["type"] for frame in await stage.missed(1)] == ["sync:reset"]
    assert texts(await stage.missed(2)) == ["three"]


async def test_an_event_without_a_transaction_or_logging_has_no_number_and_does_not_come_back(stage: Stage) -> None:
    async with stage.socket("latest") as socket:
        await socket.receive()
        stage.plugin.ctx.publish(Noted(thing_id="t1", owner="ann", text="published"))
        await stage.emit(Blinked(thing_id="t1", owner="ann"))
        await stage.note("kept")
        frames = [await socket.receive() for _ in range(3)]
        assert [frame.get("seq") for frame in frames] == [None, None, 1]
    assert texts(await stage.missed(0)) == ["kept"]


async def test_a_unit_that_fails_leaves_no_event_and_no_number(stage: Stage) -> None:
    def failing(tx: Any) -> None:
        tx.emit(Noted(thing_id="t1", owner="ann", text="never"))
        raise ValueError("on purpose")

    writes = [stage.note("one"), stage.plugin.ctx.db.write(failing), stage.note("two")]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert isinstance(outcomes[1], ValueError)
    frames = await stage.missed(0)
    assert [frame.get("seq") for frame in frames[:-1]] == [1, 2]
    assert texts(frames) == ["one", "two"]


async def test_a_reference_is_told_once_with_the_current_text_where_it_began(stage: Stage) -> None:
    await stage.grow("p1", "a")
    await stage.grow("p1", "ab")
    await stage.note("between")
    await stage.grow("p1", "abc")
    await stage.grow("p2", "x")
    del TEXTS["p2"]
    assert texts(await stage.missed(0)) == ["abc", "between"]
    stored = await stage.plugin.ctx.db.rows("SELECT data FROM kernel_events WHERE topic = 'notes:grown'")
    assert [row["data"] for row in stored] == [None] * 4


async def test_a_text_that_was_held_back_is_not_lost_to_a_higher_number(stage: Stage) -> None:
    async with stage.socket("latest") as socket:
        await socket.receive()
        await stage.grow("p1", "a")
        await socket.receive(text="a")
        await stage.grow("p1", "ab")  # waits for the interval
        await stage.note("elsewhere", thing="t2")
        seen = (await socket.receive(text="elsewhere"))["seq"]
        assert seen == 3
    frames = await stage.missed(seen)
    assert texts(frames) == ["ab"]
    assert frames[0]["seq"] == seen


async def test_a_reference_that_never_waits_is_not_told_again(stage: Stage) -> None:
    async with stage.socket("latest") as socket:
        await socket.receive()
        await stage.emit(Called(thing_id="t1", owner="ann", piece_id="c1", text="call c1"))
        seen = (await socket.receive(text="call c1"))["seq"]
    assert texts(await stage.missed(seen)) == []
    assert texts(await stage.missed(seen - 1)) == ["call c1"]


async def test_everybody_is_told_their_own_by_todays_owner(stage: Stage) -> None:
    await stage.note("for ann")
    await stage.note("for bob", thing="t2", owner="bob")
    await stage.grow("p1", "a piece of ann's")
    assert texts(await stage.missed(0, "ann")) == ["for ann", "a piece of ann's"]
    assert texts(await stage.missed(0, "bob")) == ["for bob"]
    stage.things["t1"].user_id = "bob"
    stage.things.pop("t2")
    assert texts(await stage.missed(0, "ann")) == []
    assert texts(await stage.missed(0, "bob")) == ["for ann", "a piece of ann's"]
    assert len(texts(await stage.missed(0))) == 3


async def test_numbers_go_on_after_a_restart(kernel: KernelFactory, stage: Stage, tmp_path: Path) -> None:
    await stage.note("one")
    await stage.running.stop()
    things = Things()
    running = await kernel({"notes": NotesPlugin}, services={THINGS: things}, data_directory=tmp_path / "data-0")
    again = Stage(running, things)
    await again.note("two")
    frames = await again.missed(0)
    assert [frame.get("seq") for frame in frames[:-1]] == [1, 2]


async def follow(stage: Stage, last: int) -> list[int]:
    """Come back again and again, after a few frames each time, until number `last`; return all numbers told."""
    seen: list[int] = []
    while last not in seen:
        async with stage.socket(seen[-1] if seen else 0) as socket:
            for _ in range(37):
                seen += [frame["seq"]] if "seq" in (frame := await socket.receive()) else []
                if last in seen:
                    break
    return seen


async def test_between_replay_and_live_there_is_neither_a_gap_nor_a_repetition(stage: Stage) -> None:
    async with asyncio.timeout(60):
        followers = [asyncio.create_task(follow(stage, 600)) for _ in range(4)]
        for number in range(600):
            await stage.note(str(number))
        for follower in followers:
            assert await follower == list(range(1, 601))


async def test_more_than_the_queue_holds_is_told_as_fast_as_it_is_read(stage: Stage) -> None:
    for _ in range(4):
        await stage.emit(*[Noted(thing_id="t1", owner="ann", text="x" * 40_000) for _ in range(50)])
    frames = await stage.missed(0)
    assert [frame["seq"] for frame in frames[:-1]] == list(range(1, 201))


async def test_an_event_too_large_for_the_log_resets(stage: Stage) -> None:
    await stage.note("x" * 1_100_000)
    await stage.note("small")
    assert [frame["type"] for frame in await stage.missed(0)] == ["sync:reset"]
    assert texts(await stage.missed(1)) == ["small"]


async def test_a_recall_that_fails_resets_and_the_socket_lives_on(stage: Stage) -> None:
    await stage.grow("p1", "a")
    TEXTS["p1"] = ("t1",)  # type: ignore[assignment]
    async with stage.socket(0) as socket:
        assert (await socket.receive())["type"] == "sync:reset"
        await stage.note("on")
        assert (await socket.receive())["data"]["text"] == "on"


async def test_topics_of_a_plugin_that_is_off_are_passed_over(stage: Stage) -> None:
    await stage.note("one")
    await stage.running.client.post("/api/kernel/plugins/notes/disable")
    assert [frame["type"] for frame in await stage.missed(0)] == ["sync:ready"]


async def test_a_topic_on_request_comes_again_to_sockets_that_ask_for_it_alone(stage: Stage) -> None:
    await stage.note("one")
    await stage.emit(Whispered(thing_id="t1", owner="ann", text="two"))
    await stage.note("three")
    assert texts(await stage.missed(0)) == ["one", "three"]
    async with stage.socket("0&also=notes:noted,notes:whispered") as socket:
        frames = await until_synced(socket)
        assert [(frame.get("seq"), frame["data"].get("text")) for frame in frames[:-1]] == [
            (1, "one"),
            (2, "two"),
            (3, "three"),
        ]
        await stage.emit(Whispered(thing_id="t1", owner="ann", text="four"))
        assert (await socket.receive())["data"] == {"text": "four"}
