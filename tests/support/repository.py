"""Real git repositories with bare remotes, made in a directory of the test."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

AUTHOR = "Fixture"
EMAIL = "fixture@example.invalid"
DATE = "2026-01-02T03:04:05Z"

GIT_ENVIRONMENT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": AUTHOR,
    "GIT_AUTHOR_EMAIL": EMAIL,
    "GIT_AUTHOR_DATE": DATE,
    "GIT_COMMITTER_NAME": AUTHOR,
    "GIT_COMMITTER_EMAIL": EMAIL,
    "GIT_COMMITTER_DATE": DATE,
    "LC_ALL": "C",
}
"""Variables that make git independent of the machine: no user settings, a fixed author, fixed dates."""


def git(directory: Path, *arguments: str) -> str:
    """Run git in `directory` and return its standard output, trimmed at the end.

    Raises:
        AssertionError: git failed; the text is git's own.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments],
        cwd=directory,
        env=environment | GIT_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, f"git {' '.join(arguments)} in {directory}: {done.stderr or done.stdout}"
    return done.stdout.rstrip()


@dataclass(frozen=True, slots=True)
class Repository:
    """A working tree with its repository.

    Attributes:
        path: top of the working tree.
        remote: bare repository that is its ``origin``, if it has one.
    """

    path: Path
    remote: Path | None = None

    def git(self, *arguments: str) -> str:
        """Run git in the working tree."""
        return git(self.path, *arguments)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the working tree, making its directories."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def commit(self, message: str, files: Mapping[str, str] | None = None) -> str:
        """Write `files` (name → text), commit everything that changed and return the commit's hash."""
        for name, text in (files or {}).items():
            self.write(name, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def branches(self) -> list[str]:
        """Return the local branches in git's order."""
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines()

    def worktrees(self) -> list[Path]:
        """Return the working trees that git lists, the main one first."""
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        return [Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")]


def make_repository(
    path: Path,
    files: Mapping[str, str] | None = None,
    *,
    branch: str = "main",
    remote: Path | None = None,
    branches: tuple[str, ...] = (),
) -> Repository:
    """Make a repository with one commit.

    Parameters:
        path: top of the working tree; made.
        files: of the first commit; without any (``{}``) the repository has no commit at all.
        branch: checked out.
        remote: bare repository to make and push everything to.
        branches: further branches at the same commit.
    """
    path.mkdir(parents=True)
    git(path, "init", "--quiet", f"--initial-branch={branch}")
    repository = Repository(path, remote)
    if files == {}:
        return repository
    for name, text in (files or {"README.md": "# demo\n"}).items():
        repository.write(name, text)
    repository.commit("Initial commit")
    for other in branches:
        repository.git("branch", other)
    if remote is not None:
        add_remote(repository, remote)
    return repository


def add_remote(repository: Repository, remote: Path) -> None:
    """Make `remote` bare and push the repository's branches to it as ``origin``."""
    remote.mkdir(parents=True)
    git(remote, "init", "--quiet", "--bare", "--initial-branch", repository.git("branch", "--show-current"))
    repository.git("remote", "add", "origin", str(remote))
    repository.git("push", "--quiet", "--set-upstream", "origin", "--all")
