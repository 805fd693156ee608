"""Asks repositories about refs in worker threads: libgit2 first, git itself where libgit2 cannot read."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from a_parallel_plugins.git.commands import Commands, present
from a_parallel_plugins.git.refs import RefStore
from a_parallel_plugins.git.store_git import GitStore

AnswerT = TypeVar("AnswerT")


class Questions:
    """A few threads of its own: a question that waits for a git process must not starve the loop's default threads."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="git-refs")

    async def ask(self, path: Path, question: Callable[[RefStore], AnswerT]) -> AnswerT:
        """Return the answer of `question`, which gets the repository that `path` lies in.

        Raises:
            BadRequest: the directory is gone or no repository.
        """
        loop = asyncio.get_running_loop()

        def answer() -> AnswerT:
            import pygit2  # takes 60 ms, which the start of the server need not wait for

            from a_parallel_plugins.git.store_libgit2 import Libgit2Store

            present(path)
            try:
                return question(Libgit2Store(path))
            except pygit2.GitError:
                return question(GitStore(self._commands, loop, path))

        return await loop.run_in_executor(self._threads, answer)

    def close(self) -> None:
        """Let the threads go; questions that run are finished."""
        self._threads.shutdown(wait=False)
