"""Reads refs with git itself, for repositories that libgit2 cannot open (SHA-256, reftable)."""

import asyncio
from pathlib import Path

from a_parallel_contracts.hosts import Completed
from a_parallel_plugins.git.commands import Commands, failure
from a_parallel_plugins.git.refs import Head, Move


class GitStore:
    """A repository read by one process for each question. Lives in a worker thread; git runs on the loop's host."""

    def __init__(self, commands: Commands, loop: asyncio.AbstractEventLoop, path: Path) -> None:
        """Check that `path` lies in a repository.

        Raises:
            BadRequest: it does not, with git's text.
        """
        self._commands = commands
        self._loop = loop
        self._path = path
        self._output("rev-parse", "--git-dir")

    def head(self) -> Head:
        """Return where HEAD is."""
        branch = self.symbolic("HEAD")
        return Head(branch.removeprefix("refs/heads/") if branch else None, self.commit("HEAD"))

    def local_branches(self) -> list[str]:
        """Return the short names of local branches, sorted as git does."""
        return self._names("refs/heads/")

    def remote_branches(self) -> list[str]:
        """Return remote-tracking names, sorted."""
        return self._names("refs/remotes/")

    def symbolic(self, ref: str) -> str | None:
        """Return the full name of the ref that the symbolic ref `ref` points at, or None."""
        completed = self._run("symbolic-ref", "--quiet", ref)
        return completed.text if completed.ok else None

    def commit(self, revision: str) -> str | None:
        """Return the hash of the commit that `revision` names, or None."""
        if not revision or revision.startswith(("-", "^")) or "\0" in revision:
            return None
        completed = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        return completed.text if completed.ok else None

    def count(self, tip: str, base: str) -> int:
        """Return how many commits of `tip` are not in `base`."""
        return int(self._output("rev-list", "--count", f"{base}..{tip}", "--"))

    def contains(self, tip: str, ancestor: str) -> bool:
        """Tell whether `tip` is `ancestor` or descends from it."""
        return self._run("merge-base", "--is-ancestor", ancestor, tip).ok

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the hash of the best common ancestor, or None."""
        completed = self._run("merge-base", one, other)
        return completed.text if completed.ok else None

    def moves(self, branch: str) -> list[Move]:
        """Return the reflog of a local branch, newest first; what came before the oldest entry is not told by git."""
        completed = self._run("log", "-g", "--format=%H %gs", f"refs/heads/{branch}", "--")
        entries = [line.partition(" ") for line in completed.text.splitlines()] if completed.ok else []
        olds = [new for new, _, _ in entries[1:]] + ["0"]
        return [Move(old, new, message) for (new, _, message), old in zip(entries, olds, strict=False)]

    def _names(self, prefix: str) -> list[str]:
        lines = self._output("for-each-ref", "--format=%(refname)", prefix).splitlines()
        return [line.removeprefix(prefix) for line in lines]

    def _output(self, *arguments: str) -> str:
        completed = self._run(*arguments)
        if not completed.ok:
            raise failure(completed)
        return completed.text

    def _run(self, *arguments: str) -> Completed:
        return asyncio.run_coroutine_threadsafe(self._commands.run(self._path, arguments), self._loop).result()
