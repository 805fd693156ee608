"""Plugins of the real CLI, from a marketplace in a folder (``claude-cli.md`` §16)."""

import json
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts.claude import CLAUDE_CLI
from a_parallel_kernel.testing import KernelFactory, Services
from a_parallel_kernel.testkit import AnswerError, Client
from a_parallel_plugins.claude.cli import ClaudeCliService
from a_parallel_plugins.claude_plugins import ClaudePluginsPlugin
from tests.real_cli.isolation import IsolatedHost

pytestmark = pytest.mark.real_cli


@pytest.fixture
def marketplace(tmp_path: Path) -> Path:
    """A marketplace with one plugin."""
    root = tmp_path / "market"
    plugin = {"name": "hello", "version": "1.0.0", "description": "Says hello", "author": {"name": "Acme"}}
    offer = {"name": "hello", "source": "./plugins/hello", "description": "d", "version": "1.0.0"}
    files: dict[str, Any] = {
        ".claude-plugin/marketplace.json": {"name": "acme", "owner": {"name": "Acme"}, "plugins": [offer]},
        "plugins/hello/.claude-plugin/plugin.json": plugin,
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(json.dumps(content))
    (root / "plugins" / "hello" / "commands").mkdir()
    (root / "plugins" / "hello" / "commands" / "hi.md").write_text("---\ndescription: Say hi\n---\nhi")
    return root


@pytest.fixture
async def client(
    host: IsolatedHost, real_cli: Path, tmp_path: Path, kernel: KernelFactory, monkeypatch: pytest.MonkeyPatch
) -> Client:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    cli = ClaudeCliService(host, str(real_cli))  # type: ignore[arg-type]
    services: Services = {CLAUDE_CLI: cli}
    running = await kernel({"claude_plugins": ClaudePluginsPlugin}, services=services)
    running.expect_running("claude_plugins")
    return running.client


async def test_a_plugin_is_installed_shown_and_removed(client: Client, marketplace: Path) -> None:
    await client.post("/api/claude-plugins", json={"plugin": "hello", "marketplace": str(marketplace)})
    (plugin,) = (await client.get("/api/plugins"))["plugins"]
    expected = {"id": "hello@acme", "name": "hello", "description": "Says hello", "author": "Acme", "scope": "user"}
    assert expected.items() <= plugin.items()
    assert plugin["installedAt"].endswith("Z")
    await client.delete("/api/claude-plugins/hello@acme")
    assert await client.get("/api/plugins") == {"plugins": []}


async def test_a_refusal_is_the_clis(client: Client, marketplace: Path) -> None:
    with pytest.raises(AnswerError) as caught:
        await client.post("/api/claude-plugins", json={"plugin": "nope", "marketplace": str(marketplace)})
    assert caught.value.status == 400
    assert "nope" in str(caught.value.error)
