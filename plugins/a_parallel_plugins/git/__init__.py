"""Git: branches, states and snapshots of working trees, and what people do with the work of their threads."""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from a_parallel_contracts import Health, Manifest, Plugin, PluginContext, Route, Topic, hookimpl
from a_parallel_contracts.agents import AGENTS, AgentResult, AgentToolOutput
from a_parallel_contracts.git import GIT, GitHooks, GitStatusChanged
from a_parallel_contracts.hosts import HOSTS
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.threads import THREADS, ThreadDeleted
from a_parallel_contracts.worktrees import WORKTREES
from a_parallel_plugins.git.settings import Settings

if TYPE_CHECKING:
    from a_parallel_plugins.git.threads import ThreadTrees
    from a_parallel_plugins.git.work import ThreadWork


class GitPlugin(Plugin):
    """Answers what others ask of repositories, and what people ask about the work of their threads."""

    manifest = Manifest(
        api="1.0",
        requires=(HOSTS,),
        optional=(THREADS, PROJECTS, WORKTREES, AGENTS),
        provides=(GIT,),
        settings=Settings,
        hooks=(GitHooks,),
        routes_below=("/api/git",),
    )
    trees: "ThreadTrees"
    work: "ThreadWork"

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Provide `Git` and listen for what agents have done."""
        from a_parallel_plugins.git.github import PullRequests, web_address
        from a_parallel_plugins.git.service import GitService
        from a_parallel_plugins.git.telling import StatusTeller
        from a_parallel_plugins.git.threads import ThreadTrees
        from a_parallel_plugins.git.work import ThreadWork

        host = ctx.get(HOSTS).get()
        api = ctx.settings(Settings).github_api
        service = GitService(host, web_address(api))
        self.trees = ThreadTrees(ctx, service)
        teller = StatusTeller(ctx, self.trees)
        self.work = ThreadWork(ctx, service, self.trees, teller, PullRequests(service.commands, host, api))
        ctx.defer(service.close)
        ctx.provide(GIT, service)
        ctx.on(AgentResult, teller.run_ended)
        ctx.on(AgentToolOutput, teller.tool_finished)
        ctx.on(ThreadDeleted, teller.thread_deleted)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes under ``/api/git``."""
        from a_parallel_plugins.git.routes import git_routes

        return git_routes(ctx, self.trees, self.work)

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic]:
        """Send states to the pages of a thread's owner (``websocket.md`` §4.2)."""
        return [Topic("git:status", GitStatusChanged, subject="thread_id", owner="owner", logged=False)]

    @hookimpl
    async def health(self, ctx: PluginContext) -> Health:
        """Tell whether git is installed."""
        found = await ctx.get(HOSTS).get().which("git")
        return Health(ok=found is not None, detail="" if found else "git is not on the server's PATH. Install it.")
