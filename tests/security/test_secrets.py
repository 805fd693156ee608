"""Known secrets go in through every door; what leaves the server or lies about is searched for them."""

import asyncio
import base64
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from tests.plugins.auth.people import COOKIE
from tests.plugins.github.standin import StandInGithub
from tests.security.samples import Operation, operations
from tests.support.fixtures import ServerFactory, server_factory
from tests.support.processes import processes_with
from tests.support.repository import make_repository
from tests.support.server import Server

__all__ = ["server_factory"]

CLI = """#!/bin/sh
echo "$@" >> "$HOME/arguments"
case "$1 $2 $*" in
  *--version*) echo 2.1.400 ;;
  "mcp add-json "*refused*) cat > /dev/null; echo "MCP server refused already exists" >&2; exit 1 ;;
  "mcp add-json "*) cat > /dev/null ;;
  *) exit 0 ;;
esac
"""
"""A CLI that writes its arguments down, and takes definitions of MCP servers from standard input."""


def secret(name: str) -> str:
    """Return a value that nothing else contains and no pattern would recognise."""
    return f"Zq7{name.title().replace(' ', '')}9xKw"


PLANTED = {
    name: secret(name)
    for name in (
        "admin password",
        "user password",
        "new password",
        "wrong password",
        "github token",
        "second github token",
        "device code",
        "mcp header",
        "mcp variable",
        "mcp bearer",
        "oauth code",
        "oauth state",
        "clone password",
        "skill password",
        "query token",
        "api key",
        "idempotent token",
    )
}


