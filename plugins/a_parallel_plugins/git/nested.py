"""Finds repositories inside a working tree whose work would go with it: clones, and submodules with commits."""

from pathlib import Path

from a_parallel_plugins.git import parse
from a_parallel_plugins.git.commands import Commands
from a_parallel_plugins.git.ignored import IgnoredFinder
from a_parallel_plugins.git.snapshot import listed

_STATUS = ("status", "--porcelain=v2", "--untracked-files=normal", "-z")
_OWN_COMMITS = ("rev-list", "--max-count=1", "--exclude=refs/tags/*", "--all", "--not", "--remotes", "--")


class NestedFinder:
    """Looks for work that a snapshot of the outer working tree cannot hold."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._ignored = IgnoredFinder(commands)

    async def at_risk(self, root: Path) -> list[str]:
        """Return the paths below `root` of repositories with changes, stashes or commits that no remote has."""
        doomed = [root, Path(await self._commands.line(root, ["rev-parse", "--absolute-git-dir"]))]
        return [path for path in await self._inside(root) if await self._holds_work(root / path, doomed)]

    async def _inside(self, root: Path) -> list[str]:
        """Return submodules that are checked out, and other repositories, ignored or not."""
        index = listed(await self._commands.output(root, ["ls-files", "-s", "-v", "-z"]))
        links = [entry.path for entry in index if entry.mode == "160000" and (root / entry.path / ".git").exists()]
        untracked = await self._commands.output(root, ["ls-files", "--others", "--exclude-standard", "-z"])
        clones = [parse.text(record).rstrip("/") for record in parse.records(untracked) if record.endswith(b"/")]
        return [*links, *clones, *await self._ignored.repositories(root)]

    async def _holds_work(self, path: Path, doomed: list[Path]) -> bool:
        if await self._commands.output(path, _STATUS) or await self.at_risk(path):
            return True
        common = Path(await self._commands.line(path, ["rev-parse", "--path-format=absolute", "--git-common-dir"]))
        if not any(common.resolve().is_relative_to(place.resolve()) for place in doomed):
            return False  # a working tree of a repository elsewhere, which stays
        return bool(await self._commands.output(path, _OWN_COMMITS))
