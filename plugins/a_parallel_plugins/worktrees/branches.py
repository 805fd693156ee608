"""Deletes branches, and only those whose commits are all somewhere else."""

from pathlib import Path

from a_parallel_contracts import BadRequest, Conflict
from a_parallel_contracts.git import Git


class Branches:
    """Looks at and deletes branches of a repository; the caller holds its lock."""

    def __init__(self, git: Git) -> None:
        self._git = git

    async def delete_if_contained(self, directory: Path, branch: str) -> bool:
        """Delete `branch` if all its commits are in another local branch or in a remote-tracking one.

        Returns:
            Whether it is gone.
        """
        ref = f"refs/heads/{branch}"
        tip = await self._git.resolve(directory, ref)
        if tip is None:
            return True
        holders = await self.holding(directory, tip)
        if not holders - {ref}:
            return False
        return await self._delete(directory, branch, tip)

    async def holding(self, directory: Path, commit: str) -> set[str]:
        """Return the names of the local and remote-tracking branches that contain `commit`."""
        arguments = ["for-each-ref", "--format=%(refname)", f"--contains={commit}", "refs/heads", "refs/remotes"]
        output = await self._git.command(directory, arguments)
        return set(output.decode("utf-8", "replace").splitlines())

    async def _delete(self, directory: Path, branch: str, tip: str) -> bool:
        """Delete a branch if it is still where it was looked at (git-update-ref(1)), and its section of the config."""
        try:
            await self._git.command(directory, ["update-ref", "-d", f"refs/heads/{branch}", tip])
        except (BadRequest, Conflict):
            return False  # it has moved meanwhile: somebody works on it
        await self._forget_settings(directory, branch)
        return True

    async def _forget_settings(self, directory: Path, branch: str) -> None:
        try:
            await self._git.command(directory, ["config", "--local", "--remove-section", f"branch.{branch}"])
        except BadRequest as error:
            if "no such section" not in error.message.lower():
                raise
