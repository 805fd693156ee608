"""What the kernel does for a plugin, through its hooks and its context."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
from pydantic import BaseModel, Field

from a_parallel_contracts import (
    Actor,
    Command,
    Event,
    Health,
    Inbound,
    Job,
    Manifest,
    Plugin,
    PluginContext,
    Request,
    Route,
    ServiceKey,
    Socket,
    Topic,
    UndeclaredService,
    get,
    hookimpl,
    post,
)
from a_parallel_kernel.config import Config
from a_parallel_kernel.discovery import Candidate
from a_parallel_kernel.offline import offered_commands
from a_parallel_kernel.testing import KernelFactory, RunPlugin

CLOCK = ServiceKey[Callable[[], int]]("clock")
PLAIN = Manifest(api="1.0")


class Rung(Event):
    """The bell rang."""

    bell: str
    times: int = 1


class Ring(BaseModel):
    bell: str = Field(min_length=1)


class BellPlugin(Plugin):
    """Rings when asked over HTTP or over the socket."""

    manifest = PLAIN

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        async def ring(request: Request[None, Ring]) -> dict[str, str]:
            ctx.publish(Rung(bell=request.body.bell))
            return {"rung": request.body.bell}

        return [post("/api/bell", ring)]

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        async def ring(socket: Socket, message: Ring) -> None:
            ctx.publish(Rung(bell=message.bell, times=2))

        return [Topic("bell:rung", Rung, subject="bell", audience="everyone"), Inbound("bell:ring", Ring, ring)]


async def test_topics_go_to_pages_and_messages_come_from_them(run_plugin: RunPlugin) -> None:
    client = await run_plugin(BellPlugin)
    async with client.websocket() as page:
        await client.post("/api/bell", json={"bell": "door"})
        assert await page.receive() == {"type": "bell:rung", "threadId": "door", "data": {"times": 1}}
        await page.send("bell:ring", {"bell": "phone"})
        assert await page.receive() == {"type": "bell:rung", "threadId": "phone", "data": {"times": 2}}


async def test_commands_are_offered_without_a_server_and_a_broken_plugin_costs_only_its_own() -> None:
    ran: list[str] = []

    class ShoutPlugin(Plugin):
        manifest = PLAIN

        @hookimpl
        def commands(self, ctx: PluginContext) -> Iterable[Command]:
            async def shout(arguments: argparse.Namespace) -> int:
                ran.append(ctx.id)
                return 0

            return [Command("shout", "say it loudly", shout)]

    class BrokenPlugin(Plugin):
        manifest = PLAIN

        @hookimpl
        def commands(self, ctx: PluginContext) -> Iterable[Command]:
            raise ZeroDivisionError

    found = [Candidate("broken", lambda: BrokenPlugin), Candidate("shout", lambda: ShoutPlugin)]
    offered = await offered_commands(Config(), found)
    assert list(offered) == ["shout"]
    assert await offered["shout"].run(Config(), argparse.Namespace()) == 0
    assert ran == ["shout"]


async def test_jobs_are_done_again_and_again_even_after_a_failure(kernel: KernelFactory) -> None:
    done: list[int] = []
    thrice = asyncio.Event()

    class PatientPlugin(Plugin):
        manifest = PLAIN

        @hookimpl
        def jobs(self, ctx: PluginContext) -> Iterable[Job]:
            async def work() -> None:
                done.append(len(done))
                if len(done) == 1:
                    raise ZeroDivisionError("the first time never works")
                if len(done) == 3:
                    thrice.set()

            return [Job("work", 0.001, work)]

    running = await kernel({"patient": PatientPlugin})
    await asyncio.wait_for(thrice.wait(), 20)
    plugin = await running.client.get("/api/kernel/plugins/patient")
    assert "ZeroDivisionError" in plugin["lastError"]
    assert plugin["errors"] == 1


async def test_the_first_plugin_with_an_opinion_decides_who_may(kernel: KernelFactory) -> None:
    class GuardPlugin(Plugin):
        manifest = PLAIN

        @hookimpl
        async def authorize(self, ctx: PluginContext, actor: Actor, action: str, resource: Any) -> bool | None:
            return False if (actor.user_id, action) == ("mallory", "POST /api/bell") else None

    running = await kernel({"bell": BellPlugin, "guard": GuardPlugin})
    for user, status in (("ada", 200), ("mallory", 403)):
        answer = await running.client.acting_as(user).answer("POST", "/api/bell", json={"bell": "x"})
        assert answer.status == status


async def test_health_tells_what_each_plugin_says_about_itself(kernel: KernelFactory) -> None:
    class SickPlugin(Plugin):
        manifest = PLAIN

        @hookimpl
        async def health(self, ctx: PluginContext) -> Health:
            return Health(ok=False, detail="no coffee")

    running = await kernel({"sick": SickPlugin, "bell": BellPlugin})
    report = await running.client.get("/api/kernel/health")
    by_id = {plugin["id"]: (plugin["ok"], plugin["detail"]) for plugin in report["plugins"]}
    assert report["ok"] is False
    assert by_id["sick"] == (False, "no coffee")
    assert by_id["bell"] == (True, "")


def clock_plugins(log: list[str]) -> dict[str, type[Plugin]]:
    class ClockPlugin(Plugin):
        manifest = Manifest(api="1.0", provides=(CLOCK,))

        @hookimpl
        async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
            log.append("clock up")
            ctx.provide(CLOCK, lambda: 42)
            yield
            log.append("clock down")

    class AlarmPlugin(Plugin):
        manifest = Manifest(api="1.0", requires=(CLOCK,))

        @hookimpl
        async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
            log.append(f"alarm up at {ctx.get(CLOCK)()}")
            yield
            log.append(f"alarm down at {ctx.get(CLOCK)()}")

        @hookimpl
        def routes(self, ctx: PluginContext) -> Iterable[Route]:
            async def alarm(request: Request) -> dict[str, int]:
                return {"at": ctx.get(CLOCK)()}

            return [get("/api/alarm", alarm)]

    return {"alarm": AlarmPlugin, "clock": ClockPlugin}


async def test_services_order_start_and_stop(kernel: KernelFactory) -> None:
    log: list[str] = []
    running = await kernel(clock_plugins(log))
    await running.stop()
    assert log == ["clock up", "alarm up at 42", "alarm down at 42", "clock down"]


async def test_dependents_stop_before_what_they_need_and_come_back_with_it(kernel: KernelFactory) -> None:
    log: list[str] = []
    running = await kernel(clock_plugins(log))
    await running.client.post("/api/kernel/plugins/clock/disable")
    assert log[2:] == ["alarm down at 42", "clock down"]
    alarm = await running.client.get("/api/kernel/plugins/alarm")
    reason = "needs the service clock, which no enabled plugin provides"
    assert (alarm["state"], alarm["error"]) == ("blocked", reason)
    assert (await running.client.answer("GET", "/api/alarm")).json == {"error": "Not found"}
    await running.client.post("/api/kernel/plugins/clock/enable")
    assert running.state("alarm") == "running"
    assert await running.client.get("/api/alarm") == {"at": 42}


async def test_switching_is_told_to_admins(kernel: KernelFactory) -> None:
    running = await kernel(clock_plugins([]))
    async with running.client.websocket() as page:
        await running.client.post("/api/kernel/plugins/alarm/disable")
        await page.receive("kernel:plugins", plugin="alarm", state="stopping")
        await page.receive("kernel:plugins", plugin="alarm", state="disabled")


async def test_a_request_in_flight_ends_before_its_plugin_does(kernel: KernelFactory) -> None:
    entered, go_on, log = asyncio.Event(), asyncio.Event(), list[str]()

    class SlowPlugin(Plugin):
        manifest = PLAIN

        @hookimpl
        async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
            yield
            log.append("released")

        @hookimpl
        def routes(self, ctx: PluginContext) -> Iterable[Route]:
            async def slow(request: Request) -> dict[str, bool]:
                entered.set()
                await go_on.wait()
                log.append("answered")
                return {"ok": True}

            return [get("/api/slow", slow)]

    running = await kernel({"slow": SlowPlugin})
    answer = asyncio.create_task(running.client.get("/api/slow"))
    await entered.wait()
    async with running.client.websocket() as page:
        disabling = asyncio.create_task(running.client.post("/api/kernel/plugins/slow/disable"))
        await page.receive("kernel:plugins", plugin="slow", state="stopping")
    refused = await running.client.answer("GET", "/api/slow")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    go_on.set()
    assert await answer == {"ok": True}
    await disabling
    assert log == ["answered", "released"]


async def test_what_the_manifest_does_not_name_is_out_of_reach(run_plugin: RunPlugin) -> None:
    caught: list[str] = []

    class NosyPlugin(Plugin):
        manifest = PLAIN

        @hookimpl
        async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
            for reach in (ctx.get, ctx.find):
                with pytest.raises(UndeclaredService) as error:
                    reach(CLOCK)
                caught.append(str(error.value))
            with pytest.raises(UndeclaredService):
                ctx.provide(CLOCK, lambda: 1)
            yield

    await run_plugin(NosyPlugin)
    assert caught == ["the manifest of nosy does not name the service clock"] * 2


async def test_tasks_subscriptions_and_releases_end_with_the_plugin(kernel: KernelFactory) -> None:
    log: list[str] = []

    class BusyPlugin(Plugin):
        manifest = PLAIN

        @hookimpl
        async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
            async def forever() -> None:
                try:
                    await asyncio.Event().wait()
                finally:
                    log.append("task ended")

            async def heard(event: Rung) -> None:
                log.append(f"heard {event.bell}")

            ctx.on(Rung, heard)
            ctx.defer(lambda: log.append("released"))
            ctx.spawn(forever(), name="forever")
            yield

    running = await kernel({"busy": BusyPlugin, "bell": BellPlugin})
    await running.client.post("/api/bell", json={"bell": "one"})
    await running.settled()
    await running.client.post("/api/kernel/plugins/busy/disable")
    await running.client.post("/api/bell", json={"bell": "two"})
    await running.settled()
    assert log == ["heard one", "task ended", "released"]


async def test_a_lifespan_may_stand_around_a_task_group(run_plugin: RunPlugin) -> None:
    class GroupPlugin(Plugin):
        manifest = PLAIN

        @hookimpl
        async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
            async with asyncio.TaskGroup() as group:
                task = group.create_task(asyncio.Event().wait())
                yield
                task.cancel()

    client = await run_plugin(GroupPlugin)
    await client.kernel.stop()
    figures = client.kernel.kernel.supervisor.records["group"].figures
    assert figures.last_error is None
