"""Installing and removing skills (``http-features.md`` §2)."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testkit import AnswerError
from a_parallel_plugins.skills.trees import tree_id
from tests.plugins.skills.house import House, skill, write
from tests.support.repository import git

FILES = {
    "skills/one/SKILL.md": skill("one", "first"),
    "skills/one/scripts/run.sh": "#!/bin/sh\n",
    "skills/two/SKILL.md": skill("two", "second"),
    "README.md": "x",
}


async def test_a_skill_of_a_repository_is_stored_linked_and_listed(house: House) -> None:
    house.publish("acme/skills", FILES)
    await house.install("acme/skills@one")
    assert (house.store / "one" / "scripts" / "run.sh").read_text() == "#!/bin/sh\n"
    assert (house.discovered / "one").is_symlink()
    assert (house.discovered / "one").readlink() == Path("../../.agents/skills/one")
    (entry,) = (one for one in await house.show())
    assert entry["installedAt"] == entry["updatedAt"]
    assert {"name": "one", "description": "first", "source": "acme/skills", "scope": "global"}.items() <= entry.items()
    held = house.lock["skills"]["one"]
    assert (held["sourceType"], held["skillPath"]) == ("github", "skills/one/SKILL.md")
    assert entry["sourceUrl"] == held["sourceUrl"] == f"file://{house.remote}/acme/skills.git"
    assert not list(house.store.glob(".*"))


async def test_the_hash_on_the_list_is_gits(house: House) -> None:
    house.publish("acme/skills", FILES)
    tree = house.remote / "work" / "acme" / "skills"
    (tree / "skills" / "one" / "scripts" / "run.sh").chmod(0o755)
    (tree / "skills" / "one" / "a-link").symlink_to("SKILL.md")
    house.publish("acme/skills", {"skills/one/a.b": "x", "skills/one/a/b": "y"})
    await house.install("acme/skills@one")
    assert house.lock["skills"]["one"]["skillFolderHash"] == git(tree, "rev-parse", "HEAD:skills/one")
    assert os.access(house.store / "one" / "scripts" / "run.sh", os.X_OK)


async def test_without_a_name_all_are_installed(house: House) -> None:
    house.publish("acme/skills", FILES)
    await house.install("acme/skills")
    assert sorted(house.lock["skills"]) == ["one", "two"]


async def test_a_git_address_and_a_folder_do_too(house: House, tmp_path: Path) -> None:
    house.publish("acme/skills", FILES)
    await house.install(f"file://{house.remote}/acme/skills.git", skill="two")
    folder = tmp_path / "my-skill"
    write(folder / "SKILL.md", skill(None, "from a folder"))
    write(folder / ".git" / "config", "not taken over")
    await house.install(str(folder))
    assert {name: entry["sourceType"] for name, entry in house.lock["skills"].items()} == {
        "two": "git",
        "my-skill": "local",
    }
    assert [path.name for path in (house.store / "my-skill").iterdir()] == ["SKILL.md"]


async def test_a_newer_version_takes_the_place_of_an_unchanged_one(house: House) -> None:
    house.publish("acme/skills", FILES)
    await house.install("acme/skills@one")
    before = house.lock["skills"]["one"]
    house.publish("acme/skills", {"skills/one/SKILL.md": skill("one", "newer")})
    await house.install("acme/skills@one")
    after = house.lock["skills"]["one"]
    assert [one["description"] for one in await house.show()] == ["newer"]
    assert after["installedAt"] == before["installedAt"]
    assert after["skillFolderHash"] != before["skillFolderHash"]


async def test_what_the_user_has_changed_is_never_replaced(house: House) -> None:
    house.publish("acme/skills", FILES)
    await house.install("acme/skills@one")
    write(house.store / "one" / "notes.md", "my notes")
    house.publish("acme/skills", {"skills/one/SKILL.md": skill("one", "newer")})
    status, text = await house.refused("POST", "/api/skills", json={"identifier": "acme/skills@one"})
    assert (status, "was changed" in text) == (409, True)
    assert (house.store / "one" / "notes.md").read_text() == "my notes"


async def test_a_skill_of_the_users_own_is_not_hidden(house: House) -> None:
    write(house.discovered / "two" / "SKILL.md", skill("two", "mine"))
    house.publish("acme/skills", FILES)
    status, _ = await house.refused("POST", "/api/skills", json={"identifier": "acme/skills"})
    assert status == 409
    assert [one["description"] for one in await house.show()] == ["mine"]
    assert list(house.store.iterdir()) == []


async def test_a_directory_of_skills_that_is_a_link_to_the_store_gets_no_links(house: House) -> None:
    house.store.mkdir(parents=True)
    house.discovered.parent.mkdir()
    house.discovered.symlink_to(house.store)
    house.publish("acme/skills", FILES)
    await house.install("acme/skills@one")
    assert (house.discovered / "one" / "SKILL.md").is_file()
    await house.client.delete("/api/skills/one")
    assert await house.show() == []


async def test_everything_else_on_the_list_stays(house: House) -> None:
    house.write_lock('{"version": 7, "dismissed": {"x": 1}, "skills": {"other": {"source": "é", "more": [1]}}}')
    house.publish("acme/skills", FILES)
    await house.install("acme/skills@one")
    await house.client.delete("/api/skills/one")
    text = (house.home / ".agents" / ".skill-lock.json").read_text()
    assert json.loads(text) == {"version": 7, "dismissed": {"x": 1}, "skills": {"other": {"source": "é", "more": [1]}}}
    assert text.startswith('{\n  "version": 7,')


async def test_a_list_that_cannot_be_understood_is_not_overwritten(house: House) -> None:
    house.write_lock("{broken")
    house.publish("acme/skills", FILES)
    assert (await house.refused("POST", "/api/skills", json={"identifier": "acme/skills@one"}))[0] == 400
    assert (house.home / ".agents" / ".skill-lock.json").read_text() == "{broken"
    assert list(house.home.glob(".agents/skills/*")) == []


async def test_progress_is_told_to_whoever_installs(house: House) -> None:
    house.publish("acme/skills", FILES)
    admin = house.client.acting_as("a1", "admin")
    async with admin.websocket() as mine, house.client.acting_as("u2").websocket() as other:
        await admin.post("/api/skills", json={"identifier": "acme/skills@one"})
        assert (await mine.receive("skills:progress"))["data"]["phase"] == "fetching"
        await mine.receive("skills:progress", phase="fetching", percent=100)
        await mine.receive("skills:progress", phase="copying")
        await mine.receive("skills:progress", phase="done", identifier="acme/skills@one")
        with pytest.raises(AnswerError):
            await admin.post("/api/skills", json={"identifier": "acme/nothing"})
        await mine.receive("skills:progress", phase="failed", identifier="acme/nothing")
        await house.running.settled()
        with pytest.raises(TimeoutError):
            await other.receive("skills:progress", timeout=0.1)


async def test_installations_at_the_same_time_do_not_disturb_each_other(house: House) -> None:
    names = [f"s{number}" for number in range(5)]
    house.publish("acme/many", {f"{name}/SKILL.md": skill(name) for name in names})
    await asyncio.gather(*(house.install(f"acme/many@{name}") for name in names))
    assert sorted(house.lock["skills"]) == names


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("acme/nothing", 'Failed to install skill "acme/nothing": '),
        ("acme/skills@three", "no matching skill; there is one, two"),
        ("/nowhere/at/all", "does not exist"),
    ],
)
async def test_a_failure_says_what_is_wrong(house: House, identifier: str, text: str) -> None:
    house.publish("acme/skills", FILES)
    status, said = await house.refused("POST", "/api/skills", json={"identifier": identifier})
    assert (status, text in said) == (400, True), said


DANGEROUS = [
    "--upload-pack=touch x",
    "-u/x",
    "ext::sh -c touch% x",
    "ext::sh",
    "transport::address",
    "https://user:secret@example.invalid/x.git",
    "https://token@example.invalid/x.git",
    "javascript:alert(1)",
    "https://",
    "ssh://-oProxyCommand=x/y",
    "git@-oProxyCommand=x:y",
    "a/b\nc",
    "a/-b",
    "../x",
    "a",
    "a/b/c",
    " ",
]


async def test_what_git_could_take_for_something_else_is_refused(house: House) -> None:
    for identifier in DANGEROUS:
        assert (await house.refused("POST", "/api/skills", json={"identifier": identifier}))[0] == 400
        assert not (house.home.parent / "data-0" / "skills").exists()


@pytest.mark.parametrize("kind", ["absolute", "outside", "pipe", "large"])
async def test_a_skill_that_reaches_out_of_itself_is_refused(house: House, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "folder" / "bad"
    write(folder / "SKILL.md", skill("bad"))
    if kind == "absolute":
        (folder / "x").symlink_to("/etc/passwd")
    elif kind == "outside":
        (folder / "x").symlink_to("../../home")
    elif kind == "pipe":
        os.mkfifo(folder / "x")
    else:
        write(folder / "x", "x" * 200_000)
    assert (await house.refused("POST", "/api/skills", json={"identifier": str(folder)}))[0] == 400
    assert list(house.store.iterdir()) == []


@pytest.mark.parametrize("name", ["../../escape", "..", "/etc", ".a-parallel-x", "a b"])
async def test_the_name_in_a_skill_leads_nowhere_else(house: House, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "folder" / "good"
    write(folder / "SKILL.md", skill(f'"{name}"'))
    await house.install(str(folder))
    (installed,) = house.store.iterdir()
    assert installed.name in ("good", "escape", "etc", "a-parallel-x", "a-b")
    assert set(house.lock["skills"]) == {installed.name}


async def test_a_skill_is_removed_everywhere(house: House) -> None:
    house.publish("acme/skills", FILES)
    await house.install("acme/skills")
    await house.client.delete("/api/skills/one")
    assert [one["name"] for one in await house.show()] == ["two"]
    assert (
        [path.name for path in house.store.iterdir()] == [path.name for path in house.discovered.iterdir()] == ["two"]
    )


async def test_a_link_goes_and_what_it_leads_to_stays(house: House, tmp_path: Path) -> None:
    write(tmp_path / "precious" / "SKILL.md", skill("x"))
    house.discovered.mkdir(parents=True)
    (house.discovered / "linked").symlink_to(tmp_path / "precious")
    (house.discovered / "dangling").symlink_to("/nowhere")
    for name in ("linked", "dangling"):
        await house.client.delete(f"/api/skills/{name}")
    assert (tmp_path / "precious" / "SKILL.md").is_file()
    assert list(house.discovered.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["..%2F..%2Fprecious", "..", "%2e%2e", ".", "%2Fetc", "unknown", ".git", "notes.md", "a%00b", "plain"]
)
async def test_nothing_but_a_skill_can_be_removed(house: House, name: str) -> None:
    write(house.home / "precious" / "SKILL.md", skill("x"))
    write(house.discovered / ".git" / "config", "x")
    write(house.discovered / "notes.md", "x")
    write(house.discovered / "plain" / "README.md", "x")
    before = tree_id(house.home)
    answer = await house.client.answer("DELETE", f"/api/skills/{name}")
    assert answer.status in (400, 404)
    assert tree_id(house.home) == before


async def test_only_admins_change_what_is_for_everybody(house: House) -> None:
    write(house.discovered / "mine" / "SKILL.md", skill())
    user = house.client.acting_as("u1")
    for method, path in (("POST", "/api/skills"), ("DELETE", "/api/skills/mine")):
        answer = await user.answer(method, path, json={"identifier": "acme/skills"})
        assert answer.status == 403
    assert (house.discovered / "mine").is_dir()


async def test_a_page_that_goes_away_does_not_stop_an_installation(house: House) -> None:
    house.publish("acme/skills", FILES)
    async with house.client.websocket() as page:
        asking = asyncio.ensure_future(house.install("acme/skills@one"))
        await page.receive("skills:progress", phase="fetching")
        asking.cancel()
        await page.receive("skills:progress", phase="done")
    assert (house.store / "one").is_dir()


async def test_a_stopping_server_ends_git(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    body: Any = {"identifier": f"file://{house.remote}/hang.git"}
    program = write(house.home / "bin" / "git", '#!/bin/sh\necho started > "$HOME/started"\nexec sleep 100\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    asking = asyncio.ensure_future(house.client.answer("POST", "/api/skills", json=body))
    async with asyncio.timeout(30):
        while not (house.home / "started").exists():  # noqa: ASYNC110 - a file cannot be awaited
            await asyncio.sleep(0.01)
        await house.running.stop()
    await asyncio.gather(asking, return_exceptions=True)
    assert not list((house.home.parent / "data-0" / "skills").iterdir())
