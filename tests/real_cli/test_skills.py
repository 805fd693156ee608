"""What the real CLI finds on disk is what is listed (``claude-cli.md`` §14)."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from a_parallel_contracts.hosts import Owner
from a_parallel_contracts.projects import PROJECTS
from a_parallel_kernel.testing import KernelFactory, Services
from a_parallel_plugins.claude.arguments import ask_arguments
from a_parallel_plugins.skills import SkillsPlugin
from tests.plugins.skills.house import House, OneProject, skill, write
from tests.real_cli.isolation import IsolatedHost
from tests.support.repository import make_repository

pytestmark = pytest.mark.real_cli

USERS = {
    "plain": skill("plain", "plain text"),
    "renamed": skill("another-name", "has another name"),
    "nameless": skill(None, "named after its folder"),
    "no-front-matter": "# What it does\n\nMore.\n",
    "no-description": "---\nname: no-description\n---\n\n# Does things\n",
    "folded": "---\nname: folded\ndescription: >\n  one\n  two\n---\nx\n",
    "quoted": '---\nname: quoted\ndescription: "use when: asked"\n---\nx\n',
    "colon": "---\nname: colon\ndescription: Use when: asked\n---\nx\n",
    "windows": "---\r\nname: windows\r\ndescription: from there\r\n---\r\nx\r\n",
    "marked": "\ufeff---\nname: marked\ndescription: with a mark\n---\nx\n",
    "listed": "---\nname: listed\ndescription: [a, b]\n---\nThe body\n",
    ".hidden": skill("hidden", "in a hidden folder"),
}


@pytest.fixture
async def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel: KernelFactory) -> House:
    home, remote = tmp_path / "home", tmp_path / "remote"
    remote.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    project = make_repository((tmp_path / "above" / "project").resolve()).path
    services: Services = {PROJECTS: OneProject(project)}
    settings = {"plugins.skills.github": f"file://{remote}"}
    running = await kernel({"skills": SkillsPlugin}, installed=("hosts",), services=services, settings=settings)
    return House(running, home, project, remote)


async def ask(host: IsolatedHost, real_cli: Path, project: Path, *requests: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the CLI's answers to control requests (``claude-cli.md`` §6)."""
    argv = ask_arguments(str(real_cli))
    process = await host.spawn(argv, cwd=project, owner=Owner("agent", "ask"))
    answers: dict[str, dict[str, Any]] = {}
    ids = [uuid4().hex for _ in requests]
    try:
        for id, request in zip(ids, requests, strict=True):
            line = {"type": "control_request", "request_id": id, "request": request}
            await process.write(orjson.dumps(line) + b"\n")
        async for line_ in process.lines():
            message = orjson.loads(line_)
            if message["type"] == "control_response":
                answers[message["response"]["request_id"]] = message["response"]["response"]
            if len(answers) == len(requests):
                break
    finally:
        await process.terminate()
    return [answers[id] for id in ids]


async def test_the_cli_finds_the_same_skills(house: House, host: IsolatedHost, real_cli: Path) -> None:
    for name, text in USERS.items():
        write(house.discovered / name / "SKILL.md", text)
    write(house.discovered / "nested" / "deep" / "SKILL.md", skill("deep"))
    write(house.discovered / "lower" / "skill.md", skill("lower"))
    write(house.discovered / "file.md", skill("file"))
    (house.discovered / "dangling").symlink_to("/nowhere")
    house.publish("acme/skills", {"skills/installed/SKILL.md": skill("installed", "from git")})
    await house.install("acme/skills@installed")
    write(house.store / "unlinked" / "SKILL.md", skill("unlinked"))
    write(house.project / ".claude" / "skills" / "own" / "SKILL.md", skill("own", "of the project"))
    write(house.project.parent / ".claude" / "skills" / "above" / "SKILL.md", skill("above"))
    (answer,) = await ask(host, real_cli, house.project, {"subtype": "initialize"})
    found = {
        (command["name"], command["description"].rsplit(" (", 1)[0], command["description"].rsplit(" (", 1)[1])
        for command in answer["commands"]
        if not command.get("builtin")
    }
    scopes = {"global": "user)", "project": "project)"}
    shown = {(one["name"], one["description"], scopes[one["scope"]]) for one in await house.show()}
    # A skill of the user's own goes by its folder's name here, by which it is removed; the CLI knows it by both.
    aliases = {"another-name": "renamed", "hidden": ".hidden"}
    assert shown == {(aliases.get(name, name), description, scope) for name, description, scope in found}


async def test_the_cli_reads_the_same_memory(house: House, host: IsolatedHost, real_cli: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside.md", "outside")
    write(house.home / ".claude" / "CLAUDE.md", f"mine @{tmp_path}/outside.md")
    write(house.home / ".claude" / "rules" / "deep" / "r.md", "rule")
    write(house.project.parent / "CLAUDE.md", "above")
    write(house.project.parent / "beside.md", "beside")
    write(house.project / "CLAUDE.md", "See @a.md and\n@../beside.md\n`@span.md`\n```\n@fenced.md\n```\n@sp\\ ace.md\n")
    write(house.project / "a.md", "@sub/2.md @CLAUDE.md mail me@b.md")
    write(house.project / "sub" / "2.md", "@../3.md")
    write(house.project / "3.md", "@4.md")
    write(house.project / "4.md", "@5.md")
    for name in ("5.md", "b.md", "span.md", "fenced.md", "sp ace.md"):
        write(house.project / name, name)
    write(house.project / ".claude" / "CLAUDE.md", "dot")
    write(house.project / ".claude" / "rules" / "r.md", "rule")
    write(house.project / ".claude" / "rules" / "some.md", '---\npaths: ["src/**"]\n---\nx')
    write(house.project / "CLAUDE.local.md", "local @limp.md")
    write(house.project / "limp.md", "imported")
    write(house.project / "AGENTS.md", "no memory")
    usage = {"subtype": "get_context_usage", "detail": "summary"}
    _, answer = await ask(host, real_cli, house.project, {"subtype": "initialize"}, usage)
    found = [(file["path"], file["type"].lower()) for file in answer["memoryFiles"]]
    params = {"projectPath": str(house.project)}
    shown = (await house.client.get("/api/skills/memory", params=params))["files"]
    assert [(file["path"], file["scope"]) for file in shown] == found
