"""What happens to everything that people own, with the plugins that keep it: the first administrator, and removal."""

from pathlib import Path
from typing import Any

import pytest

from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import RunningKernel, WebSocket
from tests.plugins.auth.conftest import OpenHouse
from tests.plugins.auth.people import House, Person
from tests.support.repository import make_repository

PLUGINS = ("projects", "git", "hosts", "threads", "agents", "scripted", "automations", "commands", "profile", "secrets")
OWNED = ("projects", "threads", "automations", "user_profiles", "agents_permission_rules")


@pytest.fixture(autouse=True)
def identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Give git and the shells a home of their own."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def options(tmp_path: Path) -> dict[str, Any]:
    """Return the options of a server with all of these plugins."""
    settings = {"plugins.agents.provider": "scripted"}
    return {"installed": PLUGINS, "data_directory": tmp_path / "data", "settings": settings}


async def furnish(person: Any, directory: Path) -> dict[str, str]:
    """Give somebody one of everything; `person` has `call`."""

    async def made(method: str, route: str, **body: Any) -> str:
        return str((await person.call(method, route, json=body)).get("id"))

    project = await made("POST", "/api/projects", name=directory.name, path=str(directory))
    return {
        "project": project,
        "thread": await made(
            "POST", "/api/threads/idle", projectId=project, title="T", mode="local", prompt="!ask Go on? | yes"
        ),
        "automation": await made(
            "POST", "/api/automations", projectId=project, name="A", prompt="p", schedule="0 0 1 1 *"
        ),
        "command": await made(
            "POST", f"/api/projects/{project}/commands", label="C", command="echo begun; exec sleep 600"
        ),
        "profile": await made("PUT", "/api/profile", gitName="Ann", gitEmail="ann@example.invalid"),
    }


async def allow(running: RunningKernel, owner: str, project: str) -> None:
    """Write a permission rule as it is made when a person allows something for good."""
    insert = "INSERT INTO agents_permission_rules VALUES ('rule', ?, ?, 'Bash', 'ls', '2026-01-01T00:00:00.000Z')"
    await running.kernel.db.write(lambda tx: tx.execute(insert, (owner, project)))


async def owners(running: RunningKernel) -> dict[str, set[str]]:
    """Return who owns the rows of each table."""
    found = {}
    for table in OWNED:
        rows = await running.kernel.db.rows(f"SELECT user_id FROM {table}")
        found[table] = {row["user_id"] for row in rows}
    return found


async def test_everything_of_local_mode_is_the_first_administrators(
    kernel: KernelFactory, multi: OpenHouse, tmp_path: Path
) -> None:
    shop = make_repository(tmp_path / "shop", {"README.md": "shop\n"})
    local = await kernel({}, **options(tmp_path))
    things = await furnish(local.client, shop.path)
    await allow(local, "__local__", things["project"])
    await local.stop()
    house = await multi(**options(tmp_path))
    own = await house.id_of(house.admin)
    assert await owners(house.running) == {table: {own} for table in OWNED}
    assert [one["id"] for one in await house.admin.get("/api/projects")] == [things["project"]]
    [automation] = await house.admin.get("/api/automations")
    assert automation["enabled"], "what was planned goes on"
    assert [one["id"] for one in await house.admin.get("/api/agents/permission-rules")] == ["rule"]
    ann = await house.user("ann")
    assert await ann.get("/api/projects") == await ann.get("/api/automations") == []


async def running_things(house: House, ann: Person, things: dict[str, str], socket: WebSocket) -> None:
    """Let the command and the agent of somebody run."""
    await ann.post(f"/api/projects/{things['project']}/commands/{things['command']}/start")
    await socket.receive("command:status", status="running")
    await ann.post(f"/api/threads/{things['thread']}/message", content="!ask Go on? | yes")
    await socket.receive("agent:status", status="waiting")


async def test_nothing_of_a_removed_user_is_lost_and_nothing_goes_on(multi: OpenHouse, tmp_path: Path) -> None:
    shop = make_repository(tmp_path / "shop", {"README.md": "shop\n"})
    house = await multi(**options(tmp_path))
    ann = await house.user("ann")
    id, own = await house.id_of(ann), await house.id_of(house.admin)
    things = await furnish(ann, shop.path)
    await allow(house.running, id, things["project"])
    assert await owners(house.running) == {table: {id} for table in OWNED}
    async with house.running.session.ws_connect(f"{house.running.url}/ws", headers=ann.headers) as socket:
        await running_things(house, ann, things, WebSocket(socket))
        await house.admin.post("/api/auth/admin/remove-user", userId=id)
    await house.running.settled()
    kept = {"projects": {own}, "threads": {own}, "automations": {own}}
    assert await owners(house.running) == {**kept, "user_profiles": set(), "agents_permission_rules": set()}
    thread = await house.admin.get(f"/api/threads/{things['thread']}")
    assert (thread["status"], thread["userId"]) == ("stopped", own)
    [automation] = await house.admin.get("/api/automations")
    assert not automation["enabled"], "nobody has asked the new owner"
    command = f"/api/projects/{things['project']}/commands/{things['command']}/status"
    assert await house.admin.get(command) == {"running": False}
    assert (shop.path / "README.md").read_text() == "shop\n"


async def test_what_a_plugin_that_was_off_keeps_passes_on_when_it_is_on_again(multi: OpenHouse, tmp_path: Path) -> None:
    shop = make_repository(tmp_path / "shop", {"README.md": "shop\n"})
    house = await multi(**options(tmp_path))
    ann = await house.user("ann")
    id, own = await house.id_of(ann), await house.id_of(house.admin)
    await furnish(ann, shop.path)
    await house.admin.post("/api/kernel/plugins/automations/disable")
    await house.admin.post("/api/auth/admin/remove-user", userId=id)
    assert (await owners(house.running))["automations"] == {id}
    await house.admin.post("/api/kernel/plugins/automations/enable")
    await house.person().sign_in("admin")
    assert (await owners(house.running))["automations"] == {own}
