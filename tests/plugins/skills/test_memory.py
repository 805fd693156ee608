"""Which CLAUDE.md files are in force."""

from pathlib import Path
from typing import Any

from a_parallel_kernel.testkit import Client
from tests.plugins.skills.house import House, write


async def memory(house: House, client: Client | None = None) -> list[dict[str, Any]]:
    params = {"projectPath": str(house.project)}
    files: list[dict[str, Any]] = (await (client or house.client).get("/api/skills/memory", params=params))["files"]
    return files


async def paths(house: House, client: Client | None = None) -> list[str]:
    top = house.home.parent
    return [str(Path(file["path"]).relative_to(top)) for file in await memory(house, client)]


async def test_the_users_come_first_then_from_the_outside_in(house: House) -> None:
    write(house.home / ".claude" / "CLAUDE.md", "mine")
    write(house.home / ".claude" / "rules" / "deep" / "r.md", "rule")
    write(house.project.parent / "CLAUDE.md", "above")
    write(house.project / "CLAUDE.md", "project")
    write(house.project / ".claude" / "CLAUDE.md", "dot")
    write(house.project / ".claude" / "rules" / "r.md", "---\npaths: []\n---\nrule")
    write(house.project / ".claude" / "rules" / "some.md", '---\npaths: ["src/**"]\n---\nonly for some files')
    write(house.project / ".claude" / "rules" / "list.md", "---\npaths:\n  - src/**\n---\nonly for some files")
    write(house.project / "CLAUDE.local.md", "local")
    write(house.project / "below" / "CLAUDE.md", "below")
    files = await memory(house)
    assert [(file["scope"], file["content"]) for file in files if "rule" not in file["content"]] == [
        ("user", "mine"),
        ("project", "above"),
        ("project", "project"),
        ("project", "dot"),
        ("local", "local"),
    ]
    assert [path for path in await paths(house) if "rules" in path] == [
        "home/.claude/rules/deep/r.md",
        "work/project/.claude/rules/r.md",
    ]


async def test_imports_are_followed_within_the_project(house: House, tmp_path: Path) -> None:
    write(tmp_path / "outside.md", "outside")
    write(
        house.project / "CLAUDE.md",
        f"See @a.md\n@{tmp_path}/outside.md\n`@span.md`\n```\n@fenced.md\n```\n@sp\\ ace.md",
    )
    for name in ("span.md", "fenced.md", "sp ace.md", "4.md", "5.md"):
        write(house.project / name, name)
    write(house.project / "a.md", "@sub/2.md @CLAUDE.md mail me@b.md")
    write(house.project / "b.md", "not imported")
    write(house.project / "sub" / "2.md", "@../3.md")
    write(house.project / "3.md", "@4.md")
    write(house.project / "4.md", "@5.md is one too deep")
    expected = ["CLAUDE.md", "a.md", "sub/2.md", "3.md", "4.md", "sp ace.md"]
    assert await paths(house) == [f"work/project/{name}" for name in expected]


async def test_what_is_no_text_is_no_memory(house: House) -> None:
    write(house.project / "CLAUDE.md", "@x.bin")
    (house.project / "x.bin").write_bytes(b"\0\1")
    write(house.project / "CLAUDE.local.md", "")
    (house.project / ".claude" / "CLAUDE.md").mkdir(parents=True)
    assert await paths(house) == ["work/project/CLAUDE.md"]


async def test_a_long_file_is_cut(house: House) -> None:
    write(house.project / "CLAUDE.md", "x" * 100_000)
    (file,) = await memory(house)
    assert (len(file["content"]), file["truncated"]) == (64 * 1024, True)


async def test_users_see_nothing_but_their_project(house: House, tmp_path: Path) -> None:
    write(house.home / ".claude" / "CLAUDE.md", "mine")
    write(house.project.parent / "CLAUDE.md", "above")
    write(house.project / "CLAUDE.md", "@link.md")
    write(tmp_path / "secret.md", "secret")
    (house.project / "link.md").symlink_to(tmp_path / "secret.md")
    (house.project / "CLAUDE.local.md").symlink_to(house.home / ".claude" / "CLAUDE.md")
    assert await paths(house, house.client.acting_as("u1")) == ["work/project/CLAUDE.md"]
    assert await paths(house, house.client.acting_as("u2")) == []
