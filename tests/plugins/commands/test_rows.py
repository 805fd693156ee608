"""Stored commands over HTTP (``http-core.md`` §5.7, §5.8)."""

from typing import Any

import pytest

from tests.plugins.commands.conftest import Shop
from tests.support.repository import make_repository


async def test_commands_are_stored_and_listed_in_order(shop: Shop) -> None:
    assert await shop.client.get(shop.base) == []
    answer = await shop.client.answer("POST", shop.base, json={"label": "Dev", "command": "npm run dev"})
    assert answer.status == 201
    made = answer.json
    created = made.pop("createdAt")
    assert made == {
        "id": made["id"],
        "projectId": shop.project["id"],
        "label": "Dev",
        "command": "npm run dev",
        "port": None,
        "portEnvVar": None,
        "sortOrder": 0,
    }
    second = await shop.add("make", "Make")
    assert await shop.client.get(shop.base) == [
        {**made, "createdAt": created},
        {**made, "id": second, "label": "Make", "command": "make", "sortOrder": 1}
        | {"createdAt": (await shop.client.get(shop.base))[1]["createdAt"]},
    ]


async def test_places_are_not_given_twice(shop: Shop) -> None:
    first, second = await shop.add("1"), await shop.add("2")
    await shop.client.delete(f"{shop.base}/{first}")
    third = await shop.add("3")
    assert [(one["id"], one["sortOrder"]) for one in await shop.client.get(shop.base)] == [(second, 1), (third, 2)]


async def test_label_and_command_are_replaced(shop: Shop) -> None:
    id = await shop.add("one")
    assert await shop.client.put(f"{shop.base}/{id}", json={"label": "Two", "command": "two"}) == {"ok": True}
    shown = (await shop.client.get(shop.base))[0]
    assert (shown["label"], shown["command"], shown["sortOrder"]) == ("Two", "two", 0)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"command": "x"}, "label is required"),
        ({"label": "", "command": "x"}, "label is required"),
        ({"label": "x"}, "command is required"),
        ({"label": "x", "command": ""}, "command is required"),
        ({"label": "x", "command": 5}, "command: expected string, received number"),
    ],
)
async def test_bad_bodies_are_refused(shop: Shop, body: Any, text: str) -> None:
    id = await shop.add("one")
    for method, path in (("POST", shop.base), ("PUT", f"{shop.base}/{id}")):
        answer = await shop.client.answer(method, path, json=body)
        assert (answer.status, answer.json) == (400, {"error": text})
    assert [one["command"] for one in await shop.client.get(shop.base)] == ["one"]


async def test_unknown_projects_and_commands(shop: Shop) -> None:
    text = {"label": "x", "command": "x"}
    nowhere = "/api/projects/nowhere/commands"
    expected: list[tuple[str, str, Any, int, Any]] = [
        ("GET", nowhere, None, 200, []),
        ("POST", nowhere, text, 404, {"error": "Project not found"}),
        ("PUT", f"{nowhere}/x", text, 404, {"error": "Project not found"}),
        ("DELETE", f"{nowhere}/x", None, 200, {"ok": True}),
        ("POST", f"{nowhere}/x/start", None, 404, {"error": "Project not found"}),
        ("POST", f"{nowhere}/x/stop", None, 200, {"ok": True}),
        ("GET", f"{nowhere}/x/status", None, 200, {"running": False}),
        ("PUT", f"{shop.base}/x", text, 404, {"error": "Command not found"}),
        ("DELETE", f"{shop.base}/x", None, 200, {"ok": True}),
        ("POST", f"{shop.base}/x/start", None, 404, {"error": "Command not found"}),
        ("POST", f"{shop.base}/x/stop", None, 200, {"ok": True}),
        ("GET", f"{shop.base}/x/status", None, 200, {"running": False}),
    ]
    for method, path, body, status, answer in expected:
        got = await shop.client.answer(method, path, json=body)
        assert (method, path, got.status, got.json) == (method, path, status, answer)


async def test_another_users_project_answers_like_an_unknown_one(shop: Shop) -> None:
    id = await shop.begin("echo up; sleep 60")
    await shop.output(id, "up")
    anna = shop.client.acting_as("anna")
    text = {"label": "x", "command": "x"}
    for method, path, body in (
        ("GET", "", None),
        ("POST", "", text),
        ("PUT", f"/{id}", text),
        ("DELETE", f"/{id}", None),
        ("POST", f"/{id}/start", None),
        ("POST", f"/{id}/stop", None),
        ("GET", f"/{id}/status", None),
    ):
        foreign = await anna.answer(method, f"{shop.base}{path}", json=body)
        unknown = await anna.answer(method, f"/api/projects/nowhere/commands{path}", json=body)
        assert (foreign.status, foreign.body) == (unknown.status, unknown.body)
    assert await shop.client.get(f"{shop.base}/{id}/status") == {"running": True}


async def test_a_command_belongs_to_one_project(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("work") / "other"
    make_repository(other)
    project = await shop.client.post("/api/projects", json={"name": "other", "path": str(other)})
    id = await shop.begin("echo up; sleep 60")
    await shop.output(id, "up")
    base = f"/api/projects/{project['id']}/commands/{id}"
    assert (await shop.client.answer("POST", f"{base}/start")).status == 404
    assert await shop.client.get(f"{base}/status") == {"running": False}
    await shop.client.post(f"{base}/stop")
    await shop.client.delete(base)
    assert await shop.client.get(f"{shop.base}/{id}/status") == {"running": True}
    assert len(await shop.client.get(shop.base)) == 1


async def test_old_rows_are_shown_with_their_port(shop: Shop) -> None:
    id = await shop.add("x")
    sql = "UPDATE startup_commands SET port = 3000, port_env_var = 'PORT' WHERE id = ?"
    await shop.running.kernel.db.write(lambda tx: tx.execute(sql, (id,)))
    shown = (await shop.client.get(shop.base))[0]
    assert (shown["port"], shown["portEnvVar"]) == (3000, "PORT")