@dataclass
class Search:
    """What was collected, and where each secret was found in it.

    Attributes:
        secrets: value by name.
        said: text of every answer, by request.
    """

    server: Server
    session: aiohttp.ClientSession
    github: StandInGithub
    secrets: dict[str, str] = field(default_factory=lambda: dict(PLANTED))
    said: dict[str, str] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)
    _done: threading.Event = field(default_factory=threading.Event)

    async def call(self, method: str, path: str, body: Any = None, *, keep: bool = True, **headers: str) -> Any:
        """Send a request, whatever comes of it, and keep what was answered."""
        url = f"{self.server.base_url}{path}"
        wanted = {"Origin": self.server.base_url, **{name.replace("_", "-"): value for name, value in headers.items()}}
        data = body if isinstance(body, bytes) else None
        async with self.session.request(method, url, json=None if data else body, data=data, headers=wanted) as answer:
            text = await answer.text()
            if keep:
                told = {name: value for name, value in answer.headers.items() if name != "Set-Cookie"}
                self.said[f"{method} {path} {len(self.said)}"] = f"{text} {told}"
        return json.loads(text) if text[:1] in "{[" else text

    def look(self) -> None:
        """Add the command lines of all processes of the server."""
        self.listed |= set(processes_with(f"FAKE_CLAUDE_LOG={self.server.claude_log}").values())

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Look at the list of processes all the while."""

        def look() -> None:
            while not self._done.is_set():
                self.look()

        thread = threading.Thread(target=look)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()

    def found(self, where: str, text: str) -> list[str]:
        """Return the names of the secrets in a text, as they are or in another form."""
        return [
            f"{name} in {where}"
            for name, value in self.secrets.items()
            if any(form in text for form in {value, quote(value, safe=""), base64.b64encode(value.encode()).decode()})
        ]


@pytest.fixture
async def search(server_factory: ServerFactory, tmp_path: Path) -> AsyncIterator[Search]:
    """A server in multi-user mode that logs everything, with a GitHub, a CLI and an administrator."""
    cli = tmp_path / "cli"
    cli.write_text(CLI)
    cli.chmod(0o755)
    (tmp_path / "github" / "octo").mkdir(parents=True)
    make_repository(tmp_path / "origin", remote=tmp_path / "github" / "octo" / "demo.git")
    async with StandInGithub(tmp_path / "github") as github:
        github.tokens[PLANTED["github token"]] = "octo"
        github.private.add("octo/demo")
        github.device.append({"error": "authorization_pending"})
        config = f"""
            [server]
            auth_mode = "multi"
            [logging]
            level = "debug"
            [plugins.github]
            api = "{github.url}/api/v3"
            client_id = "Iv1.test"
            clone_roots = ["{tmp_path}"]
            [plugins.agents]
            provider = "scripted"
        """
        environment = {
            "A_PARALLEL_ADMIN_PASSWORD": PLANTED["admin password"],
            "ANTHROPIC_API_KEY": PLANTED["api key"],
        }
        server = await server_factory(claude=cli, config=config, environment=environment).start()
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            one = Search(server, session, github)
            with one.watching():
                yield one


async def test_no_secret_is_logged_answered_listed_or_lies_about(search: Search, tmp_path: Path) -> None:
    project = make_repository(tmp_path / "work" / "demo", remote=tmp_path / "remote.git")
    await sign_in(search)
    await manage_users(search)
    await hand_in_tokens(search)
    await add_mcp_servers(search, project.path)
    await clone(search, tmp_path / "work")
    await be_wrong(search)
    await ask_for_everything(search)
    cloned = tmp_path / "work" / "cloned" / ".git" / "config"
    assert cloned.is_file(), search.said
    await search.server.stop()
    found = [one for where, text in search.said.items() for one in search.found(f"the answer to {where}", text)]
    assert "POST /api/auth/sign-in/username 401" in search.server.log.text
    found += search.found("the log", search.server.log.text)
    found += search.found("the list of processes", "\n".join(search.listed))
    found += search.found("the arguments of the CLI", (search.server.home / "arguments").read_text())
    found += search.found("the configuration of the clone", cloned.read_text())
    found += [one for file in stored(search.server) for one in search.found(str(file), content(file))]
    assert not found, "\n".join(found)
    assert any("git" in command and "clone" in command for command in search.listed), "nobody was watching"
    assert not (open_to_others := [str(file) for file in stored(search.server) if file.stat().st_mode & 0o077]), (
        open_to_others
    )


async def sign_in(search: Search) -> None:
    path, admin = "/api/auth/sign-in/username", PLANTED["admin password"]
    await search.call("POST", path, {"username": "admin", "password": PLANTED["wrong password"]})
    await search.call("POST", path, {"username": PLANTED["wrong password"], "password": ["x"]})
    signed_in = await search.call("POST", path, {"username": "admin", "password": admin}, keep=False)
    assert signed_in["user"]["role"] == "admin"
    cookie = next(one.value for one in search.session.cookie_jar if one.key == COOKIE)
    search.secrets["session cookie"] = cookie.partition(".")[2]  # its signature: the token alone opens nothing
    search.secrets["secret of the sessions"] = (search.server.data_directory / "auth-secret").read_text().strip()


async def manage_users(search: Search) -> None:
    path, password = "/api/auth/admin/create-user", PLANTED["user password"]
    body = {"name": "ann", "email": "ann@local.host", "password": password, "role": "user", "data": {"username": "ann"}}
    made = await search.call("POST", path, body)
    for wrong in ({"role": password[:5]}, {"email": 5}, {"data": {"username": "a b"}}, {"password": [password]}):
        await search.call("POST", path, {**body, **wrong})
    wanted = {"userId": made["user"]["id"], "newPassword": PLANTED["new password"]}
    await search.call("POST", "/api/auth/admin/set-user-password", wanted)
    await search.call("POST", "/api/auth/admin/set-user-password", {**wanted, "userId": 7})
    wrong = {"currentPassword": PLANTED["wrong password"], "newPassword": PLANTED["new password"]}
    await search.call("POST", "/api/auth/change-password", wrong)


async def hand_in_tokens(search: Search) -> None:
    made = await search.call("POST", "/api/auth/tokens", {"name": "ci", "scopes": ["run"]}, keep=False)
    search.secrets["access token"] = made["token"]
    keyed = {"Idempotency_Key": "same-again"}
    for _ in range(2):
        body = {"name": "again", "scopes": ["read"]}
        again = await search.call("POST", "/api/auth/tokens", body, keep=False, **keyed)
        search.secrets[f"token {again.get('id')}"] = again.get("token", PLANTED["idempotent token"])
    await search.call("GET", "/api/projects", Authorization=f"Bearer {made['token']}")
    await search.call("GET", f"/ws?token={made['token']}")
    await search.call("GET", f"/ws?token={PLANTED['query token']}")
    await search.call("GET", f"/api/projects?token={PLANTED['query token']}&access_token={PLANTED['query token']}")
    for token in (PLANTED["second github token"], PLANTED["github token"]):
        await search.call("PUT", "/api/profile", {"gitName": "Ann", "gitEmail": "a@b.c", "githubToken": token})
        await search.call("GET", "/api/github/user")
    await search.call("PUT", "/api/profile", {"gitName": 5, "githubToken": [PLANTED["github token"]]})
    await search.call("POST", "/api/github/oauth/poll", {"deviceCode": PLANTED["device code"]})


async def add_mcp_servers(search: Search, project: Path) -> None:
    await search.call("POST", "/api/projects", {"name": "demo", "path": str(project)})
    remote = {"type": "http", "url": "https://mcp.invalid/", "headers": {"X-Key": PLANTED["mcp header"]}}
    local = {"type": "stdio", "command": "true", "env": {"KEY": PLANTED["mcp variable"]}}
    for name in ("fine", "refused", "-wrong"):
        for definition in (remote, local, {**remote, "url": 5}, {**local, "command": None}):
            await search.call("POST", "/api/mcp/servers", {"name": name, "projectPath": str(project), **definition})
    known = {"mcpServers": {"remote": remote}}
    (search.server.home / ".claude.json").write_text(json.dumps({"projects": {str(project): known}}))
    for name in ("remote", "absent"):
        body = {"serverName": name, "projectPath": str(project), "token": PLANTED["mcp bearer"]}
        await search.call("POST", "/api/mcp/oauth/token", body)
        await search.call("POST", "/api/mcp/oauth/token", {**body, "token": f"{PLANTED['mcp bearer']} \n"})
    callback = f"/api/mcp/oauth/callback?code={PLANTED['oauth code']}&state={PLANTED['oauth state']}"
    await search.call("GET", callback)
    await search.call("GET", f"/api/mcp/servers?projectPath={quote(str(project))}")


async def clone(search: Search, work: Path) -> None:
    api = await search.call("GET", "/api/github/status")
    assert api == {"connected": True, "login": "octo"}, "the stored token was not used"
    base = search.github.url
    wanted = {"destinationPath": str(work)}
    search.github.packs.clear()
    body = {**wanted, "cloneUrl": f"{base}/octo/demo.git", "name": "cloned"}
    cloning = asyncio.create_task(search.call("POST", "/api/github/clone", body))
    await search.github.packing.wait()
    search.look()  # while git waits for what it has asked for
    search.github.packs.set()
    await cloning
    with_password = base.replace("//", f"//me:{PLANTED['clone password']}@")
    await search.call("POST", "/api/github/clone", {**wanted, "cloneUrl": f"{with_password}/octo/demo.git"})
    await search.call("POST", "/api/skills", {"identifier": f"https://me:{PLANTED['skill password']}@git.invalid/x"})


async def be_wrong(search: Search) -> None:
    """Send secrets where they do not belong: broken JSON, wrong types, unknown paths, wrong headers."""
    password = PLANTED["admin password"]
    await search.call("POST", "/api/auth/sign-in/username", f'{{"username": "admin", "password": "{password}'.encode())
    await search.call("PUT", "/api/profile", f'{{"githubToken": "{PLANTED["github token"]}'.encode())
    await search.call("GET", f"/api/unknown?password={password}&secret={password}&key={password}")
    await search.call("GET", "/api/projects", Authorization=f"Basic {base64.b64encode(password.encode()).decode()}")
    await search.call("GET", "/api/projects", Cookie=f"{COOKIE}={password}")


async def ask_for_everything(search: Search) -> None:
    document = await search.call("GET", "/api/kernel/openapi.json")
    for operation in operations(document):
        if operation.method == "GET" and not operation.kinds:
            await search.call("GET", operation.request({}).path if not needs(operation) else operation.path)


def needs(operation: Operation) -> bool:
    return bool(operation.query_fields)


KEPT_IN_FILES = frozenset({"auth-secret", "auth-token", "encryption.key", "admin-password"})


def stored(server: Server) -> list[Path]:
    """Return the files of the data directory, but for those that hold one secret and nothing else."""
    directory = server.data_directory
    files = [file for file in directory.rglob("*") if file.is_file() and file.name not in KEPT_IN_FILES]
    assert directory / "data.db" in files
    return files


def content(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "replace")
