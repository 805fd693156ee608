"""Projects over HTTP (``http-core.md`` §5)."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import Conflict, Manifest, Plugin, PluginContext, hookimpl
from a_parallel_contracts.projects import (
    PROJECTS,
    Project,
    ProjectCreated,
    ProjectDeleted,
    ProjectHooks,
    ProjectUpdated,
)
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import AnswerError, Client
from tests.support.repository import make_repository

BASE = {"userId": "__local__", "color": None}


async def refused(client: Client, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """Return status and text of an answer that must be an error."""
    with pytest.raises(AnswerError) as caught:
        await client.call(method, path, json=body)
    return caught.value.status, str(caught.value.error)


async def add(client: Client, path: Path, name: str | None = None) -> dict[str, Any]:
    """Register a repository that is made unless it is there."""
    if not path.exists():
        make_repository(path)
    made: dict[str, Any] = await client.post("/api/projects", json={"name": name or path.name, "path": str(path)})
    return made


async def test_a_project_is_registered_and_listed(client: Client, work: Path) -> None:
    assert await client.get("/api/projects") == []
    made = await add(client, work / "demo")
    assert "color" not in made
    assert (made["name"], made["path"], made["sortOrder"]) == ("demo", str(work / "demo"), 0)
    assert await client.get("/api/projects") == [{**made, **BASE}]


async def test_the_answer_is_created(client: Client, work: Path) -> None:
    make_repository(work / "demo")
    answer = await client.answer("POST", "/api/projects", json={"name": "demo", "path": str(work / "demo")})
    assert answer.status == 201


@pytest.mark.parametrize("path", ["nowhere", "plain", "file", "bare.git", "demo/.git"])
async def test_what_is_no_work_tree_is_refused(client: Client, work: Path, path: str) -> None:
    make_repository(work / "demo", remote=work / "bare.git")
    (work / "plain").mkdir()
    (work / "file").write_text("x")
    status, text = await refused(client, "POST", "/api/projects", {"name": "x", "path": str(work / path)})
    assert status == 400
    assert "Not a git repository" in text


@pytest.mark.parametrize("path", ["demo", "~/demo", "./demo", "\0", "/a\0b", "/\ud800"])
async def test_odd_paths_are_refused(client: Client, path: str) -> None:
    status, _ = await refused(client, "POST", "/api/projects", {"name": "x", "path": path})
    assert status == 400


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        "x",
        None,
        {"name": "x"},
        {"path": "/x"},
        {"name": "", "path": "/x"},
        {"name": "x", "path": ""},
        {"name": 5},
    ],
)
async def test_bad_bodies_are_refused(client: Client, body: Any) -> None:
    assert (await refused(client, "POST", "/api/projects", body))[0] == 400
    assert await client.get("/api/projects") == []


async def test_one_directory_is_registered_once_however_it_is_written(client: Client, work: Path) -> None:
    await add(client, work / "demo")
    (work / "link").symlink_to(work / "demo")
    make_repository(work / "second")
    for path in ("demo", "demo/", "second/../demo", "link", "./demo/."):
        status, text = await refused(client, "POST", "/api/projects", {"name": "x", "path": f"{work}/{path}"})
        assert (status, "already exists" in text) == (409, True)


async def test_a_link_is_stored_as_given_and_its_target_is_taken_then(client: Client, work: Path) -> None:
    make_repository(work / "demo")
    (work / "link").symlink_to(work / "demo")
    assert (await add(client, work / "link"))["path"] == str(work / "link")
    assert (await refused(client, "POST", "/api/projects", {"name": "x", "path": str(work / "demo")}))[0] == 409


async def test_the_path_is_normalised(client: Client, work: Path) -> None:
    make_repository(work / "demo")
    made = await client.post("/api/projects", json={"name": "x", "path": f"//{work}/./demo//"})
    assert made["path"] == str(work / "demo")


async def test_names_are_unique_and_stored_as_given(client: Client, work: Path) -> None:
    await add(client, work / "one", "Ünï ✓ ")
    make_repository(work / "two")
    assert (await refused(client, "POST", "/api/projects", {"name": "Ünï ✓ ", "path": str(work / "two")}))[0] == 409
    assert (await add(client, work / "two", "ünï ✓ "))["name"] == "ünï ✓ "


async def test_simultaneous_requests_register_a_directory_once(client: Client, work: Path) -> None:
    make_repository(work / "demo")
    bodies = [{"name": f"n{number}", "path": str(work / "demo")} for number in range(8)]
    answers = await asyncio.gather(*(client.answer("POST", "/api/projects", json=body) for body in bodies))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert len(await client.get("/api/projects")) == 1


async def test_a_new_project_goes_to_the_end_after_deletions(client: Client, work: Path) -> None:
    first = await add(client, work / "a")
    await add(client, work / "b")
    await client.delete(f"/api/projects/{first['id']}")
    assert (await add(client, work / "c"))["sortOrder"] == 2


async def test_name_and_colour_change(client: Client, work: Path) -> None:
    made = await add(client, work / "demo")
    path = f"/api/projects/{made['id']}"
    assert (await client.patch(path, json={"color": "#A1b2C3"}))["color"] == "#A1b2C3"
    renamed = await client.patch(path, json={"name": "other", "path": "/etc", "sortOrder": 7})
    assert renamed == {**made, "name": "other", "color": "#A1b2C3"}
    assert (await client.patch(path, json={"color": None}))["color"] is None
    assert await client.patch(path, json={}) == {**renamed, "color": None}


@pytest.mark.parametrize("body", [{"name": ""}, {"name": None}, {"name": 1}, {"color": "red"}, {"color": "#abc"}, []])
async def test_bad_changes_are_refused(client: Client, work: Path, body: Any) -> None:
    made = await add(client, work / "demo")
    assert (await refused(client, "PATCH", f"/api/projects/{made['id']}", body))[0] == 400


async def test_another_project_keeps_its_name(client: Client, work: Path) -> None:
    made = await add(client, work / "one")
    await add(client, work / "two")
    assert (await refused(client, "PATCH", f"/api/projects/{made['id']}", {"name": "two"}))[0] == 409
    assert (await client.patch(f"/api/projects/{made['id']}", json={"name": "one"}))["name"] == "one"


async def test_unknown_projects(client: Client) -> None:
    assert await refused(client, "PATCH", "/api/projects/nope", {"name": "x"}) == (404, "Project not found")
    assert await refused(client, "GET", "/api/projects/nope/branches") == (404, "Project not found")
    assert await client.delete("/api/projects/nope") == {"ok": True}


async def test_the_order_changes_and_unknown_ids_keep_their_place(client: Client, work: Path) -> None:
    made = {name: (await add(client, work / name))["id"] for name in ("a", "b", "c")}
    order = [made["c"], "nope", made["a"]]
    assert await client.put("/api/projects/reorder", json={"projectIds": order}) == {"ok": True}
    listed = [(project["name"], project["sortOrder"]) for project in await client.get("/api/projects")]
    assert listed == [("c", 0), ("b", 1), ("a", 2)]


@pytest.mark.parametrize("ids", [[], [""], "x", [1], None])
async def test_bad_orders_are_refused(client: Client, ids: Any) -> None:
    assert (await refused(client, "PUT", "/api/projects/reorder", {"projectIds": ids}))[0] == 400


async def test_branches(client: Client, work: Path) -> None:
    repository = make_repository(work / "demo", branches=("develop", "feature/one"))
    made = await add(client, work / "demo")
    path = f"/api/projects/{made['id']}/branches"
    expected = {"branches": ["develop", "feature/one", "main"], "defaultBranch": "main", "currentBranch": "main"}
    assert await client.get(path) == expected
    repository.git("checkout", "--quiet", "--detach")
    assert await client.get(path) == {**expected, "currentBranch": "HEAD"}


async def test_branches_before_the_first_commit(client: Client, work: Path) -> None:
    make_repository(work / "empty", {})
    made = await add(client, work / "empty")
    found = await client.get(f"/api/projects/{made['id']}/branches")
    assert found == {"branches": [], "defaultBranch": None, "currentBranch": "main"}


async def test_branches_of_a_directory_that_is_gone(client: Client, work: Path) -> None:
    made = await add(client, work / "demo")
    (work / "demo").rename(work / "moved")
    status, text = await refused(client, "GET", f"/api/projects/{made['id']}/branches")
    assert (status, str(work / "demo") in text) == (400, True)


async def test_other_peoples_projects_are_not_there(client: Client, work: Path) -> None:
    anna, ben = client.acting_as("anna"), client.acting_as("ben")
    made = await add(anna, work / "demo")
    assert made["userId"] == "anna"
    assert await ben.get("/api/projects") == []
    assert await refused(ben, "PATCH", f"/api/projects/{made['id']}", {"name": "x"}) == (404, "Project not found")
    await ben.delete(f"/api/projects/{made['id']}")
    await ben.put("/api/projects/reorder", json={"projectIds": ["x", made["id"]]})
    assert await anna.get("/api/projects") == [{**made, "color": None}]
    assert (await add(ben, work / "demo"))["sortOrder"] == 0  # names and paths are each person's own


class Neighbour(Plugin, ProjectHooks):
    """Listens, and objects if told to."""

    manifest = Manifest(api="1.0", requires=(PROJECTS,))
    heard: list[Any]
    objects: bool

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        type(self).heard, type(self).objects = [], False
        for event in (ProjectCreated, ProjectUpdated, ProjectDeleted):
            ctx.on(event, self.hear)
        yield

    async def hear(self, event: Any) -> None:
        self.heard.append(type(event).__name__)

    @hookimpl
    async def quiesce_project(self, ctx: PluginContext, project: Project) -> None:
        self.heard.append(f"quiesce {project.name}")
        if self.objects:
            raise Conflict("An agent is at work.")

    @hookimpl
    async def release_project(self, ctx: PluginContext, project: Project) -> None:
        self.heard.append(f"release {project.name}")


async def test_others_are_asked_and_told(kernel: KernelFactory, work: Path) -> None:
    running = await kernel({"neighbour": Neighbour}, installed=("hosts", "git", "projects"))
    client = running.client
    made = await add(client, work / "demo")
    await client.patch(f"/api/projects/{made['id']}", json={"name": "demo"})
    await client.patch(f"/api/projects/{made['id']}", json={"name": "other"})
    await running.settled()
    assert Neighbour.heard == ["ProjectCreated", "ProjectUpdated"]
    Neighbour.objects = True
    assert await refused(client, "DELETE", f"/api/projects/{made['id']}") == (409, "An agent is at work.")
    assert len(await client.get("/api/projects")) == 1
    Neighbour.objects, Neighbour.heard[:] = False, []
    assert await client.delete(f"/api/projects/{made['id']}") == {"ok": True}
    await running.settled()
    assert Neighbour.heard == ["quiesce other", "release other", "ProjectDeleted"]
    assert await client.get("/api/projects") == []
    assert (work / "demo" / "README.md").exists()


async def test_a_repository_of_somebody_else_is_not_called_no_repository(
    client: Client, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_repository(work / "demo")
    monkeypatch.setitem(os.environ, "GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    status, text = await refused(client, "POST", "/api/projects", {"name": "x", "path": str(work / "demo")})
    assert (status, "dubious ownership" in text, "Not a git" in text) == (400, True, False)
