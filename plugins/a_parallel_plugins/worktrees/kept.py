"""States that are kept under ``refs/a-parallel/snapshots``, and which of them are provably somewhere else too."""

import time
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from a_parallel_contracts import BadRequest, Conflict
from a_parallel_contracts.git import SNAPSHOTS, Git
from a_parallel_plugins.worktrees.branches import Branches
from a_parallel_plugins.worktrees.settings import WorktreesSettings
from a_parallel_plugins.worktrees.snapshots import RESTORED

DAY = 86_400.0
_FORMAT = "--format=%(refname) %(objectname) %(creatordate:unix)"


class KeptState(Struct, frozen=True):
    """A ref.

    Attributes:
        ref: its name.
        commit: what it points at.
        age: seconds.
        proof: where else its content is, for people; empty without proof.
    """

    ref: str
    commit: str
    age: float
    proof: str = ""

    @property
    def owner(self) -> str:
        """The thread or directory it belongs to."""
        return self.ref.split("/")[-2]


class KeptStates:
    """Looks at and drops them; callers hold the repository's lock."""

    def __init__(self, git: Git, settings: WorktreesSettings) -> None:
        self._git = git
        self._settings = settings
        self._branches = Branches(git)

    async def superfluous(self, directory: Path) -> list[KeptState]:
        """Return those that are old enough, not among the newest of their thread, and proven to be elsewhere."""
        limit = (self._settings.snapshot_days or 0) * DAY
        old = [one for one in _beyond(await self._all(directory), self._settings.snapshots_kept) if one.age >= limit]
        proven = [replace(one, proof=await self._proof(directory, one)) for one in old]
        return [one for one in proven if one.proof]

    async def drop(self, directory: Path, state: KeptState) -> bool:
        """Drop one if it still is what was looked at (git-update-ref(1)); return whether it is gone."""
        try:
            await self._git.command(directory, ["update-ref", "-d", state.ref, state.commit])
        except (BadRequest, Conflict):
            return False
        return True

    async def _proof(self, directory: Path, state: KeptState) -> str:
        """Tell where the content of a state is too.

        One that was restored is part of the working tree that came back, which is kept anew before that goes.
        """
        if state.ref.endswith(f"-{RESTORED}"):
            return "it has been restored into its worktree"
        holders = sorted(await self._branches.holding(directory, state.commit))
        return f"it is part of {holders[0]}" if holders else ""

    async def _all(self, directory: Path) -> list[KeptState]:
        output = await self._git.command(directory, ["for-each-ref", "--sort=-refname", _FORMAT, f"{SNAPSHOTS}/"])
        now = time.time()
        rows = (line.split(" ") for line in output.decode("utf-8", "replace").splitlines())
        return [KeptState(ref, commit, now - float(created or now)) for ref, commit, created in rows]


def _beyond(states: Iterable[KeptState], kept: int) -> list[KeptState]:
    """Leave out the newest of each owner; `states` are newest first."""
    counts: dict[str, int] = {}
    found: list[KeptState] = []
    for state in states:
        counts[state.owner] = counts.get(state.owner, 0) + 1
        if counts[state.owner] > kept:
            found.append(state)
    return found
