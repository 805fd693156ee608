"""Agents: the state machine of a thread's run, between people, an agent provider and the database."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Finding, Job, Manifest, Metric, Plugin, PluginContext, Route, Topic, hookimpl
from a_parallel_contracts.admission import ADMISSION
from a_parallel_contracts.agents import AGENT_PROVIDERS, AGENTS, AgentHooks
from a_parallel_contracts.hosts import HOSTS
from a_parallel_contracts.projects import ProjectDeleted
from a_parallel_contracts.threads import THREADS, Thread, ThreadDeleted, ThreadHooks
from a_parallel_plugins.agents.settings import AgentsSettings

if TYPE_CHECKING:
    from a_parallel_plugins.agents.line import Line
    from a_parallel_plugins.agents.routes import AgentRoutes
    from a_parallel_plugins.agents.runs import Runs
    from a_parallel_plugins.agents.service import AgentService

CHECK_EVERY = 2.0
"""Seconds after which free memory is looked at again while runs wait for it."""


class AgentsPlugin(Plugin, ThreadHooks):
    """Runs agents for threads."""

    manifest = Manifest(
        api="1.0",
        requires=(THREADS, HOSTS),  # hosts ends what is left over before threads are called interrupted
        provides=(AGENTS, AGENT_PROVIDERS, ADMISSION),
        settings=AgentsSettings,
        migrations="a_parallel_migrations:agents",
        hooks=(AgentHooks,),
    )
    _agents: "AgentService"
    _line: "Line"
    _runs: "Runs"
    _routes: "AgentRoutes"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Relabel what an earlier server left unfinished, serve, and end every agent."""
        from a_parallel_plugins.agents.launch import Launcher
        from a_parallel_plugins.agents.line import Line
        from a_parallel_plugins.agents.memory import available_memory
        from a_parallel_plugins.agents.prepare import build_models
        from a_parallel_plugins.agents.providers import Providers
        from a_parallel_plugins.agents.recovery import relabel_unfinished
        from a_parallel_plugins.agents.routes import AgentRoutes
        from a_parallel_plugins.agents.rules import PermissionRules
        from a_parallel_plugins.agents.runs import Runs
        from a_parallel_plugins.agents.service import AgentService

        build_models()
        settings, threads = ctx.settings(AgentsSettings), ctx.get(THREADS)
        if not ctx.server.maintenance and (interrupted := await relabel_unfinished(ctx.db, threads)):
            ctx.log.info("%d threads were interrupted by the end of an earlier server", interrupted)
        providers, rules = Providers(settings.provider), PermissionRules(ctx.db)
        await rules.load()
        launcher = Launcher(ctx.db, threads, ctx.hooks, providers, settings)
        self._runs = runs = Runs(ctx.db, threads, launcher, rules, settings)
        providers.removed = runs.provider_removed
        self._line = Line(
            ctx.db,
            threads,
            runs,
            providers,
            settings,
            memory=available_memory,
            clock=asyncio.get_running_loop().time,
            publish=ctx.publish,
        )
        await self._line.remember()
        self._agents = AgentService(ctx.db, threads, runs, providers, rules, self._line)
        self._routes = AgentRoutes(ctx.db, threads, self._agents, providers, rules, self._line)
        ctx.provide(AGENT_PROVIDERS, providers)
        ctx.provide(AGENTS, self._agents)
        ctx.provide(ADMISSION, self._line)
        ctx.on(ThreadDeleted, self._agents.forget)
        ctx.on(ProjectDeleted, rules.forget_project)
        if ctx.server.maintenance:
            yield
            return
        ctx.spawn(self._line.go_on(), name="runs that waited for the restart")
        yield
        self._line.close()
        await runs.shut_down()

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes that need an agent."""
        return self._routes.all()

    @hookimpl
    def jobs(self, ctx: PluginContext) -> Iterable[Job]:
        """Return the look at what may have become free unnoticed."""
        return [Job("admission", CHECK_EVERY, self._line.check)]

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic]:
        """Return the seven ``agent:*`` events, and that of the queue."""
        from a_parallel_plugins.agents.line import QUEUED
        from a_parallel_plugins.agents.recall import Recall
        from a_parallel_plugins.agents.topics import agent_topics

        return [*agent_topics(Recall(ctx.db)), QUEUED]

    @hookimpl
    async def examine(self, ctx: PluginContext, repair: bool) -> Iterable[Finding]:
        """Look for threads that are shown as running although nobody works for them."""
        from a_parallel_plugins.agents.examination import stuck_runs

        return [] if ctx.server.maintenance else await stuck_runs(ctx, self._runs, repair=repair)

    @hookimpl
    async def works_for_thread(self, ctx: PluginContext, thread: Thread) -> bool:
        """Tell whether the thread has an agent, or waits for one."""
        return self._agents.running(thread.id)

    @hookimpl
    async def metrics(self, ctx: PluginContext) -> Iterable[Metric]:
        """Tell how many runs are in which state."""
        from a_parallel_plugins.agents.figures import run_metrics

        return run_metrics(self._runs.lives.values(), len(self._line.places()))

    @hookimpl
    async def quiesce_thread(self, ctx: PluginContext, thread: Thread) -> None:
        """End the agent of a thread that is to be archived or deleted, and wait for that."""
        await self._agents.quiesce(thread)

    @hookimpl
    async def stage_moved(self, ctx: PluginContext, before: Thread, after: Thread) -> None:
        """Start an idle thread that was moved to "in progress"."""
        await self._agents.begin_idle(after)
