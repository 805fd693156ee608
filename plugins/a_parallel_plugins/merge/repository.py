"""What a merge asks of a repository, and when it must not begin (``merge-agent.md`` §8)."""

from pathlib import Path

from msgspec import Struct

from a_parallel_contracts import BadRequest, Conflict
from a_parallel_contracts.git import Git
from a_parallel_contracts.projects import Project

_IN_PROGRESS = {
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "BISECT_LOG": "bisect",
}
"""What lies in the git directory of a working tree in the middle of something (git-rev-parse(1), PSEUDOREFS)."""

_NAMED = 5


class Recorded(Struct, frozen=True):
    """Where everything was before a branch was touched.

    Attributes:
        head: what HEAD of the project's working tree is: ``ref: refs/heads/…`` or a hash.
        target, branch: short names.
        target_commit, branch_commit: their tips.
    """

    head: str
    target: str
    target_commit: str
    branch: str
    branch_commit: str

    def __str__(self) -> str:
        return f"HEAD {self.head}, {self.target} {self.target_commit}, {self.branch} {self.branch_commit}"


class Repository:
    """A project's repository.

    Attributes:
        root: top of the project's own working tree.
        shared: the git directory of all its working trees; names the repository.
    """

    def __init__(self, git: Git, root: Path, shared: Path) -> None:
        self.git = git
        self.root = root
        self.shared = shared

    @classmethod
    async def of(cls, git: Git, project: Project) -> "Repository":
        """Return the repository in which a project lies.

        Raises:
            BadRequest: the directory is gone.
            FailedDependency: it is in no working tree any more.
        """
        root = await git.top_level(Path(project.path))
        return cls(git, root, await git.repository(root))

    async def tip(self, branch: str) -> str | None:
        """Return the commit of a local branch."""
        return await self.git.resolve(self.root, f"refs/heads/{branch}")

    async def checkouts(self) -> dict[str, Path]:
        """Return the branches that are checked out somewhere, and where (git-for-each-ref(1))."""
        arguments = ["for-each-ref", "--format=%(refname:lstrip=2)%00%(worktreepath)%00", "refs/heads"]
        output = await self.git.command(self.root, arguments)
        fields = output.decode("utf-8", "surrogateescape").split("\0")[:-1]
        pairs = zip(fields[::2], fields[1::2], strict=True)
        return {name.removeprefix("\n"): Path(path) for name, path in pairs if path}

    async def target(self, wanted: str | None) -> str:
        """Return the branch to merge into: `wanted`, or the repository's default branch.

        Raises:
            BadRequest: there is none.
        """
        target = wanted or await self.git.default_branch(self.root)
        if not target:
            raise BadRequest("It cannot be told which branch to merge into. Specify the target branch.")
        await self._existing(target)
        return target

    async def record(self, target: str, branch: str) -> Recorded:
        """Look at everything that speaks against merging `branch` into `target` now, and write down where things are.

        Raises:
            BadRequest: one of them does not exist, they are the same, or the project has uncommitted changes.
            Conflict: git is in the middle of something there, or the target is checked out elsewhere.
        """
        target_commit, branch_commit = await self._existing(target), await self._existing(branch)
        if target == branch:
            raise BadRequest(f"'{branch}' cannot be merged into itself. Choose another target branch.")
        await self.refuse_unready()
        elsewhere = (await self.checkouts()).get(target)
        if elsewhere is not None and not self.is_root(elsewhere):
            raise Conflict(f"The branch '{target}' is checked out at {elsewhere}. Switch that one to another branch.")
        return Recorded(await self.head(), target, target_commit, branch, branch_commit)

    async def refuse_unready(self) -> None:
        """Refuse while the project's working tree is in no state to be merged into.

        Raises:
            BadRequest: tracked files have uncommitted changes.
            Conflict: another operation of git is in progress.
        """
        doing = await self.in_progress()
        if doing is not None:
            raise Conflict(f"{doing} is in progress in {self.root}. Finish or abort it first.")
        changed = await self.changed()
        if changed:
            more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
            raise BadRequest(
                "Cannot merge: the main working tree has uncommitted changes "
                f"({', '.join(changed[:_NAMED])}{more}). Commit or stash them first."
            )

    async def in_progress(self) -> str | None:
        """Return what git is in the middle of in the project's working tree.

        ``.git`` may be a file, so git is asked where its files are.
        """
        output = await self.git.command(self.root, ["rev-parse", "--absolute-git-dir"])
        directory = Path(output.decode("utf-8", "surrogateescape").removesuffix("\n"))
        if (directory / "index.lock").exists():
            return "Another git operation"
        return next((f"A {what}" for name, what in _IN_PROGRESS.items() if (directory / name).exists()), None)

    async def changed(self) -> list[str]:
        """Return the tracked files with uncommitted changes; untracked ones speak against no merge (§7.8)."""
        arguments = ["status", "--porcelain", "-z", "--no-renames", "--untracked-files=no"]
        output = await self.git.command(self.root, [*arguments, "--ignore-submodules=untracked"])
        return [entry[3:] for entry in output.decode("utf-8", "replace").split("\0") if entry]

    async def head(self) -> str:
        """Return what HEAD of the project's working tree is."""
        branch = await self.git.current_branch(self.root)
        if branch not in (None, "HEAD"):
            return f"ref: refs/heads/{branch}"
        return await self.git.resolve(self.root, "HEAD") or ""

    async def differs(self, recorded: Recorded) -> str | None:
        """Return what is not as it was recorded, or None."""
        if await self.head() != recorded.head:
            return f"HEAD is {await self.head()}"
        if await self.tip(recorded.target) != recorded.target_commit:
            return f"{recorded.target} is at {await self.tip(recorded.target)}"
        return await self.in_progress()

    def is_root(self, path: Path) -> bool:
        """Tell whether `path` is the project's own working tree, however it is written."""
        return path.resolve() == self.root.resolve()

    async def _existing(self, branch: str) -> str:
        await self._refuse_invalid(branch)
        commit = await self.tip(branch)
        if commit is not None:
            return commit
        if await self.git.resolve(self.root, f"refs/remotes/origin/{branch}") is not None:
            raise BadRequest(
                f"The branch '{branch}' exists at origin only. "
                f"Create it here first: git branch {branch} origin/{branch}"
            )
        raise BadRequest(f"The branch '{branch}' does not exist. Choose one of the repository's branches.")

    async def _refuse_invalid(self, branch: str) -> None:
        """Refuse what is no name, such as ``main~1``, before it is looked up as a revision."""
        try:
            branch.encode()
            await self.git.command(self.root, ["check-ref-format", f"refs/heads/{branch}"])
        except (UnicodeEncodeError, BadRequest):
            raise BadRequest(f"{branch!r} is no name of a branch.") from None
