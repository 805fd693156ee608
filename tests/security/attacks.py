"""Values that have broken into other servers, and the places of a request where they can be put."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from tests.security.samples import Operation, Sample, Schema

CANARY = "canary-7f3a"
"""Text of the files that nobody may read."""

INJECTED = "x\r\nX-Injected: yes"
"""A header in a value, for answers that put values into headers."""

SCRIPT = "</script><svg onload=x7f>"
"""A script in a value, for answers that put values into pages."""

BROKEN = ("\0", INJECTED, SCRIPT, "a" * 5000, "-rf", "%2e%2e%2f", " ")
"""For every field: what no name can hold, and what looks like something else."""


def paths(project: Path, outside: Path) -> tuple[str, ...]:
    """Return values for fields that name files, directories, branches or addresses.

    Parameters:
        project: a directory that may be seen; ``link`` in it leads to `outside`.
        outside: one that may not.
    """
    away = f"../{outside.name}"
    return (
        *BROKEN,
        str(outside),
        str(outside / "canary.txt"),
        f"{project}/../{away}",
        f"{project}/link",
        f"{project}/link/canary.txt",
        f"{project}/../{project.name}/../{away}/canary.txt",
        f"{project}/{quote('../..', safe='')}/{outside.name}",
        f"{project}/README.md\0",
        f"{project}/" + "n" * 300,
        "..",
        "../..",
        f"../{away}/canary.txt",
        "link/canary.txt",
        "link",
        ".git/config",
        "~",
        "~root",
        f"~/{away}",
        ":(top)*",
        "--help",
        f"--output={outside}/made",
        f"--upload-pack=touch {outside}/made;",
        f"ext::sh -c touch% {outside}/made",
        f"ssh://-oProxyCommand=touch {outside}/made/x",
        f"file://{outside}",
        f"http://127.0.0.1:9/../../{outside}",
        "HEAD@{upstream}:README.md",
        "refs/heads/../../config",
        "@{-1}",
    )


NAMES_PLACES = ("path", "branch", "directory", "cwd", "url", "identifier", "snapshot", "skill", "page", "marketplace")
"""Parts of the names of fields that name such things."""


@dataclass(frozen=True, slots=True)
class Field:
    """A place in a request that holds text.

    Attributes:
        where: ``path``, ``query`` or ``body``.
        name: of the field, the outermost first where one lies in another.
        schema: of the outermost.
    """

    where: str
    name: tuple[str, ...]
    schema: Schema

    @property
    def names_a_place(self) -> bool:
        """Whether it names a file, a directory, a branch or an address."""
        text = self.name[-1].lower()
        return any(part in text for part in NAMES_PLACES) or text in ("name", "command", "id", "plugin", "cloneid")


def fields(operation: Operation) -> Iterator[Field]:
    """Yield every place of an operation that holds text of any kind."""
    yield from (Field("path", (kind,), {}) for kind in operation.kinds)
    for one in operation.described["parameters"]:
        if one["in"] == "query" and _is_text(operation, one["schema"]):
            yield Field("query", (one["name"],), one["schema"])
    for name, schema in operation.body_fields.items():
        for rest in _texts(operation, schema):
            yield Field("body", (name, *rest), schema)


def _texts(operation: Operation, schema: Schema) -> Iterator[tuple[str, ...]]:
    schema = operation.resolved(schema)
    if _is_text(operation, schema):
        yield ()
    elif schema.get("type") == "array":
        yield from _texts(operation, schema.get("items", {}))
    elif schema.get("type") == "object":
        for name, inner in schema.get("properties", {}).items():
            yield from ((name, *rest) for rest in _texts(operation, inner))


def _is_text(operation: Operation, schema: Schema) -> bool:
    schema = operation.resolved(schema)
    kinds = [schema, *map(operation.resolved, schema.get("anyOf", ()))]
    return any(one.get("type") == "string" and "enum" not in one and "const" not in one for one in kinds)


def attack(operation: Operation, field: Field, value: str, things: Mapping[str, str]) -> Sample:
    """Return a request that is good but for one field, which holds `value`."""
    if field.where == "path":
        return operation.request({**things, field.name[0]: value})
    good = operation.request(things)
    if field.where == "query":
        path, _, query = good.path.partition("?")
        others = [part for part in query.split("&") if part and not part.startswith(f"{field.name[0]}=")]
        return Sample(good.method, f"{path}?{'&'.join([*others, urlencode({field.name[0]: value})])}", good.body)
    placed = _placed(operation, field.schema, field.name[1:], value)
    return Sample(good.method, good.path, json.loads(json.dumps({**(good.body or {}), field.name[0]: placed})))


def _placed(operation: Operation, schema: Schema, rest: tuple[str, ...], value: str) -> Any:
    schema = operation.resolved(schema)
    if schema.get("type") == "array":
        return [_placed(operation, schema["items"], rest, value)]
    if not rest:
        return value
    required = {name: operation.guess(schema["properties"][name]) for name in schema.get("required", ())}
    return {**required, rest[0]: _placed(operation, schema["properties"][rest[0]], rest[1:], value)}
