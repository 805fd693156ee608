"""The Claude CLI as a tool: its subcommands that keep its own configuration (``claude-cli.md`` §15, §16)."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from a_parallel_contracts.hosts import Completed
from a_parallel_contracts.services import ServiceKey


def user_home() -> Path:
    """Return the home directory in which the CLI looks, as the environment says now."""
    return Path(os.environ.get("HOME") or Path.home())


def config_directory() -> Path:
    """Return where the CLI keeps settings, skills and plugins of the user (``claude-cli.md`` §2).

    Like the CLI it follows ``CLAUDE_CONFIG_DIR``, and otherwise it is ``~/.claude``.
    """
    chosen = os.environ.get("CLAUDE_CONFIG_DIR")
    return Path(chosen) if chosen else user_home() / ".claude"


def config_file() -> Path:
    """Return the CLI's ``.claude.json``, which moves into ``CLAUDE_CONFIG_DIR`` (``claude-cli.md`` §2)."""
    chosen = os.environ.get("CLAUDE_CONFIG_DIR")
    return (Path(chosen) if chosen else user_home()) / ".claude.json"


class ClaudeCli(Protocol):
    """Finds the CLI and runs subcommands of it."""

    async def path(self) -> Path:
        """Return where the CLI is.

        Raises:
            FailedDependency: there is none, or it does not work; the body is that of ``http-core.md`` §6.2.
        """
        ...

    async def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path | str,
        timeout: float = 30.0,
        stdin: bytes | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Completed:
        """Run the CLI with `arguments` to its end; neither they nor what it reads are logged.

        Parameters:
            arguments: what follows the program's name.
            cwd: directory to run in.
            timeout: seconds after which it and its process group are killed.
            stdin: what it reads; end of file at once without it.
            env: changes to the server's environment, as for `Host.run`.

        Raises:
            FailedDependency: there is no CLI that works, the directory is gone, or the time is over.
        """
        ...


CLAUDE_CLI = ServiceKey[ClaudeCli]("claude_cli")
