"""A server with threads whose branches are merged, and a scripted agent that resolves conflicts as a test says."""

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from a_parallel_contracts import Event, Manifest, Plugin, PluginContext, hookimpl, replace
from a_parallel_contracts.agents import AgentHooks, Decision, Run, ToolRequest
from a_parallel_contracts.git import GIT, GitHooks, Identity
from a_parallel_contracts.merge import (
    MERGE,
    MergeAborted,
    MergeBranchDone,
    MergeBranchStarted,
    MergeCompleted,
    MergeOptions,
    MergeProgress,
    MergeReport,
    Merges,
    MergeStarted,
)
from a_parallel_contracts.threads import NewThread, Thread
from a_parallel_kernel.testing import KernelFactory
from a_parallel_plugins.agents import AgentsPlugin
from a_parallel_plugins.merge import MergePlugin
from a_parallel_plugins.scripted import ScriptedPlugin
from tests.plugins.git.conftest import home
from tests.plugins.worktrees.conftest import OpenShop, Shop, tree
from tests.support.repository import Repository

__all__ = ["home"]

MERGE_EVENTS: tuple[type[Event], ...] = (
    MergeStarted,
    MergeBranchStarted,
    MergeProgress,
    MergeBranchDone,
    MergeAborted,
    MergeCompleted,
)

RESOLVE = "!bash cat shared.txt | grep -v '^[<>=|]' > r && mv r shared.txt && git add shared.txt"
"""Keeps the lines of both sides of a conflict."""


@dataclass
class Director:
    """Tells the scripted agent what to do, and remembers what it was asked and what happened.

    Attributes:
        script: directives for the next agents.
        runs: how agents were started.
        events: of merges, in order.
        identity: of whoever merges.
        decide: decides about tool calls.
    """

    script: str = RESOLVE
    runs: list[Run] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    identity: Identity | None = field(default_factory=lambda: Identity("Änna", "anna@example.invalid"))
    decide: Callable[[ToolRequest], Decision | None] = lambda request: None

    def plugin(self) -> type[Plugin]:
        """Return the plugin behind it."""
        director = self

        class DirectorPlugin(Plugin, AgentHooks, GitHooks):
            manifest = Manifest(api="1.0", requires=(GIT, MERGE))

            @hookimpl
            async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
                async def remember(event: Event) -> None:
                    director.events.append(event)

                for kind in MERGE_EVENTS:
                    ctx.on(kind, remember)
                yield

            @hookimpl
            async def prepare_run(self, ctx: PluginContext, run: Run) -> Run:
                director.runs.append(run)
                script = director.script.replace("DIRECTORY", run.directory)
                return replace(run, prompt=replace(run.prompt, text=script))

            @hookimpl
            async def decide_tool(self, ctx: PluginContext, request: ToolRequest) -> Decision | None:
                return director.decide(request)

            @hookimpl
            async def git_identity(self, ctx: PluginContext, user_id: str) -> Identity | None:
                return director.identity

        return DirectorPlugin

    def named(self) -> list[str]:
        """Return the kinds of events, without what agents say."""
        return [type(event).__name__ for event in self.events if not isinstance(event, MergeProgress)]


@dataclass
class Works(Shop):
    """A shop that merges."""

    director: Director

    @property
    def merges(self) -> Merges:
        return cast(Merges, self.running.service(MERGE))

    @property
    def benches(self) -> list[Path]:
        """Temporary working trees that are there."""
        return list((self.running.kernel.config.server.data_directory / "merges").iterdir())

    async def branch(self, title: str, files: dict[str, str], base: str = "main") -> Thread:
        """Make a thread with a worktree and a commit in it."""
        thread = await self.thread(title, base)
        tree(thread).commit(title, files)
        return thread

    async def shown(self, title: str = "[Auto] merge") -> Thread:
        """Make a thread for a run."""
        new = NewThread(project_id=self.project.id, title=title, user_id=self.project.user_id)
        return await self.threads.create(new)

    async def run(self, **options: Any) -> tuple[MergeReport, Thread]:
        """Run the merge agent in a thread of its own, and return the thread as it is afterwards."""
        thread = await self.shown()
        report = await self.merges.run(self.project, thread, MergeOptions(**{"target_branch": "main", **options}))
        await self.running.settled()
        return report, await self.again(thread)

    async def merge(self, thread: Thread, **body: Any) -> dict[str, Any]:
        answer = await self.client.post(f"/api/git/{thread.id}/merge", json=body)
        await self.running.settled()
        return cast(dict[str, Any], answer)

    async def not_merged(self, thread: Thread, **body: Any) -> tuple[int, str]:
        return await self.refused("POST", f"/api/git/{thread.id}/merge", body)

    async def said(self, thread: Thread) -> list[str]:
        return [message.content for message in await self.threads.messages(thread.id)]

    def state(self) -> dict[str, Any]:
        """Return everything that a merge which did not happen must leave as it was."""
        return state_of(self.repository)


def state_of(repository: Repository) -> dict[str, Any]:
    """Return HEAD, refs, index, files of all working trees, and what git is in the middle of."""
    trees = {str(path): content(path) for path in repository.worktrees()}
    directory = Path(repository.git("rev-parse", "--absolute-git-dir"))
    refs = repository.git("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
    return {
        "head": (directory / "HEAD").read_text(),
        "refs": [line for line in refs if not line.startswith("refs/a-parallel/")],
        "index": repository.git("ls-files", "--stage"),
        "trees": trees,
        "doing": sorted(
            path.name for path in directory.iterdir() if path.name.endswith("_HEAD") and path.name != "ORIG_HEAD"
        ),
        "stash": repository.git("stash", "list"),
    }


def content(root: Path) -> dict[str, str]:
    """Return the files below a working tree with a hash of what is in them."""
    files = [path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts]
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


def hook(repository: Repository, name: str, script: str) -> None:
    """Install a hook."""
    path = repository.path / ".git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def parents(repository: Repository, revision: str = "main") -> list[str]:
    """Return the parents of a commit."""
    return repository.git("log", "-1", "--format=%P", revision).split()


@pytest.fixture
def open_works(kernel: KernelFactory, tmp_path: Path) -> Callable[..., Any]:
    """Start servers that merge."""

    async def start(repository: Repository | None = None, *, agents: bool = True, **settings: Any) -> Works:
        director = Director()
        plugins: dict[str, Any] = {"merge": MergePlugin, "director": director.plugin()}
        if agents:
            plugins |= {"agents": AgentsPlugin, "scripted": ScriptedPlugin}
        chosen = {"plugins.agents.provider": "scripted", "plugins.scripted.pace": 0, **settings}
        shop = await OpenShop(kernel, tmp_path)(repository, plugins=plugins, settings=chosen if agents else settings)
        for plugin in plugins:
            shop.running.expect_running(plugin)
        works = Works(shop.running, shop.repository, shop.project, director)
        if repository is None:
            works.repository.commit("Shared", {"shared.txt": "base\n", ".gitignore": "*.log\nbig/\n"})
            works.repository.git("push", "--quiet", "origin", "main")
        return works

    return start


@pytest.fixture
async def works(open_works: Callable[..., Any]) -> Works:
    """A server with a project that has a remote, and a file to disagree about."""
    return cast(Works, await open_works())


async def conflicting(works: Works, title: str = "Ours", text: str = "ours\n") -> Thread:
    """Make a thread whose branch conflicts with main."""
    thread = await works.branch(title, {"shared.txt": text})
    works.repository.commit("Theirs", {"shared.txt": "theirs\n"})
    return thread
