"""A server with every installed plugin and several people, in this process.

``alice`` owns one of everything; nobody else may learn that any of it exists.
"""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from yarl import URL

from a_parallel_contracts.auth import Role, Scope
from a_parallel_contracts.topics import SOCKETS
from a_parallel_kernel.discovery import find_candidates
from a_parallel_kernel.testkit import Answer, RunningKernel, WebSocket
from a_parallel_plugins.auth import hashing
from tests.plugins.auth.people import COOKIE, PASSWORD, set_cookies
from tests.plugins.github.standin import StandInGithub
from tests.security.samples import UNKNOWN, Operation, Sample, operations
from tests.support.repository import make_repository
from tests.support.server import STANDIN

MARK = "zeugma"
"""A word in everything that alice has; an answer to somebody else that holds it has told too much."""

FILES = {
    "README.md": f"# {MARK}\n",
    "CLAUDE.md": f"# {MARK}\n",
    ".mcp.json": json.dumps({"mcpServers": {f"{MARK}-server": {"type": "http", "url": "https://mcp.invalid/"}}}),
    ".claude/skills/sewing/SKILL.md": f"---\nname: {MARK}-skill\ndescription: {MARK}\n---\n",
}
"""Of alice's project."""

FORGED = "AbCdEfGhIjKlMnOpQrStUvWxYz012345.ZWB1xhpw9x%2FX9AM%2FkUR%2B%2FY40M5DkViMEBq7dIkDdC%2FQ%3D"
"""A session's cookie, signed with another secret."""

PROGRAMS = ("git", "sh", "bash", "env", "cat", "sleep", "uname", "sed", "grep", "ps", "stty")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who calls the server, or tries to.

    Attributes:
        name: for people.
        headers: credentials.
        role: as the server knows it; None for somebody whom it does not know.
        scopes: what the access token allows; None for everything.
    """

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    role: Role | None = None
    scopes: frozenset[Scope] | None = None

    def may(self, operation: Operation) -> bool:
        """Tell whether the declared access lets this person in."""
        if operation.access == "public":
            return True
        if self.role is None or (operation.access == "admin" and self.role != "admin"):
            return False
        return self.scopes is None or operation.scope in self.scopes


class House:
    """The running server.

    Attributes:
        running: the kernel.
        things: what alice has, by kind.
        people: everybody who calls, by name.
        users: ids of the accounts, by name.
        operations: everything that can be called.
        home: of the server's account.
        work: where repositories are.
    """

    def __init__(self, running: RunningKernel, home: Path, work: Path) -> None:
        self.running = running
        self.home = home
        self.work = work
        self.things: dict[str, str] = {}
        self.people: dict[str, Person] = {}
        self.users: dict[str, str] = {}
        self.operations: list[Operation] = []
        self.clone: asyncio.Task[Answer] | None = None

    @property
    def page(self) -> dict[str, str]:
        """Headers that a browser adds to what a page of this server sends."""
        return {"Origin": self.running.url}

    @property
    def unknown(self) -> dict[str, str]:
        """Things that nobody has, by kind."""
        made = dict.fromkeys(self.things, UNKNOWN)
        return {**made, **{kind: self._elsewhere(kind) for kind in self.things if kind.endswith(("_path", "itory"))}}

    def _elsewhere(self, kind: str) -> str:
        return str(Path(self.things[kind]).parent / UNKNOWN)

    async def call(self, person: Person, sample: Sample, **options: Any) -> Answer:
        """Send a request as somebody."""
        headers = {**person.headers, **options.pop("headers", {})}
        url = URL(f"{self.running.url}{sample.path}", encoded=True)
        call = self.running.session.request(sample.method, url, headers=headers, json=sample.body, **options)
        async with call as response:
            return Answer(response.status, response.headers, await response.read())

    async def must(self, person: str, method: str, path: str, body: Any = None) -> Any:
        """Send a request that has to succeed, and return the parsed answer."""
        answer = await self.call(self.people[person], Sample(method, path, body))
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body[:300]!r}"
        return answer.json

    @asynccontextmanager
    async def socket(self, person: Person) -> AsyncIterator[WebSocket]:
        """Connect to ``/ws`` as somebody who asks for all that can be asked for."""
        topics = self.running.service(SOCKETS).topics()
        also = ",".join(mounted.topic.name for mounted in topics if mounted.topic.on_request)
        url = f"{self.running.url}/ws?also={also}"
        async with self.running.session.ws_connect(url, headers=dict(person.headers)) as socket:
            yield WebSocket(socket)


@asynccontextmanager
async def open_house(directory: Path, claude: Path = STANDIN, **settings: Any) -> AsyncIterator[House]:
    """Start a server in `directory`, with a home, a GitHub and programs of its own; `claude` is the CLI."""
    home, work, github = directory / "home", directory / "work", directory / "github"
    for one in (home, work, github / "octo", directory / "bin"):
        one.mkdir(parents=True)
    make_repository(directory / "origin", {"README.md": f"# {MARK}\n"}, remote=github / "octo" / "demo.git")
    link_programs(directory / "bin", claude)
    with pytest.MonkeyPatch.context() as patch:
        surround(patch, home, directory / "bin")
        async with StandInGithub(github) as standin:
            running = await _start(directory / "data", standin, settings)
            house = House(running, home, work)
            try:
                await _enter(house)
                await _furnish(house, standin)
                yield house
            finally:
                standin.packs.set()
                if house.clone is not None:
                    await house.clone
                await running.stop()


def link_programs(directory: Path, claude: Path) -> None:
    """Make a place with the few programs that are needed: none that opens a window on the tester's desktop."""
    (directory / "claude").symlink_to(claude)
    for name in PROGRAMS:
        if found := shutil.which(name):
            (directory / name).symlink_to(found)
    (directory / "python3").symlink_to(sys.executable)


