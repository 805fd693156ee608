"""Plugins that run, and give the others a hard time once they are provoked."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable

from a_parallel_contracts import Event, Manifest, Ok, Plugin, PluginContext, Request, Route, hookimpl, post
from zoo.beasts import Fed  # type: ignore[import-not-found]


class Noise(Event):
    """Means nothing."""


class Pest(Plugin):
    """Waits until it is provoked."""

    manifest = Manifest(api="1.0")
    path = ""

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        async def provoke(request: Request) -> Ok:
            await self.misbehave(ctx)
            return Ok()

        return [post(self.path, provoke)]

    async def misbehave(self, ctx: PluginContext) -> None:
        raise NotImplementedError


class Hangs(Pest):
    """Never answers, and never gets done with an event."""

    path = "/api/zoo/hang"
    provoked = False

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        ctx.on(Fed, self.chew)
        yield

    async def chew(self, event: Fed) -> None:
        if self.provoked:
            await asyncio.Event().wait()

    async def misbehave(self, ctx: PluginContext) -> None:
        self.provoked = True
        await asyncio.Event().wait()


class Floods(Pest):
    """Publishes as fast as it can, and listens slowly."""

    path = "/api/zoo/flood"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        ctx.on(Noise, self.listen)
        yield

    async def listen(self, event: Noise) -> None:
        await asyncio.sleep(0.01)

    async def misbehave(self, ctx: PluginContext) -> None:
        ctx.spawn(self.roar(ctx), name="roar")

    async def roar(self, ctx: PluginContext) -> None:
        while True:
            for _ in range(20):
                ctx.publish(Noise())
            await asyncio.sleep(0)


class Leaks(Pest):
    """Starts tasks that never end."""

    path = "/api/zoo/leak"

    async def misbehave(self, ctx: PluginContext) -> None:
        for _ in range(5000):
            ctx.spawn(self.idle(), name="leaked")

    async def idle(self) -> None:
        await asyncio.Event().wait()


class Blocks(Pest):
    """Keeps the event loop to itself for a while."""

    path = "/api/zoo/block"

    async def misbehave(self, ctx: PluginContext) -> None:
        time.sleep(0.5)  # noqa: ASYNC251 - that is the point
