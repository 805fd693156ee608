"""Which skills there are (``http-features.md`` §2, ``claude-cli.md`` §14)."""

import json
from pathlib import Path

import pytest

from a_parallel_contracts.frontmatter import read_document
from tests.plugins.skills.house import House, skill, write


async def test_without_any_there_are_none(house: House) -> None:
    assert await house.show() == await house.show("") == []


async def test_those_of_the_project_come_first(house: House) -> None:
    write(house.discovered / "b" / "SKILL.md", skill("by-hand", "mine"))
    write(house.project / ".claude" / "skills" / "a" / "SKILL.md", skill("named", "of the project"))
    write(house.project / ".claude" / "skills" / "no-skill" / "README.md", "x")
    assert await house.show() == [
        {"name": "named", "description": "of the project", "source": "project", "scope": "project"},
        {"name": "b", "description": "mine", "source": "local", "scope": "global"},
    ]


async def test_what_was_installed_is_listed_once_with_what_the_lock_says(house: House) -> None:
    write(house.store / "a" / "SKILL.md", skill("a", "installed"))
    house.discovered.mkdir(parents=True)
    (house.discovered / "a").symlink_to("../../.agents/skills/a")
    dates = {"installedAt": "2026-01-02T03:04:05.678Z", "updatedAt": "2026-02-03T04:05:06.789Z"}
    entry = {"source": "o/r", "sourceType": "github", "sourceUrl": "https://example.invalid/o/r.git", **dates}
    house.write_lock(json.dumps({"version": 3, "skills": {"a": entry, "gone": {"source": "o/r"}}}))
    assert await house.show() == [
        {
            "name": "a",
            "description": "installed",
            "source": "o/r",
            "sourceUrl": "https://example.invalid/o/r.git",
            **dates,
            "scope": "global",
        },
        {"name": "gone", "description": "", "source": "o/r", "scope": "global"},
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"skills": []}', '{"skills": {"a": 3, "../x": {}, "b\\u0000": {}}}'])
async def test_a_corrupt_lock_hides_nothing_else(house: House, text: str) -> None:
    house.write_lock(text)
    write(house.discovered / "b" / "SKILL.md", skill())
    assert "b" in [one["name"] for one in await house.show()]


async def test_skills_of_directories_above_count_up_to_the_top_of_the_repository(house: House, tmp_path: Path) -> None:
    (house.project.parent / ".git").mkdir()
    write(house.project / ".claude" / "skills" / "same" / "SKILL.md", skill("same", "inner"))
    write(house.project.parent / ".claude" / "skills" / "same" / "SKILL.md", skill("same", "outer"))
    write(house.project.parent / ".claude" / "skills" / "up" / "SKILL.md", skill("up"))
    write(tmp_path / ".claude" / "skills" / "above" / "SKILL.md", skill("above"))
    assert [(one["name"], one["description"]) for one in await house.show()] == [("same", "inner"), ("up", "d")]


async def test_a_directory_that_is_no_project_has_no_skills(house: House, tmp_path: Path) -> None:
    write(house.project / ".claude" / "skills" / "a" / "SKILL.md", skill("a"))
    write(tmp_path / "other" / ".claude" / "skills" / "x" / "SKILL.md", skill("x"))
    for path in (str(tmp_path / "other"), str(house.project / ".."), "relative", "/\0", "/"):
        assert await house.show(path) == []
    (tmp_path / "link").symlink_to(house.project)
    assert [one["name"] for one in await house.show(str(tmp_path / "link"))] == ["a"]


async def test_users_see_the_skills_of_their_own_projects(house: House) -> None:
    write(house.project / ".claude" / "skills" / "a" / "SKILL.md", skill("a"))
    params = {"projectPath": str(house.project)}
    assert len((await house.client.acting_as("u1").get("/api/skills", params=params))["skills"]) == 1
    assert (await house.client.acting_as("u2").get("/api/skills", params=params))["skills"] == []


async def test_the_recommended_ones_can_be_told_to_the_installer(house: House) -> None:
    skills = (await house.client.get("/api/skills/recommended"))["skills"]
    assert len(skills) == 8
    assert all(one["identifier"].endswith(f"@{one['name']}") for one in skills)


@pytest.mark.parametrize(
    ("text", "fields", "line"),
    [
        ("---\nname: a\ndescription: b\n---\n# Title\n", {"name": "a", "description": "b"}, "Title"),
        ("---\r\nname: a\r\n---\r\nx\r\n", {"name": "a"}, "x"),
        ("\ufeff---\nname: a\n---\n", {"name": "a"}, ""),
        ("---\ndescription: >\n  one\n  two\nname: 'q: q'\n---\n", {"description": "one two", "name": "q: q"}, ""),
        ("---\ndescription: |\n  one\n  two\n---\n", {"description": "one two"}, ""),
        ('---\nname: "a b"\n---\n', {"name": "a b"}, ""),
        ("---\ndescription: Use when: asked\nname: a\n---\n", {"description": "Use when: asked", "name": "a"}, ""),
        ("---\nname: [open\n---\nx", {"name": "[open"}, "x"),
        ("---\nname: [a, b]\ndescription: c\n---\nx", {"description": "c"}, "x"),
        ("---\nname: 12\n---\n", {"name": "12"}, ""),
        ("---\n---\nx", {}, "x"),
        ("no front matter\n", {}, "no front matter"),
        ("---\nname: a\n", {}, "---"),
        ("text\n---\nname: a\n---\n", {}, "text"),
        ("---\n" + "[" * 50_000 + "\n---\n", {}, ""),
        ("---\na: &a [x]\nb: [*a, *a]\nname: n\n---\n", {"name": "n"}, ""),
    ],
)
def test_front_matter(text: str, fields: dict[str, str], line: str) -> None:
    document = read_document(text)
    assert (dict(document.fields), document.first_line) == (fields, line)
