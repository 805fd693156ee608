"""Reads directives out of a prompt."""

import re
from collections.abc import Iterator
from typing import Any

import orjson
from msgspec import Struct

_DIRECTIVE = re.compile(r"^\s*!(?P<name>[a-z]+)(?:\s+(?P<rest>.*?))?\s*$")
_TOLD = re.compile(r"<(conversation-so-far|referenced-files)>.*?</\1>", re.DOTALL)
"""What the server puts in front of the user's words; directives in it are quotations."""
_ESCAPES = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}


class Step(Struct, frozen=True):
    """A directive.

    Attributes:
        name: what to do.
        rest: what follows the name in its line.
    """

    name: str
    rest: str


class ScriptError(Exception):
    """A directive that makes no sense; the text says how it is written."""


def parse(prompt: str) -> list[Step]:
    """Return the directives of `prompt`."""
    return list(_steps(prompt))


def _steps(prompt: str) -> Iterator[Step]:
    for line in _TOLD.sub("", prompt).splitlines():
        match = _DIRECTIVE.match(line)
        if match is not None:
            yield Step(match["name"], match["rest"] or "")


def text(rest: str) -> str:
    """Return a text with its escapes resolved."""
    return re.sub(r"\\[nt\\]", lambda match: _ESCAPES[match.group()], rest)


def number(rest: str, default: float | None = None) -> float:
    """Return the number that `rest` is.

    Raises:
        ScriptError: it is none.
    """
    try:
        return float(rest) if rest or default is None else default
    except ValueError:
        raise ScriptError(f"a number was expected, not {rest!r}") from None


def questions(rest: str) -> list[dict[str, Any]]:
    """Return the questions in ``[HEADER:] QUESTION | OPTION | ...``, or in a JSON list as the tool takes them.

    Raises:
        ScriptError: it is no such list.
    """
    if rest.startswith("["):
        return _listed(rest)
    question, *options = [text(part.strip()) for part in rest.split("|")]
    header, _, asked = question.rpartition(": ")
    shown = [{"label": option, "description": ""} for option in options]
    return [{"question": asked, "header": header or "Question", "multiSelect": False, "options": shown}]


def _listed(rest: str) -> list[dict[str, Any]]:
    try:
        found = orjson.loads(rest)
    except orjson.JSONDecodeError as error:
        raise ScriptError(f"the questions are no JSON: {error}") from None
    if not all(isinstance(one, dict) and isinstance(one.get("question"), str) for one in found):
        raise ScriptError("a question has the keys question, header, multiSelect and options")
    return list(found)


def name_and_json(rest: str) -> tuple[str, dict[str, Any]]:
    """Return the tool and its input in ``NAME [JSON]``.

    Raises:
        ScriptError: no name, or no JSON object.
    """
    name, _, source = rest.partition(" ")
    if not name:
        raise ScriptError("the name of a tool was expected")
    try:
        value = orjson.loads(source) if source.strip() else {}
    except orjson.JSONDecodeError as error:
        raise ScriptError(f"the input of {name} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ScriptError(f"the input of {name} must be a JSON object")
    return name, value
