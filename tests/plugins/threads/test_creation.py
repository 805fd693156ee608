"""Making threads without starting an agent."""

import re
from typing import Any

import pytest

from a_parallel_contracts import BadRequest
from a_parallel_contracts.threads import NewThread, ThreadCreated, ThreadMode
from tests.plugins.threads.conftest import Home, HomeFactory
from tests.plugins.threads.house import House, bad_worktree, project

IDLE = "/api/threads/idle"


async def test_an_idle_thread_is_answered_in_its_creation_form(home: Home) -> None:
    made = await home.client.answer(
        "POST", IDLE, json={"projectId": "p1", "title": "Later", "mode": "local", "prompt": "Do it later"}
    )
    assert made.status == 201
    body = made.json
    assert re.fullmatch(r"[\w-]{21}", body.pop("id"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body.pop("createdAt"))
    assert body == {
        "projectId": "p1",
        "userId": "__local__",
        "title": "Later",
        "mode": "local",
        "permissionMode": "autoEdit",
        "model": "sonnet",
        "status": "idle",
        "stage": "backlog",
        "branch": "main",
        "initialPrompt": "Do it later",
        "cost": 0,
    }


async def test_what_has_no_value_is_absent_in_the_creation_form(home: Home) -> None:
    home.house.branch = None
    body = await home.client.post(IDLE, json={"projectId": "p1", "title": "Later", "mode": "local"})
    assert not body.keys() & {"branch", "baseBranch", "worktreePath", "initialPrompt", "completedAt", "sessionId"}


async def test_the_row_is_there_afterwards_with_its_history(home: Home) -> None:
    made = await home.client.post(IDLE, json={"projectId": "p1", "title": "Later", "mode": "local"})
    shown = await home.client.get(f"/api/threads/{made['id']}")
    assert made.items() <= shown.items()
    assert shown["messages"] == []
    assert (shown["archived"], shown["pinned"], shown["completedAt"]) == (False, False, None)
    assert await home.history(made["id"]) == [(None, "backlog")]
    created = [event for event in await home.settled_events() if isinstance(event, ThreadCreated)]
    assert [event.thread.id for event in created] == [made["id"]]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"title": ""}, "title is required"),
        ({"title": None}, ""),
        ({"title": 5}, ""),
        ({"projectId": ""}, ""),
        ({"projectId": None}, ""),
        ({"mode": "cloud"}, ""),
        ({"baseBranch": None}, ""),
        ({"prompt": None}, ""),
        ({"prompt": ["x"]}, ""),
    ],
)
async def test_a_wrong_body_is_refused_and_changes_nothing(home: Home, change: dict[str, Any], text: str) -> None:
    body = {"projectId": "p1", "title": "Later", "mode": "local", **change}
    answer = await home.client.answer("POST", IDLE, json=body)
    assert answer.status == 400
    assert set(answer.json) == {"error"}
    assert text in answer.json["error"]
    assert await home.client.get("/api/threads") == []


@pytest.mark.parametrize("missing", ["projectId", "title", "mode"])
async def test_what_is_required_may_not_be_missing(home: Home, missing: str) -> None:
    body = {"projectId": "p1", "title": "Later", "mode": "local"}
    del body[missing]
    assert (await home.client.answer("POST", IDLE, json=body)).status == 400


async def test_an_unknown_project_is_not_found(home: Home) -> None:
    answer = await home.client.answer("POST", IDLE, json={"projectId": "nope", "title": "x", "mode": "local"})
    assert (answer.status, answer.json) == (404, {"error": "Project not found"})


async def test_somebody_elses_project_is_as_good_as_unknown(home: Home) -> None:
    bert = home.client.acting_as("bert")
    body = {"title": "x", "mode": "worktree"}
    foreign = await bert.answer("POST", IDLE, json={**body, "projectId": "p3"})
    unknown = await bert.answer("POST", IDLE, json={**body, "projectId": "nope"})
    assert (foreign.status, foreign.body) == (unknown.status, unknown.body) == (404, b'{"error":"Project not found"}')
    assert home.house.calls == []


