"""Git: what is asked of repositories and working trees."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from a_parallel_contracts.events import Event
from a_parallel_contracts.models import WireModel
from a_parallel_contracts.plugin import PluginContext, hookspec
from a_parallel_contracts.services import ServiceKey

GitState = Literal["dirty", "unpushed", "pushed", "merged", "clean"]

SNAPSHOTS = "refs/a-parallel/snapshots"
"""Below it lie the hidden refs that keep uncommitted states: ``<thread id>/<time>[-<cause>]``."""

REMOVED = "removed"
"""Cause of a snapshot that was taken before a working tree was removed, and has not been restored since."""

IGNORED_LIMIT = 50 * 1024 * 1024
"""Bytes of ignored files that a snapshot takes before a working tree goes."""


class Branches(WireModel):
    """Local branches of a repository (``http-core.md`` §5.6)."""

    branches: list[str]
    default_branch: str | None
    current_branch: str


class GitSummary(WireModel):
    """State of a thread's working tree (``http-core.md`` §3.7).

    Of the states that apply, the first of dirty, unpushed, merged, pushed, clean is told.
    """

    thread_id: str
    state: GitState
    dirty_file_count: int
    unpushed_commit_count: int
    has_remote_branch: bool
    is_merged_into_base: bool
    lines_added: int
    lines_deleted: int


class GitStatusChanged(Event):
    """The state of a thread's working tree may have changed; sent as ``git:status``."""

    thread_id: str
    owner: str
    statuses: list[GitSummary]


class Snapshot(WireModel):
    """An uncommitted state that is kept.

    Attributes:
        id: last part of the ref.
        commit: hash of the commit that holds it.
        cause: why it was taken; `REMOVED` or a word of whoever took it.
        message: what it holds, for people.
        created_at: ISO timestamp.
    """

    id: str
    commit: str
    cause: str
    message: str
    created_at: str

    @property
    def restorable(self) -> bool:
        """Whether it is waiting for its working tree to be made anew."""
        return self.cause == REMOVED


def snapshot_ref(owner: str, cause: str = REMOVED) -> str:
    """Return the name of a new ref for a snapshot.

    Parameters:
        owner: id of the thread, or the name of the working tree's directory.
        cause: see `Snapshot`; lower-case letters and hyphens.
    """
    return f"{snapshot_prefix(owner)}{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}" + ("" if cause == REMOVED else f"-{cause}")


def snapshot_prefix(owner: str) -> str:
    """Return what the refs of an owner's snapshots begin with."""
    return f"{SNAPSHOTS}/{re.sub(r'[^A-Za-z0-9_-]', '-', owner) or 'worktree'}/"


class IgnoredFile(WireModel):
    """A file, or a directory with everything in it, that git ignores; `size` in bytes."""

    path: str
    size: int


class IgnoredFiles(WireModel):
    """What git ignores in a working tree: what fits into a snapshot, and the rest."""

    fitting: list[IgnoredFile]
    rest: list[IgnoredFile]


