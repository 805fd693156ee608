"""JSON as it goes over the wire: camelCase, valid whatever text a program or a file name contains."""

import functools
import json
from typing import Any

import pydantic_core
from pydantic import BaseModel


def encode(value: Any) -> bytes:
    """Return `value` (models, lists, dicts, dataclasses, …) as JSON by alias.

    Numbers that JSON does not know become null. Lone surrogates, which UTF-8 cannot hold, are escaped.

    Raises:
        pydantic_core.PydanticSerializationError: a type that has no JSON form.
    """
    try:
        return pydantic_core.to_json(value, by_alias=True, inf_nan_mode="null")
    except pydantic_core.PydanticSerializationError as error:
        if "surrogates not allowed" not in str(error):
            raise
    plain = pydantic_core.to_jsonable_python(value, by_alias=True, inf_nan_mode="null")
    return json.dumps(plain, separators=(",", ":"), allow_nan=False).encode()


def encode_fields(model: BaseModel, leave_out: frozenset[str] = frozenset()) -> bytes:
    """Return a model as JSON without the fields `leave_out` and without fields that are None.

    None inside of a field's value stays: there it is data.
    """
    absent = [name for name in _fields(type(model)) if getattr(model, name) is None]
    excluded = leave_out.union(absent) if absent else leave_out
    try:
        # The serializer itself: `model_dump_json` would make text of its bytes, and take as long again.
        return model.__pydantic_serializer__.to_json(model, by_alias=True, exclude=_as_set(excluded))
    except pydantic_core.PydanticSerializationError as error:
        if "surrogates not allowed" not in str(error):
            raise
    return encode(model.model_dump(by_alias=True, exclude=set(excluded)))


@functools.lru_cache(1024)
def _fields(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(model.model_fields)


@functools.lru_cache(1024)
def _as_set(names: frozenset[str]) -> set[str] | None:
    return set(names) or None
