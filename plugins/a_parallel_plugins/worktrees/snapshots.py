"""What is kept of a working tree before it goes, and how it comes back."""

from pathlib import Path

from a_parallel_contracts import ApiError, Conflict, PluginContext
from a_parallel_contracts.git import Git
from a_parallel_plugins.worktrees import names
from a_parallel_plugins.worktrees.branches import Branches

RESTORED = "-restored"
HEAD_ONLY = "-head"


class Keeper:
    """Keeps the state of working trees under ``refs/a-parallel/snapshots``; callers hold the repository's lock."""

    def __init__(self, ctx: PluginContext, git: Git) -> None:
        self._ctx = ctx
        self._git = git
        self._branches = Branches(git)

    async def keep(self, path: Path, owner: str) -> str | None:
        """Keep everything uncommitted, and the commit that is checked out if no branch has it.

        Returns:
            The hash of the snapshot, None if there is nothing uncommitted.

        Raises:
            Conflict: repositories inside hold work that would be lost.
        """
        await self._refuse_nested(path)
        commit = await self._git.snapshot(path, names.snapshot_ref(owner), f"Uncommitted changes of {path.name}")
        head = await self._git.resolve(path, "HEAD")
        if head is not None:
            await self.keep_commit(path, head, owner)
        return commit

    async def keep_commit(self, directory: Path, commit: str, owner: str) -> None:
        """Keep a commit that no branch contains, as after work on a detached HEAD."""
        if await self._git.resolve(directory, commit) and not await self._branches.holding(directory, commit):
            await self._git.command(directory, ["update-ref", names.snapshot_ref(owner, HEAD_ONLY), commit])

    async def _refuse_nested(self, path: Path) -> None:
        nested = await self._git.nested_work(path)
        if nested:
            raise Conflict(
                "Repositories inside this worktree hold work that is nowhere else: "
                f"{', '.join(nested)}. Push it or move them away, and try again."
            )

    async def newest(self, directory: Path, thread_id: str) -> tuple[str, str] | None:
        """Return ref and hash of what was kept before the thread's working tree was removed last."""
        arguments = ["for-each-ref", "--sort=-refname", "--format=%(refname) %(objectname)"]
        prefix = names.snapshot_ref(thread_id).rpartition("/")[0]
        output = await self._git.command(directory, [*arguments, f"{prefix}/"])
        refs = (line.split(" ") for line in output.decode("ascii").splitlines())
        return next(((ref, commit) for ref, commit in refs if names.is_removal_snapshot(ref)), None)

    async def start_of(self, directory: Path, commit: str) -> str | None:
        """Return the commit that was checked out when a snapshot was taken."""
        return await self._git.resolve(directory, f"{commit}^")

    async def restore(self, path: Path, thread_id: str) -> None:
        """Bring back the newest state before a removal; where it does not fit it stays under its ref."""
        found = await self.newest(path, thread_id)
        if found is None:
            return
        ref, commit = found
        try:
            await self._git.restore_snapshot(path, commit)
        except ApiError as error:
            self._ctx.log.warning("the changes kept under %s are not restored: %s", ref, error.message)
            return
        # under another name, so that it is not restored again over newer work
        moves = f"create {ref}{RESTORED} {commit}\ndelete {ref} {commit}\n"
        await self._git.command(path, ["update-ref", "--stdin"], stdin=moves.encode())
