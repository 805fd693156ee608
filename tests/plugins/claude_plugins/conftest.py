"""A kernel with the plugin, a private home directory, and a CLI that notes what it is asked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_contracts.hosts import Completed
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client
from a_parallel_plugins.claude_plugins import ClaudePluginsPlugin


@dataclass
class NotingCli:
    """Answers every command in the same way."""

    status: int = 0
    stderr: bytes = b""
    calls: list[tuple[str, ...]] = field(default_factory=list)

    async def path(self) -> Path:
        return Path("/nowhere/claude")

    async def run(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path | str,
        timeout: float = 30.0,
        stdin: bytes | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> Completed:
        self.calls.append(tuple(arguments))
        return Completed(("claude",), self.status, b"", self.stderr)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    directory = tmp_path / "home"
    directory.mkdir()
    monkeypatch.setenv("HOME", str(directory))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    return directory


@pytest.fixture
def cli() -> NotingCli:
    return NotingCli()


@pytest.fixture
async def client(home: Path, cli: NotingCli, kernel: KernelFactory) -> Client:
    running = await kernel({"claude_plugins": ClaudePluginsPlugin}, services={CLAUDE_CLI: cli})
    running.expect_running("claude_plugins")
    return running.client


def write_index(config: Path, plugins: Any) -> None:
    """Write the CLI's index below its configuration directory."""
    file = config / "plugins" / "installed_plugins.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"version": 2, "plugins": plugins}))


def make_plugin(root: Path, described: Any = None, commands: Mapping[str, str] | None = None) -> dict[str, str]:
    """Make a plugin's directory and return its entry in the index."""
    (root / ".claude-plugin").mkdir(parents=True)
    if described is not None:
        text = described if isinstance(described, str) else json.dumps(described)
        (root / ".claude-plugin" / "plugin.json").write_text(text)
    for name, text in (commands or {}).items():
        (root / "commands").mkdir(exist_ok=True)
        (root / "commands" / name).write_text(text)
    moment = "2026-01-02T03:04:05.678Z"
    entry = {"scope": "user", "installPath": str(root), "version": "1.0.0"}
    return {**entry, "installedAt": moment, "lastUpdated": moment}
