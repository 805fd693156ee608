"""Plugins of the Claude CLI over HTTP (``http-features.md`` §3)."""

from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import AnswerError, Client
from a_parallel_plugins.claude_plugins import ClaudePluginsPlugin
from tests.plugins.claude_plugins.conftest import NotingCli, make_plugin, write_index

DESCRIBED = {"name": "Hello", "description": "Says hello", "author": {"name": "Acme"}}


async def names(client: Client) -> list[str]:
    return [plugin["name"] for plugin in (await client.get("/api/plugins"))["plugins"]]


async def test_without_an_index_there_are_none(client: Client) -> None:
    assert await client.get("/api/plugins") == {"plugins": []}


async def test_a_plugin_is_shown_with_its_commands_in_order(client: Client, home: Path) -> None:
    commands = {"b.md": "no front matter", "a.md": "---\ndescription: Say hi\n---\nhi", "x.txt": "no command"}
    write_index(home / ".claude", {"hello@acme": [make_plugin(home / "cache", DESCRIBED, commands)]})
    assert await client.get("/api/plugins") == {
        "plugins": [
            {
                "id": "hello@acme",
                "name": "Hello",
                "description": "Says hello",
                "author": "Acme",
                "installed": True,
                "installedAt": "2026-01-02T03:04:05.678Z",
                "lastUpdated": "2026-01-02T03:04:05.678Z",
                "scope": "user",
                "version": "1.0.0",
                "commands": [{"name": "a", "description": "Say hi"}, {"name": "b", "description": ""}],
            }
        ]
    }


@pytest.mark.parametrize("described", [None, "{broken", "[]", {"name": 7}, {"description": "x"}])
async def test_what_does_not_name_itself_is_named_after_its_key(client: Client, home: Path, described: Any) -> None:
    write_index(home / ".claude", {"hello@acme": [make_plugin(home / "cache", described)]})
    assert await names(client) == ["hello"]


async def test_one_malformed_entry_does_not_hide_the_others(client: Client, home: Path) -> None:
    good = make_plugin(home / "cache", DESCRIBED)
    bad: dict[str, Any] = {"a@x": [], "b@x": None, "c@x": [{"installPath": 3}], "d@x": ["text"], "e@x": [{}]}
    write_index(home / ".claude", {**bad, "hello@acme": [good]})
    assert await names(client) == ["Hello"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"plugins": []}', '{"plugins": 3}', "[" * 100_000])
async def test_a_corrupt_index_is_an_empty_one(client: Client, home: Path, text: str) -> None:
    write_index(home / ".claude", {})
    (home / ".claude" / "plugins" / "installed_plugins.json").write_text(text)
    assert await names(client) == []


async def test_dates_that_are_not_there_are_left_out(client: Client, home: Path) -> None:
    entry = make_plugin(home / "cache", DESCRIBED)
    write_index(home / ".claude", {"hello@acme": [{"installPath": entry["installPath"]}]})
    plugin = (await client.get("/api/plugins"))["plugins"][0]
    assert {"installedAt", "lastUpdated", "scope", "version"} & plugin.keys() == set()


async def test_a_link_out_of_the_plugin_is_no_command(client: Client, home: Path) -> None:
    (home / "secret.md").write_text("---\ndescription: secret\n---\n")
    write_index(home / ".claude", {"hello@acme": [make_plugin(home / "cache", DESCRIBED, {"a.md": "x"})]})
    (home / "cache" / "commands" / "b.md").symlink_to(home / "secret.md")
    assert [command["name"] for command in (await client.get("/api/plugins"))["plugins"][0]["commands"]] == ["a"]


async def test_the_configuration_directory_of_the_cli_is_followed(
    client: Client, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "elsewhere"))
    write_index(home / "elsewhere", {"hello@acme": [make_plugin(home / "cache", DESCRIBED)]})
    assert await names(client) == ["Hello"]


async def test_installing_calls_the_cli(client: Client, cli: NotingCli) -> None:
    await client.post("/api/claude-plugins", json={"plugin": "hello@acme"})
    await client.post("/api/claude-plugins", json={"plugin": "hello", "marketplace": "acme/plugins"})
    assert cli.calls == [
        ("plugin", "install", "--scope=user", "hello@acme"),
        ("plugin", "install", "--scope=user", "--marketplace=acme/plugins", "hello"),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"plugin": "--help"},
        {"plugin": "a b"},
        {"plugin": "../x"},
        {"plugin": ""},
        {"plugin": "a", "marketplace": "--config=x"},
        {"plugin": "a", "marketplace": "ext::sh -c id"},
        {"plugin": "a", "marketplace": "x\ny"},
        {"plugin": "a", "marketplace": None},
        {"plugin": "a@b", "marketplace": "acme/plugins"},
    ],
)
async def test_what_could_be_an_option_never_reaches_the_cli(client: Client, cli: NotingCli, body: Any) -> None:
    with pytest.raises(AnswerError) as caught:
        await client.post("/api/claude-plugins", json=body)
    assert (caught.value.status, cli.calls) == (400, [])


async def test_the_text_of_the_cli_is_passed_on(client: Client, cli: NotingCli) -> None:
    cli.status, cli.stderr = 1, '✘ Plugin "x" not found'.encode()
    with pytest.raises(AnswerError) as caught:
        await client.post("/api/claude-plugins", json={"plugin": "x@acme"})
    assert (caught.value.status, caught.value.error) == (400, 'Plugin "x" not found')


async def test_only_what_is_installed_is_removed(client: Client, cli: NotingCli, home: Path) -> None:
    write_index(home / ".claude", {"hello@acme": [make_plugin(home / "cache", DESCRIBED)]})
    await client.delete("/api/claude-plugins/hello@acme")
    with pytest.raises(AnswerError) as caught:
        await client.delete("/api/claude-plugins/--prune")
    assert caught.value.status == 404
    assert cli.calls == [("plugin", "uninstall", "--scope=user", "hello@acme")]


async def test_others_than_admins_may_only_look(client: Client, cli: NotingCli) -> None:
    user = client.acting_as("u1")
    assert await user.get("/api/plugins") == {"plugins": []}
    for method, path in (("POST", "/api/claude-plugins"), ("DELETE", "/api/claude-plugins/hello@acme")):
        with pytest.raises(AnswerError) as caught:
            await user.call(method, path, json={"plugin": "hello@acme"})
        assert caught.value.status == 403
    assert cli.calls == []


async def test_without_the_claude_plugin_the_list_is_there_and_changes_say_why_not(
    home: Path, kernel: KernelFactory
) -> None:
    client = (await kernel({"claude_plugins": ClaudePluginsPlugin})).client
    assert await client.get("/api/plugins") == {"plugins": []}
    with pytest.raises(AnswerError) as caught:
        await client.post("/api/claude-plugins", json={"plugin": "hello@acme"})
    assert caught.value.status == 424


async def test_a_plugin_of_a_project_is_for_the_cli_there_to_remove(client: Client, cli: NotingCli, home: Path) -> None:
    entry = make_plugin(home / "cache", DESCRIBED) | {"scope": "project"}
    write_index(home / ".claude", {"hello@acme": [entry]})
    with pytest.raises(AnswerError) as caught:
        await client.delete("/api/claude-plugins/hello@acme")
    assert (caught.value.status, cli.calls) == (400, [])
    assert "claude plugin uninstall --scope=project hello@acme" in str(caught.value.error)
