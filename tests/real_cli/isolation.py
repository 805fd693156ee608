"""Keeps the real CLI away from the account, the network and the settings of whoever runs the tests."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from a_parallel_contracts.hosts import Completed, Owner, Process
from a_parallel_plugins.hosts.local import LocalHost

Changes = Mapping[str, str | None] | None


def isolated_environment(home: Path, url: str) -> dict[str, str]:
    """Return the whole environment of a CLI that lives in `home` and talks to `url` alone (``claude-cli.md`` §19)."""
    scratch = home / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "CLAUDE_CODE_TMPDIR": str(scratch),
        "ANTHROPIC_API_KEY": "sk-ant-stand-in",
        "ANTHROPIC_BASE_URL": url,
        "CLAUDE_CODE_MAX_RETRIES": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_TELEMETRY": "1",
        "DISABLE_AUTOUPDATER": "1",
    }


class IsolatedHost:
    """A host whose children see `environment` and what they are given, and nothing else.

    Parameters:
        host: starts them.
        root: the home directory must be below it.
        environment: all of it.
    """

    def __init__(self, host: LocalHost, root: Path, environment: Mapping[str, str]) -> None:
        self._host = host
        self._root = root
        self.environment = dict(environment)

    async def run(self, argv: Sequence[str], *, cwd: Path | str, env: Changes = None, **options: Any) -> Completed:
        """Run a command to its end."""
        return await self._host.run(argv, cwd=cwd, env=self._isolated(env), **options)

    async def spawn(
        self, argv: Sequence[str], *, cwd: Path | str, owner: Owner, env: Changes = None, **options: Any
    ) -> Process:
        """Start a long-lived child."""
        return await self._host.spawn(argv, cwd=cwd, owner=owner, env=self._isolated(env), **options)

    async def which(self, program: str) -> Path | None:
        """Return where `program` is."""
        return await self._host.which(program)

    def _isolated(self, env: Changes) -> dict[str, str | None]:
        whole: dict[str, str | None] = {"*": None, **self.environment, **(env or {})}
        home, url = Path(whole["HOME"] or "/"), whole["ANTHROPIC_BASE_URL"] or ""
        if not home.is_relative_to(self._root) or not url.startswith("http://127.0.0.1:"):
            raise RuntimeError("the CLI must not be started outside of its own directory or towards the network")
        return whole
