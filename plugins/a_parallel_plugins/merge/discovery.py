"""Finds the branches of worktrees that are ready to be merged (``merge-agent.md`` §3)."""

from collections.abc import Sequence
from pathlib import Path

from a_parallel_contracts import ApiError, PluginContext
from a_parallel_contracts.git import GIT
from a_parallel_contracts.merge import Candidate
from a_parallel_contracts.projects import PROJECTS, Project
from a_parallel_contracts.threads import THREADS, UNFINISHED, Thread, ThreadMode
from a_parallel_contracts.worktrees import WORKTREES
from a_parallel_plugins.merge.repository import Repository


class Discovery:
    """Looks at worktrees and at the threads that work in them."""

    def __init__(self, ctx: PluginContext) -> None:
        self._ctx = ctx
        self._git = ctx.get(GIT)

    async def candidates(
        self, project: Project, repository: Repository, target: str, only: Sequence[str] | None
    ) -> list[Candidate]:
        """Return what is ready, the smallest first.

        Left out are the main and the project's own working tree, detached and vanished ones, the target, branches
        at which an agent works, and what is dirty, merged, without commits of its own or unreadable.
        """
        busy = await self._busy_directories()
        found: list[Candidate] = []
        for branch, path in (await repository.checkouts()).items():
            if branch == target or (only is not None and branch not in only) or not path.is_dir():
                continue
            if self._is_main(repository, path) or path.resolve() in busy:
                continue
            candidate = await self._candidate(project, repository, target, branch, path)
            if candidate is not None:
                found.append(candidate)
        return sorted(found, key=lambda one: (one.commit_count, one.branch))

    async def local_agents(self, repository: Repository, *, but: str) -> list[Thread]:
        """Return the threads, other than `but`, that are at work in the project's own working tree."""
        unfinished = await self._ctx.get(THREADS).with_status(*UNFINISHED)
        local = [thread for thread in unfinished if thread.mode != ThreadMode.WORKTREE and thread.id != but]
        return [thread for thread in local if await self._is_at_root(thread, repository)]

    async def _candidate(
        self, project: Project, repository: Repository, target: str, branch: str, path: Path
    ) -> Candidate | None:
        try:
            summary = await self._git.summary(
                "", path, base=target, project=Path(project.path), created_at=await self._birth(project, branch)
            )
            if summary.state not in ("unpushed", "pushed"):
                return None
            range = f"refs/heads/{target}..refs/heads/{branch}"
            count = int(await self._git.command(repository.root, ["rev-list", "--count", range, "--"]))
        except ApiError as error:
            self._ctx.log.info("the branch %s is left out: %s", branch, error.message)
            return None
        if count == 0:
            return None
        return Candidate(branch=branch, worktree_path=str(path), status=summary.state, commit_count=count)

    async def _birth(self, project: Project, branch: str) -> str | None:
        worktrees = self._ctx.find(WORKTREES)
        return await worktrees.birth(project, branch) if worktrees is not None else None

    async def _busy_directories(self) -> set[Path]:
        threads = await self._ctx.get(THREADS).with_status(*UNFINISHED)
        return {Path(thread.worktree_path).resolve() for thread in threads if thread.worktree_path}

    async def _is_at_root(self, thread: Thread, repository: Repository) -> bool:
        project = await self._ctx.get(PROJECTS).get(thread.project_id)
        if project is None or not Path(project.path).is_dir():
            return False
        try:
            return repository.is_root(await self._git.top_level(Path(project.path)))
        except ApiError:
            return False  # whatever it works in, it is not this repository

    @staticmethod
    def _is_main(repository: Repository, path: Path) -> bool:
        return repository.is_root(path) or path.resolve() == repository.shared.parent