class Identity(Struct, frozen=True):
    """Who commits."""

    name: str
    email: str

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that make them author and committer of what git does (git(1))."""
        return {
            "GIT_AUTHOR_NAME": self.name,
            "GIT_AUTHOR_EMAIL": self.email,
            "GIT_COMMITTER_NAME": self.name,
            "GIT_COMMITTER_EMAIL": self.email,
        }


class GitHooks:
    """What others know about the users of git. Mix it into your `Plugin` so that type checkers help."""

    @hookspec
    async def git_identity(self, ctx: PluginContext, user_id: str) -> Identity | None:
        """Return author and committer of a user's commits; without any answer git's own settings count."""

    @hookspec
    async def github_token(self, ctx: PluginContext, user_id: str) -> str | None:
        """Return the token with which a user pushes to GitHub and opens pull requests."""


class Git(Protocol):
    """Reads repositories. Paths are directories in a working tree, absolute."""

    async def is_work_tree(self, path: Path) -> bool:
        """Tell whether `path` lies inside a git working tree; bare repositories and ``.git`` do not count."""
        ...

    async def top_level(self, path: Path) -> Path:
        """Return the root of the working tree that `path` lies in.

        Raises:
            FailedDependency: it is not in one.
        """
        ...

    async def repository(self, path: Path) -> Path:
        """Return the real path of the git directory that all working trees of the repository share.

        Raises:
            BadRequest: the directory is gone or no repository.
        """
        ...

    def exclusive(self, path: Path, *, wait: float | None = None) -> AbstractAsyncContextManager[None]:
        """Hold the repository of `path`: worktree changes, merges and other writes of refs never overlap.

        Parameters:
            path: directory in any working tree of the repository.
            wait: seconds to wait for whoever holds it; without it as long as it takes.

        Raises:
            BadRequest: the directory is gone or no repository.
            Conflict: it was still held after `wait` seconds.
        """
        ...

    async def current_branch(self, path: Path) -> str | None:
        """Return the short name of HEAD's branch, ``HEAD`` when detached, None when unreadable."""
        ...

    async def branches(self, path: Path) -> Branches:
        """Return branches, default and current branch (``http-core.md`` §5.6).

        Raises:
            BadRequest: the directory is gone or no repository.
        """
        ...

    async def resolve(self, path: Path, revision: str) -> str | None:
        """Return the full hash of the commit that `revision` names, or None."""
        ...

    async def is_ancestor(self, path: Path, ancestor: str, descendant: str) -> bool:
        """Tell whether all commits of `ancestor` are in `descendant`."""
        ...

    async def default_branch(self, path: Path) -> str | None:
        """Return the repository's default branch: origin's HEAD, else main, master, develop, else the first."""
        ...

    async def summary(
        self,
        thread_id: str,
        work_tree: Path,
        *,
        base: str | None,
        project: Path,
        created_at: str | None = None,
    ) -> GitSummary:
        """Return the state of a working tree.

        Parameters:
            thread_id: put into the answer.
            work_tree: the thread's directory.
            base: the thread's base branch; the repository's default branch without it.
            project: directory of the project, where the base branch is looked up.
            created_at: hash of the commit at which the branch was created, if known.

        Raises:
            BadRequest: the directory is gone or no repository.
        """
        ...

    async def snapshot(
        self, work_tree: Path, ref: str, message: str, *, ignored: Sequence[IgnoredFile] = ()
    ) -> str | None:
        """Keep the uncommitted state of a working tree as a commit under `ref`.

        Tracked and untracked files always, byte for byte, and those of `ignored`. Index and files stay
        as they are. The commit's first parent is HEAD; a second one holds the index where it says more.

        Repositories inside the working tree are not looked into, see `nested_work`.

        Returns:
            The commit's hash, or None when there is nothing uncommitted.
        """
        ...

    async def snapshots(self, path: Path, owner: str) -> list[Snapshot]:
        """Return what is kept for `owner` (see `snapshot_ref`) in the repository of `path`, newest first."""
        ...

    async def ignored(self, work_tree: Path, limit: int = IGNORED_LIMIT) -> IgnoredFiles:
        """Return what git ignores in a working tree, the small first as long as all together fit into `limit`.

        A directory that is ignored as a whole is one entry. Repositories never fit.
        """
        ...

    async def nested_work(self, work_tree: Path) -> list[str]:
        """Return the paths of repositories inside a working tree that hold work which exists nowhere else.

        Clones (ignored or not) and submodules with changes, stashes or commits that no remote of theirs has.
        """
        ...

    async def restore_snapshot(self, work_tree: Path, commit: str) -> None:
        """Bring a clean working tree to the uncommitted state that `snapshot` kept.

        Where HEAD is another commit than the snapshot's parent, the changes are merged.

        Raises:
            Conflict: the working tree is not clean, or the changes do not fit; it stays as it was.
        """
        ...

    async def command(
        self,
        path: Path,
        arguments: Sequence[str],
        *,
        timeout: float = 30.0,
        stdin: bytes | None = None,
        environment: Mapping[str, str | None] | None = None,
        hooks: bool = False,
    ) -> bytes:
        """Run ``git`` with `arguments` in `path` and return its standard output.

        The environment is fixed as ``http-core.md`` §7.8 says: C locale, no prompts, no pager, no
        optional locks. `environment` adds to it. With `hooks` the command may run the repository's own
        hooks, which keep the user's locale; its output is then for people only, and the text of a failure
        is everything that git and the hooks have said.

        Raises:
            BadRequest: git exited non-zero; the text is git's.
            Conflict: another git process holds a lock file.
            FailedDependency: git is missing, the directory is gone, or the time is over.
        """
        ...

    async def push(self, path: Path, branch: str, *, token: str | None = None, track: bool = False) -> str:
        """Push a local branch to the branch of that name at origin, and return what git said.

        Parameters:
            path: directory in a working tree of the repository.
            branch: short name.
            token: for repositories on the GitHub server that is set, over HTTPS; it is sent nowhere else.
            track: make the branch at origin its upstream.

        Raises:
            BadRequest: git, a hook or the remote refused; the text is all that was said.
            FailedDependency: the time is over.
        """
        ...


GIT = ServiceKey[Git]("git")