def surround(patch: pytest.MonkeyPatch, home: Path, programs: Path) -> None:
    """Let this process and its children see a home and programs of their own, and nothing of the tester's."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "CLAUDE", "XDG_"))]:
        patch.delenv(name)
    patch.setenv("HOME", str(home))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("PATH", str(programs))
    patch.setenv("A_PARALLEL_ADMIN_PASSWORD", PASSWORD)
    patch.setattr(hashing, "COST", 16)  # what a hash costs is not what is tested here
    (home / ".gitconfig").write_text("[user]\n\tname = House\n\temail = house@example.invalid\n")


async def _start(data: Path, standin: StandInGithub, settings: Mapping[str, Any]) -> RunningKernel:
    chosen = {
        "server.auth_mode": "multi",
        "plugins.agents.provider": "scripted",
        "plugins.github.api": f"{standin.url}/api/v3",
        "plugins.github.clone_roots": [str(data.parent)],
        "plugins.skills.github": standin.url,
        "plugins.pty.admins_only": False,
        "plugins.pty.shell": "/bin/sh",
        **settings,
    }
    installed = tuple(candidate.id for candidate in find_candidates())
    running = await RunningKernel.start({}, data, installed=installed, authenticate=False, settings=chosen)
    for id in installed:
        running.expect_running(id)
    return running


async def _enter(house: House) -> None:
    """Make the accounts, sign everybody in, and read the description of the API."""
    for person in (
        Person("nobody"),
        Person("bad token", {"Authorization": "Bearer apt_wrong"}),
        Person("forged cookie", {**house.page, "Cookie": f"{COOKIE}={FORGED}"}),
        await _signed_in(house, "admin", "admin"),
    ):
        house.people[person.name] = person
    for name, known in (("other", "bob"), ("alice", "alice"), ("managed", "carol")):
        wanted = {"name": known, "email": f"{known}@local.host", "password": PASSWORD, "role": "user"}
        path = "/api/auth/admin/create-user"
        made = await house.must("admin", "POST", path, {**wanted, "data": {"username": known}})
        house.users[name] = made["user"]["id"]
        house.people[name] = await _signed_in(house, name, known)
    await _make_tokens(house)
    house.operations = list(operations(await house.must("admin", "GET", "/api/kernel/openapi.json")))


async def _signed_in(house: House, name: str, username: str) -> Person:
    body = {"username": username, "password": PASSWORD}
    sample = Sample("POST", "/api/auth/sign-in/username", body)
    answer = await house.call(Person(name, house.page), sample)
    assert answer.status == 200, answer.body
    cookie = next(line.partition(";")[0] for line in set_cookies(answer) if line.startswith(COOKIE))
    return Person(name, {**house.page, "Cookie": cookie}, "admin" if username == "admin" else "user")


async def _make_tokens(house: House) -> None:
    """Let programs act for alice and for the administrator."""
    wanted: list[tuple[str, str, Scope]] = [
        ("admin's reader", "admin", "read"),
        ("reader", "alice", "read"),
        ("runner", "alice", "run"),
    ]
    for name, owner, scope in wanted:
        made = await house.must(owner, "POST", "/api/auth/tokens", {"name": f"{MARK}-{name}", "scopes": [scope]})
        scopes: frozenset[Scope] = frozenset({"read", scope})
        role = house.people[owner].role
        house.people[name] = Person(name, {"Authorization": f"Bearer {made['token']}"}, role, scopes)
        house.things["token"] = made["id"]


async def _furnish(house: House, standin: StandInGithub) -> None:
    """Give alice one of everything."""
    remote = house.work / f"{MARK}-remote.git"
    shop = make_repository(house.work / f"{MARK}-shop", FILES, remote=remote)
    spare = make_repository(house.work / f"{MARK}-spare", {"README.md": f"# {MARK}\n"})
    project = (await house.must("alice", "POST", "/api/projects", {"name": MARK, "path": str(shop.path)}))["id"]
    command = {"label": MARK, "command": f"echo {MARK}"}
    command_id = (await house.must("alice", "POST", f"/api/projects/{project}/commands", command))["id"]
    idle = {"projectId": project, "title": MARK, "mode": "worktree", "baseBranch": "main", "prompt": MARK}
    thread = await house.must("alice", "POST", "/api/threads/idle", idle)
    automation = {"projectId": project, "name": MARK, "prompt": MARK, "schedule": "0 0 1 1 *"}
    automation_id = (await house.must("alice", "POST", "/api/automations", automation))["id"]
    await house.must("alice", "PUT", "/api/profile", {"gitName": MARK, "gitEmail": f"{MARK}@example.invalid"})
    house.things |= {
        "user": house.users["managed"],
        "project": project,
        "command": command_id,
        "thread": thread["id"],
        "automation": automation_id,
        "project_path": str(shop.path),
        "worktree_path": thread["worktreePath"],
        "repository": str(spare.path),
        "plugin": "analytics",
        "subscription": "none",
        "sequence": "424242",
        "claude_plugin": f"{MARK}-plugin",
        "mcp_server": f"{MARK}-server",
        "skill": f"{MARK}-skill",
        "page": "index.html",
    }
    await _write_rows(house)
    house.things["snapshot"] = await _snapshot(house)
    house.things["clone"] = await _clone(house, standin)


async def _write_rows(house: House) -> None:
    """Write what only a running agent would make: a finished run of the automation, a permission rule."""
    house.things |= {"run": f"{MARK}-run", "rule": f"{MARK}-rule"}
    now = "2026-01-01T00:00:00.000Z"
    things = {**house.things, "now": now, "alice": house.users["alice"]}

    def write(tx: Any) -> None:
        tx.execute(
            "INSERT INTO automation_runs (id, automation_id, thread_id, status, triage_status, has_findings, summary,"
            " started_at, completed_at) VALUES (:run, :automation, :thread, 'completed', 'pending', 1, :run, :now,"
            " :now)",
            things,
        )
        tx.execute(
            "INSERT INTO agents_permission_rules (id, user_id, project_id, tool, argument, created_at)"
            " VALUES (:rule, :alice, :project, 'Bash', :rule, :now)",
            things,
        )

    await house.running.kernel.db.write(write)
    # The rules are read when the plugin starts.
    for switch in ("disable", "enable"):
        await house.must("admin", "POST", f"/api/kernel/plugins/agents/{switch}")


async def _snapshot(house: House) -> str:
    """Keep something uncommitted of the thread's working tree, as its removal would."""
    thread = house.things["thread"]
    (Path(house.things["worktree_path"]) / "kept.txt").write_text(MARK)
    for archived in (True, False):
        await house.must("alice", "PATCH", f"/api/threads/{thread}", {"archived": archived})
    snapshots = await house.must("alice", "GET", f"/api/git/{thread}/snapshots")
    return str(snapshots[0]["id"])


async def _clone(house: House, standin: StandInGithub) -> str:
    """Start a clone that does not end by itself."""
    standin.packs.clear()
    wanted = {
        "cloneUrl": f"{standin.url}/octo/demo.git",
        "destinationPath": str(house.work),
        "cloneId": f"{MARK}-clone",
    }
    house.clone = asyncio.create_task(house.call(house.people["alice"], Sample("POST", "/api/github/clone", wanted)))
    await standin.packing.wait()
    return f"{MARK}-clone"
