"""The inmates."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

from pydantic import BaseModel

from a_parallel_contracts import (
    Event,
    Manifest,
    Plugin,
    PluginContext,
    Request,
    Route,
    ServiceKey,
    get,
    hookimpl,
    post,
)

PROMISE = ServiceKey[object]("zoo_promise")
EGG = ServiceKey[object]("zoo_egg")
HEN = ServiceKey[object]("zoo_hen")
PLAIN = Manifest(api="1.0")


class Fed(Event):
    """Somebody was fed."""

    who: str


class NoPlugin:
    """Is no plugin at all."""


class OldPlugin(Plugin):
    """Was written for another API."""

    manifest = Manifest(api="0.9")


class MisspeltPlugin(Plugin):
    """Marks a hook that does not exist."""

    manifest = PLAIN

    @hookimpl
    def rotues(self, ctx: PluginContext) -> Iterable[Route]:
        return ()


class HangsAtStart(Plugin):
    """Never gets ready."""

    manifest = PLAIN

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield


class Stubborn(Plugin):
    """Never gets ready, and does not let itself be cancelled either, at least the first time."""

    manifest = PLAIN

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()
        yield


class RaisesAtStart(Plugin):
    """Raises before it is ready, after having acquired something."""

    manifest = PLAIN

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        ctx.spawn(asyncio.Event().wait(), name="left behind")  # type: ignore[arg-type]
        raise ZeroDivisionError("broken at start")
        yield


class NoYield(Plugin):
    """Forgets to yield."""

    manifest = PLAIN

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        if ctx.id == "":
            yield


class Raises(Plugin):
    """Raises in its handlers, its event handlers and its tasks."""

    manifest = PLAIN

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        ctx.on(Fed, self.fed)
        yield

    async def fed(self, event: Fed) -> None:
        raise ZeroDivisionError("broken in an event")

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        async def broken(request: Request) -> dict[str, Any]:
            raise ZeroDivisionError("secret detail")

        async def feed(request: Request) -> dict[str, Any]:
            ctx.publish(Fed(who="raises"))
            return {"fed": True}

        return [get("/api/zoo/raises", broken), post("/api/zoo/feed", feed)]


class RaisesAtStop(Plugin):
    """Raises when it is let go."""

    manifest = PLAIN

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        yield
        raise ZeroDivisionError("broken at stop")


class HangsAtStop(Plugin):
    """Never lets go."""

    manifest = PLAIN

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()


class Promise(Plugin):
    """Promises a service and does not provide it."""

    manifest = Manifest(api="1.0", provides=(PROMISE,))


class Betrayed(Plugin):
    """Needs what was promised."""

    manifest = Manifest(api="1.0", requires=(PROMISE,))


class CycleA(Plugin):
    """Needs the egg for the hen."""

    manifest = Manifest(api="1.0", requires=(EGG,), provides=(HEN,))


class CycleB(Plugin):
    """Needs the hen for the egg."""

    manifest = Manifest(api="1.0", requires=(HEN,), provides=(EGG,))


class BadSql(Plugin):
    """Brings a migration that does not run."""

    manifest = Manifest(api="1.0", migrations="zoo:sql")


class Thief(Plugin):
    """Brings a migration that makes a table under a name that is not its own."""

    manifest = Manifest(api="1.0", migrations="zoo:stolen")


class Cage(BaseModel):
    """Settings that need a value."""

    bars: int


class BadSettings(Plugin):
    """Needs a setting that nobody gives."""

    manifest = Manifest(api="1.0", settings=Cage)


class Healthy(Plugin):
    """Works."""

    manifest = PLAIN

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        self.fed: list[str] = []
        ctx.on(Fed, self.note)
        yield

    async def note(self, event: Fed) -> None:
        self.fed.append(event.who)

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        async def fed(request: Request) -> dict[str, Any]:
            return {"fed": self.fed}

        return [get("/api/zoo/healthy", fed)]
