"""The plugin that is measured: a trivial route, and an event for everybody."""

import asyncio
from collections.abc import Iterable

from pydantic import BaseModel, Field

from a_parallel_contracts import Event, Manifest, Plugin, PluginContext, Request, Route, Topic, get, hookimpl, post


class Hello(BaseModel):
    """The answer of the trivial route."""

    name: str
    count: int


class Question(BaseModel):
    """What the trivial route is asked."""

    name: str = Field(default="world", max_length=50)


class Ticks(BaseModel):
    """How many events to publish."""

    count: int = Field(gt=0, le=100_000)


class Tick(Event):
    """An event of about a hundred bytes."""

    number: int
    text: str


class BenchPlugin(Plugin):
    """What the benchmark needs of a server."""

    manifest = Manifest(api="1.0")

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the trivial route, and one that publishes."""

        async def hello(request: Request[None, None, Question]) -> Hello:
            return Hello(name=request.query.name, count=1)

        async def tick(request: Request[None, Ticks]) -> Hello:
            for number in range(request.body.count):
                ctx.publish(Tick(number=number, text="x" * 40))
                await asyncio.sleep(0)
            return Hello(name="ticks", count=request.body.count)

        return [get("/api/bench/hello", hello), post("/api/bench/ticks", tick)]

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic]:
        """Return the event for everybody."""
        return [Topic("bench:tick", Tick, audience="everyone")]
