"""What is kept of a working tree before it goes, and how it comes back."""

from collections.abc import Sequence
from pathlib import Path

from a_parallel_contracts import ApiError, BadRequest, Conflict, PluginContext
from a_parallel_contracts.git import Git, IgnoredFile, Snapshot, snapshot_prefix, snapshot_ref
from a_parallel_plugins.worktrees.branches import Branches
from a_parallel_plugins.worktrees.vanished import staged_commit

RESTORED = "restored"
HEAD_ONLY = "head"


class Keeper:
    """Keeps the state of working trees under ``refs/a-parallel/snapshots``; callers hold the repository's lock."""

    def __init__(self, ctx: PluginContext, git: Git) -> None:
        self._ctx = ctx
        self._git = git
        self._branches = Branches(git)

    async def keep(self, path: Path, owner: str, *, confirmed: bool) -> str | None:
        """Keep everything uncommitted, small ignored files, and the commit that is checked out if no branch has it.

        Parameters:
            path: the working tree.
            owner: names the refs.
            confirmed: the person knows that large ignored files are lost.

        Returns:
            The hash of the snapshot, None if there is nothing to keep.

        Raises:
            Conflict: something would be lost; the text and ``extra`` name it.
        """
        await self._refuse_nested(path)
        ignored = await self._git.ignored(path)
        if ignored.rest and not confirmed:
            raise Conflict(_refusal(ignored.rest), extra={"ignored": ignored.rest})
        message = f"Uncommitted changes of {path.name}"
        commit = await self._git.snapshot(path, snapshot_ref(owner), message, ignored=ignored.fitting)
        head = await self._git.resolve(path, "HEAD")
        if head is not None:
            await self.keep_commit(path, head, owner)
        return commit

    async def keep_commit(self, directory: Path, commit: str, owner: str) -> None:
        """Keep a commit that no branch contains, as after work on a detached HEAD."""
        if await self._git.resolve(directory, commit) and not await self._branches.holding(directory, commit):
            await self._git.command(directory, ["update-ref", snapshot_ref(owner, HEAD_ONLY), commit])

    async def keep_vanished(self, directory: Path, path: str, head: str, owner: str) -> None:
        """Keep what git still has of a working tree whose directory is gone: its commit, and what was staged.

        Parameters:
            directory: of the project.
            path: of the working tree, as git lists it.
            head: hash of the commit that was checked out there.
            owner: names the refs.
        """
        await self.keep_commit(directory, head, owner)
        try:
            staged = await staged_commit(self._git, directory, path, head)
        except BadRequest as error:
            self._ctx.log.warning("what was staged in %s cannot be kept: %s", path, error.message)
            return
        if staged is not None:
            await self._git.command(directory, ["update-ref", "--create-reflog", snapshot_ref(owner), staged])

    async def _refuse_nested(self, path: Path) -> None:
        nested = await self._git.nested_work(path)
        if nested:
            raise Conflict(
                "Repositories inside this worktree hold work that is nowhere else: "
                f"{', '.join(nested)}. Push it or move them away, and try again."
            )

    async def newest(self, directory: Path, thread_id: str) -> Snapshot | None:
        """Return what was kept before the thread's working tree was removed last, unless it has been restored."""
        return next((one for one in await self._git.snapshots(directory, thread_id) if one.restorable), None)

    async def start_of(self, directory: Path, commit: str) -> str | None:
        """Return the commit that was checked out when a snapshot was taken."""
        return await self._git.resolve(directory, f"{commit}^")

    async def restore(self, path: Path, thread_id: str) -> None:
        """Bring back the newest state before a removal; where it does not fit it stays under its ref."""
        kept = await self.newest(path, thread_id)
        if kept is None:
            return
        try:
            await self._git.restore_snapshot(path, kept.commit)
        except ApiError as error:
            self._ctx.log.warning("the changes kept as %s are not restored: %s", kept.id, error.message)
            return
        # under another name, so that it is not restored again over newer work
        ref = f"{snapshot_prefix(thread_id)}{kept.id}"
        moves = f"create {ref}-{RESTORED} {kept.commit}\ndelete {ref} {kept.commit}\n"
        await self._git.command(path, ["update-ref", "--stdin"], stdin=moves.encode())


def _refusal(rest: Sequence[IgnoredFile]) -> str:
    names = ", ".join(f"{one.path} ({one.size / 1024 / 1024:.1f} MiB)" for one in rest[:5])
    more = f" and {len(rest) - 5} more" if len(rest) > 5 else ""
    return (
        f"These ignored files are too large to be kept and would be lost: {names}{more}. "
        "Confirm that, archive the thread instead, or move them away."
    )
