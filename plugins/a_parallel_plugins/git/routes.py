"""Routes of ``/api/git`` (``http-core.md`` §7.2 to §7.6, and snapshots)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from a_parallel_contracts import ApiError, BadRequest, Ok, PluginContext, Request, Route, get, post
from a_parallel_contracts.git import GitSummary, Snapshot
from a_parallel_contracts.http import Handler
from a_parallel_contracts.projects import PROJECTS
from a_parallel_contracts.threads import THREADS, Thread, ThreadMode
from a_parallel_plugins.git.diff import FileDiff
from a_parallel_plugins.git.message import CommitMessage
from a_parallel_plugins.git.models import (
    CommitBody,
    DiffQuery,
    MessageBody,
    Output,
    Paths,
    ProjectQuery,
    PullRequestAnswer,
    PullRequestBody,
    Restored,
    Statuses,
)
from a_parallel_plugins.git.threads import ThreadTrees
from a_parallel_plugins.git.work import ThreadWork


def git_routes(ctx: PluginContext, trees: ThreadTrees, work: ThreadWork) -> list[Route]:
    """Return all routes of the plugin."""
    return [*_status_routes(ctx, trees), *_index_routes(work), *_publishing_routes(work), *_snapshot_routes(work)]


def _status_routes(ctx: PluginContext, trees: ThreadTrees) -> list[Route]:
    async def statuses(request: Request[None, None, ProjectQuery]) -> Statuses:
        """Return the states of a project's worktrees; those that cannot be read are left out."""
        if not request.query.project_id:
            raise BadRequest("projectId required")
        project = await ctx.get(PROJECTS).load(request.actor, request.query.project_id)
        threads = await ctx.get(THREADS).visible(request.actor, project_id=project.id)
        return Statuses(statuses=await _readable(ctx, trees, [thread for thread in threads if _has_worktree(thread)]))

    async def status(request: Request[Thread]) -> GitSummary:
        """Return the state of the directory in which a thread works."""
        return await trees.summary(request.resource)

    return [
        get("/api/git/status", statuses),
        get("/api/git/{thread}/status", status, loads=THREADS),
    ]


def _index_routes(work: ThreadWork) -> list[Route]:
    async def diff(request: Request[Thread, None, DiffQuery]) -> list[FileDiff]:
        """Return the changed files of a thread's directory, or one of them with all of its text."""
        return await work.diff(request.resource, request.query)

    async def stage(request: Request[Thread, Paths]) -> Ok:
        """Stage files."""
        await work.stage(request.resource, request.body.paths)
        return Ok()

    async def unstage(request: Request[Thread, Paths]) -> Ok:
        """Unstage files; of a renamed one both sides."""
        await work.unstage(request.resource, request.body.paths)
        return Ok()

    async def revert(request: Request[Thread, Paths]) -> Ok:
        """Throw changes of files away; a snapshot keeps them."""
        await work.revert(request.resource, request.body.paths)
        return Ok()

    return [
        get("/api/git/{thread}/diff", diff, loads=THREADS),
        _change("stage", stage),
        _change("unstage", unstage),
        _change("revert", revert),
    ]


def _publishing_routes(work: ThreadWork) -> list[Route]:
    async def commit(request: Request[Thread, CommitBody]) -> Output:
        """Commit what is staged."""
        return Output(output=await work.commit(request.resource, request.body.message, request.actor.user_id))

    async def push(request: Request[Thread]) -> Output:
        """Push the current branch to origin."""
        return Output(output=await work.push(request.resource, request.actor.user_id))

    async def pull_request(request: Request[Thread, PullRequestBody]) -> PullRequestAnswer:
        """Open a pull request for the current branch, which has been pushed before."""
        body = request.body
        url = await work.open_pull_request(request.resource, body.title, body.body, request.actor.user_id)
        return PullRequestAnswer(url=url)

    async def write_message(request: Request[Thread, MessageBody]) -> CommitMessage:
        """Have an agent write a commit message for what is staged, or for all changes."""
        return await work.write_message(request.resource, include_unstaged=request.body.include_unstaged is True)

    return [
        _change("commit", commit),
        _change("push", push),
        _change("pr", pull_request),
        _change("generate-commit-message", write_message),
    ]


def _snapshot_routes(work: ThreadWork) -> list[Route]:
    async def show_all(request: Request[Thread]) -> list[Snapshot]:
        """Return what is kept of a thread's uncommitted work, newest first."""
        return await work.snapshots(request.resource)

    async def restore(request: Request[Thread]) -> Restored:
        """Bring back what a snapshot keeps."""
        return Restored(branch=await work.restore(request.resource, request.params["snapshot"]))

    return [
        get("/api/git/{thread}/snapshots", show_all, loads=THREADS),
        post("/api/git/{thread}/snapshots/{snapshot}/restore", restore, loads=THREADS),
    ]


def _change(name: str, handler: Handler) -> Route:
    """Describe a POST: the thread is looked up before the body is validated, and a bad body counts as ``{}`` (§7.1)."""
    return post(f"/api/git/{{thread}}/{name}", handler, loads=THREADS, load_first=True, lenient_body=True)


def _has_worktree(thread: Thread) -> bool:
    return thread.mode == ThreadMode.WORKTREE and bool(thread.worktree_path and thread.branch) and not thread.archived


async def _readable(ctx: PluginContext, trees: ThreadTrees, threads: Sequence[Thread]) -> list[GitSummary]:
    async def read(thread: Thread) -> GitSummary | None:
        try:
            return await trees.summary(thread)
        except ApiError as error:
            ctx.log.info("no status of %s: %s", Path(thread.worktree_path or "").name, error.message)
            return None

    found = await asyncio.gather(*(read(thread) for thread in threads))
    return [summary for summary in found if summary is not None]
