"""Front matter of the Markdown files that the Claude CLI reads: skills, commands, rules (``claude-cli.md`` §14)."""

import re
from collections.abc import Mapping

from msgspec import Struct

LIMIT = 64 * 1024
"""Characters of a front matter that are read; more is no front matter."""

_FENCE = re.compile(r"\A---[ \t]*\n(?P<head>.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^([A-Za-z0-9_-]+):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


class Document(Struct, frozen=True):
    """A Markdown file, taken apart.

    Attributes:
        fields: what the front matter says, single values only, white space runs made one space.
        body: what follows it.
    """

    fields: Mapping[str, str]
    body: str

    @property
    def first_line(self) -> str:
        """The first line of the body that says something, without the marks of a heading."""
        lines = (line.strip().lstrip("#").strip() for line in self.body.splitlines())
        return next((line for line in lines if line), "")


def read_document(text: str) -> Document:
    """Take a Markdown file apart.

    A front matter that is no YAML is read line by line, as the CLI does: a description like ``Use when: asked``
    must not hide a skill.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    found = _FENCE.match(plain[:LIMIT])
    if found is None:
        return Document({}, plain)
    head = found["head"]
    fields = _by_yaml(head)
    return Document(_by_line(head) if fields is None else fields, plain[found.end() :])


def _by_yaml(head: str) -> dict[str, str] | None:
    """Return the single values; None if this is no YAML or no mapping."""
    import yaml  # late: the start of the server reads no front matter

    try:
        loaded = yaml.load(head, Loader=yaml.BaseLoader)  # noqa: S506 - makes texts, lists and mappings alone
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    if not isinstance(loaded, dict):
        return None if head.strip() else {}
    return {key: " ".join(value.split()) for key, value in loaded.items() if _single(key) and _single(value)}


def _single(value: object) -> bool:
    return isinstance(value, str)


def _by_line(head: str) -> dict[str, str]:
    return {key: " ".join(value.split()) for key, value in _LINE.findall(head)}
