"""A kernel with the plugin on a private home directory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from a_parallel_contracts import Actor, Row
from a_parallel_contracts.projects import Project
from a_parallel_kernel.testkit import AnswerError, Client, RunningKernel


class OneProject:
    """The project store with the project of one user."""

    def __init__(self, path: Path, user: str = "u1") -> None:
        self._project = Project(id="p1", name="p", path=str(path), user_id=user, sort_order=0, created_at="x")

    async def visible(self, actor: Actor) -> list[Project]:
        return [self._project] if actor.owns(self._project.user_id) else []


@dataclass
class House:
    """What a test needs.

    Attributes:
        running: the kernel.
        home: the user's home directory.
        project: directory of the project.
    """

    running: RunningKernel
    home: Path
    project: Path

    @property
    def client(self) -> Client:
        return self.running.client

    @property
    def settings(self) -> dict[str, Any]:
        """The CLI's settings file."""
        loaded: dict[str, Any] = json.loads((self.home / ".claude.json").read_text())
        return loaded

    def local(self, name: str) -> dict[str, Any]:
        """A server of the scope local as it stands in the file."""
        definition: dict[str, Any] = self.settings["projects"][str(self.project)]["mcpServers"][name]
        return definition

    async def add(self, name: str, **fields: Any) -> None:
        body = {"name": name, "projectPath": str(self.project), **fields}
        await self.client.post("/api/mcp/servers", json=body)

    async def show(self, **query: str) -> list[dict[str, Any]]:
        params = {"projectPath": str(self.project), **query}
        servers: list[dict[str, Any]] = (await self.client.get("/api/mcp/servers", params=params))["servers"]
        return servers

    async def start(self, name: str, headers: Mapping[str, str] | None = None) -> str:
        body = {"serverName": name, "projectPath": str(self.project)}
        answer = await self.client.post("/api/mcp/oauth/start", json=body, headers=dict(headers or {}))
        return str(answer["authUrl"])

    async def visit(self, url: str) -> str:
        """Go through the authorization server like a browser, and return the page that ends it."""
        async with self.running.session.get(url) as response:
            assert response.status == 200, await response.text()
            return await response.text()

    async def rows(self, sql: str = "SELECT * FROM mcp_oauth_tokens") -> list[Row]:
        rows: list[Row] = await self.running.kernel.db.rows(sql)
        return rows

    async def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Return status and text of an answer that must be an error."""
        try:
            await self.client.call(method, path, **options)
        except AnswerError as error:
            return error.status, str(error.error)
        raise AssertionError("it was answered with success")
