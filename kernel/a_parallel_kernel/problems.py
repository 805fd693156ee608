"""The first problem of a body or query string as one sentence for people (``http-core.md`` §2.7)."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_EXPECTED = {
    "bool_type": "boolean",
    "bool_parsing": "boolean",
    "bytes_type": "string",
    "dict_type": "object",
    "float_parsing": "number",
    "float_type": "number",
    "frozen_set_type": "array",
    "int_from_float": "integer",
    "int_parsing": "integer",
    "int_type": "integer",
    "list_type": "array",
    "mapping_type": "object",
    "model_attributes_type": "object",
    "model_type": "object",
    "set_type": "array",
    "string_type": "string",
    "tuple_type": "array",
}


def sentence(error: ValidationError, subject: str) -> str:
    """Return the first problem as a sentence that names the field.

    Parameters:
        error: raised by a model.
        subject: what was validated, for problems without a field: ``Request body``.
    """
    first = error.errors(include_url=False)[0]
    name = _name(first["loc"]) or subject
    if first["type"] in _EXPECTED:
        return f"{name}: expected {_EXPECTED[first['type']]}, received {_received(first['input'])}"
    describe = _SENTENCES.get(first["type"])
    if describe:
        return describe(name, first.get("ctx", {}), first)
    return f"{name}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _name(location: tuple[int | str, ...]) -> str:
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name


def _received(value: Any) -> str:
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (type(None), "null"),
        (bool, "boolean"),
        ((int, float), "number"),
        ((str, bytes), "string"),
        (dict, "object"),
    )
    return next((word for kind, word in kinds if isinstance(value, kind)), "array")


def _too_short(name: str, ctx: dict[str, Any], first: ErrorDetails) -> str:
    if ctx["min_length"] == 1:
        return f"{name} is required" if first["type"] == "string_too_short" else f"{name} must not be empty"
    unit = "characters" if first["type"] == "string_too_short" else "items"
    return f"{name}: at least {ctx['min_length']} {unit} are needed"


def _too_long(name: str, ctx: dict[str, Any], first: ErrorDetails) -> str:
    unit = "characters" if first["type"] == "string_too_long" else "items"
    return f"{name}: at most {ctx['max_length']} {unit} are allowed"


def _options(name: str, ctx: dict[str, Any], first: ErrorDetails) -> str:
    expected = ctx["expected"].replace(" or ", ", ").split(", ")
    return f"{name}: expected one of " + "|".join(option.replace("'", '"') for option in expected)


def _own_words(name: str, ctx: dict[str, Any], first: ErrorDetails) -> str:
    return str(ctx.get("error") or first["msg"])


_SENTENCES: dict[str, Callable[[str, dict[str, Any], ErrorDetails], str]] = {
    "assertion_error": _own_words,
    "enum": _options,
    "json_invalid": lambda name, ctx, first: f"{name} is not valid JSON: {ctx['error']}",
    "literal_error": _options,
    "missing": lambda name, ctx, first: f"{name} is required",
    "null": lambda name, ctx, first: f"{name} must not be null",
    "string_pattern_mismatch": lambda name, ctx, first: f"{name}: must match {ctx['pattern']}",
    "string_too_long": _too_long,
    "string_too_short": _too_short,
    "too_long": _too_long,
    "too_short": _too_short,
    "value_error": _own_words,
}