async def test_a_thread_belongs_to_whoever_made_it(home: Home) -> None:
    made = await home.client.acting_as("anna").post(IDLE, json={"projectId": "p3", "title": "x", "mode": "local"})
    assert made["userId"] == "anna"


async def test_a_long_title_is_cut(home: Home) -> None:
    made = await home.client.post(IDLE, json={"projectId": "p1", "title": "ü" * 500, "mode": "local"})
    assert made["title"] == "ü" * 200


async def test_without_a_title_the_prompt_is_the_title(home: Home) -> None:
    thread = await home.threads.create(NewThread(project_id="p1", prompt="x" * 300, user_id="__local__"))
    assert (thread.title, thread.status, thread.initial_prompt) == ("x" * 200, "pending", None)


async def test_a_worktree_thread_gets_its_branch_and_directory(home: Home) -> None:
    body = {"projectId": "p1", "title": "Later", "mode": "worktree", "baseBranch": " main "}
    made = await home.client.post(IDLE, json=body)
    assert made["worktreePath"] == f"/worktrees/{made['id']}"
    assert made["branch"] == f"p1/{made['id'][:6]}"
    assert made["baseBranch"] == "main"
    assert home.house.calls == ["make worktree of p1 for 'Later' at main"]


async def test_a_blank_base_branch_is_none(home: Home) -> None:
    body = {"projectId": "p1", "title": "Later", "mode": "worktree", "baseBranch": "  "}
    assert "baseBranch" not in await home.client.post(IDLE, json=body)
    assert home.house.calls == ["make worktree of p1 for 'Later' at None"]


async def test_a_local_thread_has_no_base_branch(home: Home) -> None:
    body = {"projectId": "p1", "title": "Later", "mode": "local", "baseBranch": "main"}
    assert "baseBranch" not in await home.client.post(IDLE, json=body)


async def test_a_worktree_that_cannot_be_made_is_told_and_leaves_no_thread(home: Home) -> None:
    home.house.worktree_error = bad_worktree()
    answer = await home.client.answer("POST", IDLE, json={"projectId": "p1", "title": "x", "mode": "worktree"})
    assert answer.status == 400
    assert answer.json == {"error": "Failed to create worktree: fatal: a branch named so exists"}
    assert await home.client.get("/api/threads") == []


async def test_without_the_worktrees_plugin_the_error_names_it(open_home: HomeFactory) -> None:
    home = await open_home(House(projects={"p1": project("p1")}, worktrees=False))
    with pytest.raises(BadRequest, match="plugin worktrees"):
        await home.threads.create(NewThread(project_id="p1", title="x", mode=ThreadMode.WORKTREE, user_id="__local__"))
    local = await home.threads.create(NewThread(project_id="p1", title="x", user_id="__local__"))
    assert local.branch is None


async def test_a_worktree_goes_again_when_its_thread_cannot_be_stored(home: Home) -> None:
    await home.write(lambda tx: tx.execute("DELETE FROM projects WHERE id = 'p1'"))
    answer = await home.client.answer("POST", IDLE, json={"projectId": "p1", "title": "x", "mode": "worktree"})
    assert answer.status == 409
    made, removed = home.house.calls
    assert made.startswith("make worktree")
    assert removed.startswith("remove /worktrees/")


async def test_a_project_that_goes_meanwhile_is_not_found(home: Home) -> None:
    class Vanishing(dict[str, Any]):
        def get(self, key: str, default: Any = None) -> Any:
            return self.pop(key, default)

    await home.write(lambda tx: tx.execute("DELETE FROM projects WHERE id = 'p1'"))
    home.house.projects = Vanishing(home.house.projects)
    answer = await home.client.answer("POST", IDLE, json={"projectId": "p1", "title": "x", "mode": "worktree"})
    assert (answer.status, answer.json) == (404, {"error": "Project not found"})
    assert home.house.calls[-1].startswith("remove /worktrees/")
