"""A running kernel with threads that work in worktrees, on real git."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from a_parallel_contracts.git import GIT, Git
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.threads import THREADS, NewThread, Thread, ThreadMode, Threads
from a_parallel_contracts.worktrees import WORKTREES, Worktrees
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import AnswerError, Client, RunningKernel
from a_parallel_plugins.worktrees.leases import Lease
from tests.plugins.git.conftest import home
from tests.support.repository import Repository, make_repository

__all__ = ["home"]

PLUGINS = ("hosts", "git", "projects", "threads", "worktrees")


@dataclass
class Shop:
    """The server and one project as a test sees them."""

    running: RunningKernel
    repository: Repository
    project: Project

    @property
    def client(self) -> Client:
        return self.running.client

    @property
    def git(self) -> Git:
        return cast(Git, self.running.service(GIT))

    @property
    def worktrees(self) -> Worktrees:
        return cast(Worktrees, self.running.service(WORKTREES))

    @property
    def threads(self) -> Threads:
        return cast(Threads, self.running.service(THREADS))

    @property
    def container(self) -> Path:
        return self.repository.path.parent / ".a-parallel-worktrees" / self.repository.path.name

    async def thread(self, title: str = "Fix it", base: str | None = "main") -> Thread:
        """Make an idle thread with a worktree."""
        new = NewThread(
            project_id=self.project.id,
            title=title,
            mode=ThreadMode.WORKTREE,
            base_branch=base,
            idle=True,
            user_id=self.project.user_id,
        )
        return await self.threads.create(new)

    async def again(self, thread: Thread) -> Thread:
        found = await self.threads.get(thread.id)
        assert found is not None
        return found

    async def archive(self, thread: Thread, archived: bool = True) -> Thread:
        await self.client.patch(f"/api/threads/{thread.id}", json={"archived": archived})
        await self.running.settled()
        return await self.again(thread)

    async def leases(self) -> list[Lease]:
        return await self.running.kernel.db.read("SELECT * FROM worktrees_leases", into=Lease)

    def snapshots(self) -> list[str]:
        return self.repository.git("for-each-ref", "--format=%(refname)", "refs/a-parallel").splitlines()

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Return status and text of an answer that must be an error."""
        with pytest.raises(AnswerError) as caught:
            await self.client.call(method, path, json=body)
        return caught.value.status, str(caught.value.error)


def tree(thread: Thread) -> Repository:
    """Return a thread's working tree."""
    assert thread.worktree_path is not None
    return Repository(Path(thread.worktree_path))


class OpenShop:
    """Opens shops."""

    def __init__(self, kernel: KernelFactory, directory: Path) -> None:
        self._kernel = kernel
        self._directory = directory

    async def __call__(
        self,
        repository: Repository | None = None,
        *,
        plugins: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        services: Mapping[Any, Any] | None = None,
        name: str = "Demo",
    ) -> Shop:
        used = repository or make_repository(
            self._directory / "work" / "demo",
            {"README.md": "# demo\n", "src/app.py": "one\ntwo\n", ".gitignore": "*.log\n"},
            remote=self._directory / "remote.git",
            branches=("develop",),
        )
        running = await self._kernel(plugins, installed=PLUGINS, settings=settings, services=services)
        for plugin in PLUGINS:
            running.expect_running(plugin)
        made = await running.client.post("/api/projects", json={"name": name, "path": str(used.path)})
        project = await running.service(PROJECTS).get(made["id"])
        return Shop(running, used, project)


@pytest.fixture
def open_shop(kernel: KernelFactory, tmp_path: Path) -> OpenShop:
    """Start servers around repositories."""
    return OpenShop(kernel, tmp_path)


@pytest.fixture
async def shop(open_shop: OpenShop) -> Shop:
    """A server with a project that has a remote."""
    return await open_shop()
