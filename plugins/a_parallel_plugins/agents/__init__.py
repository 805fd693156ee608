"""Agents: the state machine of a thread's run, between people, an agent provider and the database."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Finding, Job, Manifest, Metric, Plugin, PluginContext, Route, Topic, hookimpl
from a_parallel_contracts.accounts import AccountHooks, Ownership, OwnershipMoved
from a_parallel_contracts.admission import ADMISSION
from a_parallel_contracts.agents import AGENT_PROVIDERS, AGENTS, AgentHooks
from a_parallel_contracts.auth import UserDeleted
from a_parallel_contracts.hosts import HOLDERS, HOSTS
from a_parallel_contracts.projects import ProjectDeleted
from a_parallel_contracts.threads import THREADS, MessageInclusion, Thread, ThreadDeleted, ThreadHooks
from a_parallel_plugins.agents.settings import AgentsSettings

if TYPE_CHECKING:
    from a_parallel_plugins.agents.launch import Launcher
    from a_parallel_plugins.agents.line import Line
    from a_parallel_plugins.agents.providers import Providers
    from a_parallel_plugins.agents.rules import PermissionRules
    from a_parallel_plugins.agents.runs import Runs
    from a_parallel_plugins.agents.service import AgentService
    from a_parallel_plugins.agents.surviving import Survivors

CHECK_EVERY = 2.0
"""Seconds after which free memory is looked at again while runs wait for it."""


class AgentsPlugin(Plugin, ThreadHooks, AccountHooks):
    """Runs agents for threads."""

    manifest = Manifest(
        api="1.0",
        requires=(THREADS, HOSTS),  # hosts ends what is left over before threads are called interrupted
        optional=(HOLDERS,),
        provides=(AGENTS, AGENT_PROVIDERS, ADMISSION),
        settings=AgentsSettings,
        migrations="a_parallel_migrations:agents",
        hooks=(AgentHooks,),
        routes_below=("/api/threads", "/api/agents", "/api/setup"),
    )
    _agents: "AgentService"
    _line: "Line"
    _runs: "Runs"
    _providers: "Providers"
    _rules: "PermissionRules"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Relabel what an earlier server left unfinished, serve, and end every agent."""
        from a_parallel_plugins.agents.launch import Launcher
        from a_parallel_plugins.agents.line import Line
        from a_parallel_plugins.agents.memory import available_memory
        from a_parallel_plugins.agents.providers import Providers
        from a_parallel_plugins.agents.rules import PermissionRules
        from a_parallel_plugins.agents.runs import Runs
        from a_parallel_plugins.agents.service import AgentService

        settings, threads = ctx.settings(AgentsSettings), ctx.get(THREADS)
        providers, rules = Providers(settings.provider), PermissionRules(ctx.db)
        await rules.load()
        launcher = Launcher(ctx.db, threads, ctx.hooks, providers, settings)
        self._runs = runs = Runs(ctx.db, threads, launcher, rules, settings)
        providers.removed = runs.provider_removed
        survivors = await self._begin_again(ctx, launcher, providers, runs)
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
        self._providers, self._rules = providers, rules
        ctx.provide(AGENT_PROVIDERS, providers)
        ctx.provide(AGENTS, self._agents)
        ctx.provide(ADMISSION, self._line)
        ctx.on(ThreadDeleted, self._agents.forget)
        ctx.on(ProjectDeleted, rules.forget_project)
        ctx.on(UserDeleted, self._agents.user_deleted)
        ctx.on(OwnershipMoved, self._agents.owner_changed)
        if ctx.server.maintenance:
            yield
            return
        await survivors.begin(lambda work, name: ctx.spawn(work, name=name))
        ctx.spawn(self._line.go_on(), name="runs that waited for the restart")
        yield
        self._line.close()
        await runs.shut_down()

    async def _begin_again(
        self, ctx: PluginContext, launcher: "Launcher", providers: "Providers", runs: "Runs"
    ) -> "Survivors":
        """Look which agents have outlived an earlier server, and call the other threads interrupted."""
        from a_parallel_plugins.agents.recovery import relabel_unfinished
        from a_parallel_plugins.agents.surviving import Survivors

        settings, threads, holders = ctx.settings(AgentsSettings), ctx.get(THREADS), ctx.find(HOLDERS)
        survivors = Survivors(ctx.db, threads, launcher, providers, runs, holders, settings.start_limit)
        if holders is not None:
            runs.handing_over, runs.over = lambda: ctx.handing_over, holders.end
            launcher.holding = settings.survive
            if settings.survive:
                ctx.defer(holders.want())
        if not ctx.server.maintenance:
            interrupted = await relabel_unfinished(ctx.db, threads, await survivors.find())
            if interrupted:
                ctx.log.info("%d threads were interrupted by the end of an earlier server", interrupted)
        return survivors

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes that need an agent."""
        from a_parallel_plugins.agents.routes import AgentRoutes

        return AgentRoutes(ctx.db, ctx.get(THREADS), self._agents, self._providers, self._rules, self._line).all()

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
    async def message_inclusions(self, ctx: PluginContext) -> list[MessageInclusion]:
        """Bring what the assistant thought, for ``include=thinking``."""
        return [MessageInclusion(name="thinking", sql="SELECT text FROM agents_thinking WHERE message_id = m.id")]

    @hookimpl
    async def works_for_thread(self, ctx: PluginContext, thread: Thread) -> bool:
        """Tell whether the thread has an agent, or waits for one."""
        return self._agents.running(thread.id)

    @hookimpl
    async def ownership(self, ctx: PluginContext) -> Ownership:
        """Let the permission rules of local mode become the first administrator's."""
        from a_parallel_plugins.agents.rules import move

        return Ownership(ctx.id, move, personal=True)

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
