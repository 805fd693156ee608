"""Automations: prompts that run by a schedule, read-only, with an inbox of what they found."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from a_parallel_contracts import Job, Manifest, Plugin, PluginContext, Route, Topic, hookimpl
from a_parallel_contracts.accounts import AccountHooks, Ownership, OwnershipMoved
from a_parallel_contracts.agents import AGENTS, AgentHooks, Decision, Run, ToolRequest
from a_parallel_contracts.automations import AUTOMATIONS, AutomationRunCompleted, AutomationRunStarted
from a_parallel_contracts.merge import MERGE
from a_parallel_contracts.projects import PROJECTS, Project, ProjectDeleted, ProjectHooks
from a_parallel_contracts.threads import THREADS, ThreadChanged
from a_parallel_plugins.automations.settings import AutomationsSettings

if TYPE_CHECKING:
    from a_parallel_plugins.automations.runs import Runs
    from a_parallel_plugins.automations.scheduling import Scheduling
    from a_parallel_plugins.automations.service import AutomationService
    from a_parallel_plugins.automations.timer import Timer, Wake

CHECK_EVERY = 60.0
"""Seconds between two looks for ends that were not heard of and times at which no timer woke."""


class AutomationsPlugin(Plugin, ProjectHooks, AgentHooks, AccountHooks):
    """Runs prompts by a schedule."""

    manifest = Manifest(
        api="1.0",
        requires=(PROJECTS, THREADS, AGENTS),
        optional=(MERGE,),
        provides=(AUTOMATIONS,),
        settings=AutomationsSettings,
        migrations="a_parallel_migrations:automations",
        tables=("automations", "automation_runs"),
        routes_below=("/api/automations",),
    )
    runs: "Runs"
    scheduling: "Scheduling"
    service: "AutomationService"
    zone: tzinfo

    def clock(self) -> datetime:
        """Return the time; tests have one of their own."""
        return datetime.now(UTC)

    def make_timer(self, wake: "Wake") -> "Timer":
        """Return what wakes the plugin; tests have one of their own."""
        from a_parallel_plugins.automations.timer import SchedulerTimer

        return SchedulerTimer(wake)

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """End the runs that an earlier server left open, then fire until the plugin stops."""
        from a_parallel_plugins.automations.opening import zone_of
        from a_parallel_plugins.automations.runs import Runs
        from a_parallel_plugins.automations.scheduling import Scheduling
        from a_parallel_plugins.automations.service import AutomationService

        settings = ctx.settings(AutomationsSettings)
        self.zone = zone = zone_of(settings)
        self.runs = Runs(ctx, self.clock, zone)
        self.scheduling = Scheduling(ctx, self.runs, self.clock, zone, settings)
        self.service = AutomationService(ctx, self.runs, self.scheduling)
        self.scheduling.timer = timer = self.make_timer(self.scheduling.wake)
        await self.runs.give_up_lost()
        await self.runs.settle_all()
        self.runs.freed = self.scheduling.start_queued  # from now on; nothing begins before the agents can
        ctx.provide(AUTOMATIONS, self.service)
        ctx.on(ThreadChanged, self.runs.thread_changed)
        ctx.on(ProjectDeleted, self.scheduling.project_deleted)
        ctx.on(OwnershipMoved, self.service.owner_changed)
        timer.start()
        ctx.spawn(self.scheduling.open(), name="first times")
        yield
        timer.stop()

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes of ``http-features.md`` §4.2."""
        from a_parallel_plugins.automations.models import ServerZone
        from a_parallel_plugins.automations.routes import AutomationRoutes

        return AutomationRoutes(self.service, lambda: ServerZone.of(self.zone, self.clock())).all()

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic]:
        """Return the two ``automation:*`` events (``websocket.md`` §4.4), for the automation's owner alone."""
        return [
            Topic("automation:run_started", AutomationRunStarted, subject="thread_id", owner="owner"),
            Topic("automation:run_completed", AutomationRunCompleted, subject="thread_id", owner="owner"),
        ]

    @hookimpl
    def jobs(self, ctx: PluginContext) -> Iterable[Job]:
        """Return the safety net."""
        return [Job("automations", CHECK_EVERY, self.check)]

    async def check(self) -> None:
        """Deal with ends that were not heard of, and with times at which no timer woke, as after a sleep."""
        await self.runs.settle_all()
        await self.scheduling.catch_up()
        await self.scheduling.start_queued()

    @hookimpl
    async def prepare_run(self, ctx: PluginContext, run: Run) -> Run:
        """Let the agents of automations read, but not edit."""
        return self.runs.prepare(run)

    @hookimpl
    async def decide_tool(self, ctx: PluginContext, request: ToolRequest) -> Decision | None:
        """Refuse editing tools to the agents of automations."""
        from a_parallel_plugins.automations.runs import decide

        return decide(request)

    @hookimpl
    async def ownership(self, ctx: PluginContext) -> Ownership:
        """Let automations pass from one owner to another; those of a removed user are switched off."""
        from a_parallel_plugins.automations.store import move

        return Ownership(ctx.id, move)

    @hookimpl
    async def quiesce_project(self, ctx: PluginContext, project: Project) -> None:
        """End what runs for a project that is about to be deleted."""
        await self.service.quiesce_project(project)
