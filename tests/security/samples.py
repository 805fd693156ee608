"""Requests for every route, made from the server's own description of itself.

A route that is new is called like all others. What cannot be guessed from a schema — which thing an id stands for,
what a path must hold to be good — stands in the tables here; a name that is in none of them fails the suite.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

Schema = dict[str, Any]

UNKNOWN = "UnknownUnknownUnknown"
"""An id that nothing has."""

PARAMETERS = {
    "/api/agents/permission-rules/{rule}": ("rule",),
    "/api/auth/tokens/{id}": ("token",),
    "/api/automations/runs/{run}/triage": ("run",),
    "/api/automations/{automation}": ("automation",),
    "/api/claude-plugins/{id}": ("claude_plugin",),
    "/api/git/{thread}": ("thread",),
    "/api/git/{thread}/snapshots/{snapshot}": ("thread", "snapshot"),
    "/api/github/clones/{id}": ("clone",),
    "/api/kernel/plugins/{id}": ("plugin",),
    "/api/kernel/subscriptions/{plugin}/{name}": ("plugin", "subscription"),
    "/api/kernel/subscriptions/{plugin}/{name}/set-aside/{seq}": ("plugin", "subscription", "sequence"),
    "/api/mcp/servers/{name}": ("mcp_server",),
    "/api/projects/{id}": ("project",),
    "/api/projects/{id}/commands/{command}": ("project", "command"),
    "/api/skills/{name}": ("skill",),
    "/api/threads/{thread}": ("thread",),
    "/{path}": ("page",),
}
"""What the parameters of a path stand for, by the beginning of the path."""

FIELDS: Mapping[str, str] = {
    "projectId": "project",
    "projectIds": "project",
    "projectPath": "project_path",
    "worktreePath": "worktree_path",
    "userId": "user",
    "id": "user",
}
"""Fields of bodies and query strings that name something of somebody's."""

OWNED = frozenset(
    {
        "rule",
        "run",
        "automation",
        "thread",
        "snapshot",
        "clone",
        "project",
        "command",
        "project_path",
        "worktree_path",
        "token",
    }
)
"""Kinds of things that belong to one user."""

VALUES: Mapping[str, Any] = {
    "paths": ["README.md"],
    "schedule": "0 9 * * *",
    "timezone": "UTC",
    "color": "#aabbcc",
    "cloneUrl": "https://127.0.0.1:9/octo/demo.git",
    "identifier": "octo/absent@demo",
    "marketplace": "octo/absent",
    "baseBranch": "main",
    "targetBranch": "main",
    "branchName": "topic/sample",
    "provider": "scripted",
    "type": "stdio",
    "command": "true",
    "url": "https://mcp.invalid/",
    "editor": "vim",
    "images": [],
    "fileReferences": [],
}
"""Values that are good for fields of these names."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path, as the OpenAPI document describes it."""

    method: str
    path: str
    described: Schema
    schemas: Mapping[str, Schema]

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.method} {self.path}"

    @property
    def access(self) -> str:
        """``public``, ``user`` or ``admin``."""
        return str(self.described["x-access"])

    @property
    def scope(self) -> str:
        """What an access token needs."""
        return str(self.described["x-scope"])

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the parameters of its path stand for.

        Raises:
            AssertionError: the table does not say.
        """
        count = self.path.count("{")
        if not count:
            return ()
        longest = max((len(begin), begin) for begin in ("", *PARAMETERS) if self.path.startswith(begin))[1]
        kinds = PARAMETERS.get(longest, ())
        assert len(kinds) == count, f"{self.name}: say in PARAMETERS what its parameters stand for"
        return kinds

    @property
    def names(self) -> frozenset[str]:
        """Kinds of things that a request to it names."""
        fields = [*self.body_fields, *self.query_fields]
        extra = {"project_path"} if self.path.startswith("/api/browse/") and "path" in fields else set()
        return frozenset({*self.kinds, *(FIELDS[name] for name in fields if name in FIELDS), *extra})

    @property
    def query_fields(self) -> list[str]:
        """Names of the fields of its query string."""
        return [one["name"] for one in self.described["parameters"] if one["in"] == "query"]

    @property
    def body_schema(self) -> Schema | None:
        """Schema of its body, if it takes one."""
        content = self.described.get("requestBody", {}).get("content", {}).get("application/json")
        return None if content is None else self.resolved(content["schema"])

    @property
    def body_fields(self) -> dict[str, Schema]:
        """Fields of its body by name."""
        found: dict[str, Schema] = (self.body_schema or {}).get("properties", {})
        return found

    def resolved(self, schema: Schema) -> Schema:
        """Return what a reference leads to."""
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def request(self, things: Mapping[str, str]) -> "Sample":
        """Return a good request about `things` (kind → id or path)."""
        path = self.path
        for kind in self.kinds:
            path = re.sub(r"\{\w+(:path)?\}", lambda _, kind=kind: quote(things[kind], safe=""), path, count=1)  # type: ignore[misc]
        given = [one for one in self.described["parameters"] if one["in"] == "query"]
        wanted = [one for one in given if one["required"] or self._wanted(one["name"])]
        query = {one["name"]: self._field(one["name"], one["schema"], things) for one in wanted}
        body = None
        if self.body_schema is not None:
            required = self.body_schema.get("required", [])
            fields = [name for name in self.body_fields if name in required or self._wanted(name)]
            body = {name: self._field(name, self.body_fields[name], things) for name in fields}
        return Sample(self.method, path + (f"?{urlencode(query)}" if query else ""), body)

    @staticmethod
    def _wanted(name: str) -> bool:
        return name in FIELDS or name in ("path", "command", "confirmed", "archived")

    def _field(self, name: str, schema: Schema, things: Mapping[str, str]) -> Any:
        schema = self.resolved(schema)
        if name in FIELDS:
            value = things[FIELDS[name]]
            return [value] if schema.get("type") == "array" else value
        if name == "path":
            return self._path(things)
        return VALUES[name] if name in VALUES else self.guess(schema)

    def _path(self, things: Mapping[str, str]) -> str:
        if self.path.startswith("/api/browse/"):
            return things["project_path"]
        return things["repository"] if self.path == "/api/projects" else "README.md"

    def guess(self, schema: Schema) -> Any:
        """Return a value that a schema allows, if no pattern or format asks for more."""
        schema = self.resolved(schema)
        for key in ("const", "default"):
            if schema.get(key) is not None:
                return schema[key]
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self.guess(schema["anyOf"][0])
        made: dict[str, Any] = {"boolean": True, "integer": 1, "number": 1, "array": [], "object": {}}
        return made.get(schema.get("type", ""), "sample")


@dataclass(frozen=True, slots=True)
class Sample:
    """A request, without credentials."""

    method: str
    path: str
    body: Any = None


def operations(document: Schema) -> Iterator[Operation]:
    """Yield the operations of an OpenAPI document."""
    schemas = document.get("components", {}).get("schemas", {})
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            yield Operation(method.upper(), path, described, schemas)
