"""A kernel with the plugin on a private home directory, and skills to try."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from a_parallel_contracts import Actor
from a_parallel_contracts.projects import Project
from a_parallel_kernel.testkit import AnswerError, Client, RunningKernel
from tests.support.repository import git, make_repository


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
        remote: ``owner/name`` is the bare repository ``owner/name.git`` below it.
    """

    running: RunningKernel
    home: Path
    project: Path
    remote: Path

    @property
    def client(self) -> Client:
        return self.running.client

    @property
    def store(self) -> Path:
        return self.home / ".agents" / "skills"

    @property
    def discovered(self) -> Path:
        return self.home / ".claude" / "skills"

    @property
    def lock(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.home / ".agents" / ".skill-lock.json").read_text())
        return loaded

    def write_lock(self, text: str) -> None:
        (self.home / ".agents").mkdir(exist_ok=True)
        (self.home / ".agents" / ".skill-lock.json").write_text(text)

    async def show(self, path: str | None = None) -> list[dict[str, Any]]:
        params = {"projectPath": str(self.project) if path is None else path}
        skills: list[dict[str, Any]] = (await self.client.get("/api/skills", params=params))["skills"]
        return skills

    async def install(self, identifier: str, **fields: Any) -> None:
        await self.client.post("/api/skills", json={"identifier": identifier, **fields})

    async def refused(self, method: str, path: str, **options: Any) -> tuple[int, str]:
        """Return status and text of an answer that must be an error."""
        try:
            await self.client.call(method, path, **options)
        except AnswerError as error:
            return error.status, str(error.error)
        raise AssertionError("it was answered with success")

    def publish(self, name: str, files: Mapping[str, str]) -> str:
        """Make or extend a repository below `remote` and return its last commit."""
        tree = self.remote / "work" / name
        bare = self.remote / f"{name}.git"
        if not tree.exists():
            make_repository(tree, files, remote=bare)
        else:
            for file, text in files.items():
                (tree / file).parent.mkdir(parents=True, exist_ok=True)
                (tree / file).write_text(text)
            git(tree, "add", "--all")
            git(tree, "commit", "--quiet", "--message", "more")
            git(tree, "push", "--quiet")
        return git(tree, "rev-parse", "HEAD")


def skill(name: str | None = None, description: str = "d", body: str = "body") -> str:
    """Return the text of a SKILL.md."""
    head = f"name: {name}\n" if name else ""
    return f"---\n{head}description: {description}\n---\n{body}\n"


def write(file: Path, text: str) -> Path:
    """Write a file, making its directories."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file
