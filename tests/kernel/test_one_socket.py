"""Events for one socket alone keep their place among the others (``websocket.md`` §5)."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from a_parallel_contracts import (
    Actor,
    Event,
    Inbound,
    Manifest,
    Plugin,
    PluginContext,
    ServiceKey,
    Socket,
    Topic,
    WireModel,
    hookimpl,
)
from a_parallel_kernel.testing import KernelFactory


class Slow:
    """Knows owners, after a while."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked = asyncio.Event()

    async def load(self, actor: Actor, id: str) -> str:
        return id

    async def owner_of(self, id: str) -> str | None:
        self.asked.set()
        await self.go_on.wait()
        return "anna"


SLOW = ServiceKey[Slow]("slow")


class Told(Event):
    thing: str


class Shown(Event):
    owner: str
    socket_id: str | None = None
    text: str


class Nothing(WireModel):
    pass


class ScreenPlugin(Plugin):
    """Shows something to whoever asks."""

    manifest = Manifest(api="1.0", requires=(SLOW,))

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        self.ctx = ctx
        yield

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        return [
            Topic("screen:told", Told, subject="thing", loads=SLOW),
            Topic("screen:shown", Shown, owner="owner", socket="socket_id"),
            Inbound("screen:ask", Nothing, self.answer),
        ]

    async def answer(self, socket: Socket, message: Nothing) -> None:
        self.ctx.publish(Told(thing="x"))
        for owner in ("anna", "bert"):
            self.ctx.publish(Shown(owner=owner, socket_id=socket.id, text=f"for the one who asked, of {owner}"))
        self.ctx.publish(Shown(owner="anna", text="for all"))


async def test_only_the_named_socket_gets_it_and_in_order(kernel: KernelFactory) -> None:
    slow = Slow()
    running = await kernel({"screen": ScreenPlugin}, services={SLOW: slow})
    client = running.client.acting_as("anna")
    async with client.websocket() as asking, client.websocket() as other:
        await asking.send("screen:ask", {})
        await slow.asked.wait()
        slow.go_on.set()
        await asking.receive("screen:shown", text="for all")
        await other.receive("screen:shown", text="for all")
        assert [frame["data"] for frame in asking.frames] == [
            {},
            {"text": "for the one who asked, of anna"},
            {"text": "for all"},
        ]
        assert [frame["type"] for frame in other.frames] == ["screen:told", "screen:shown"]
