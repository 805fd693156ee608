"""JSON schemas of the models that routes, topics and incoming messages name."""

import logging
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError

from a_parallel_kernel.topics import MountedTopic

log = logging.getLogger("a_parallel.http")

Schema = dict[str, Any]
Mode = Literal["validation", "serialization"]
_Key = tuple[str, Mode]


class Schemas:
    """JSON schemas of all types that occur, with their definitions in one place.

    Parameters:
        wanted: name, direction and type of each; a type that has no schema is logged and left out.

    Attributes:
        definitions: of the models, by name.
    """

    def __init__(self, wanted: Iterable[tuple[str, Mode, Any]]) -> None:
        usable = [(key, mode, adapter) for key, mode, kind in wanted if (adapter := _adapter(key, mode, kind))]
        found, definitions = TypeAdapter.json_schemas(usable, ref_template="#/components/schemas/{model}")
        self._found: dict[_Key, Schema] = {key: _without_null_defaults(schema) for key, schema in found.items()}
        self.definitions: dict[str, Schema] = _without_null_defaults(definitions.get("$defs", {}))

    def get(self, key: str, mode: Mode) -> Schema | None:
        """Return the schema of a type, or None if there is no type or it has none."""
        return self._found.get((key, mode))

    def resolved(self, key: str, mode: Mode) -> Schema:
        """Return the schema of a model itself instead of a reference to it."""
        schema = self.get(key, mode) or {}
        return self.definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _without_null_defaults(value: Any) -> Any:
    """Drop defaults that are null: they say nothing, and where null is no valid value they are wrong."""
    if isinstance(value, list):
        return [_without_null_defaults(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: one for key, one in value.items() if not (key == "default" and one is None)}
    return {key: _without_null_defaults(one) for key, one in kept.items()}


def _adapter(key: str, mode: Mode, kind: Any) -> TypeAdapter[Any] | None:
    if kind is None:
        return None
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        adapter.json_schema(mode=mode)
    except PydanticUserError as error:
        log.warning("%s cannot be described: %s", key, str(error).partition(". ")[0])
        return None
    return adapter


def topic_key(mounted: MountedTopic) -> str:
    """Return the name under which `Schemas` is asked for the event of a topic."""
    return f"topic {mounted.topic.name} {mounted.topic.event.__qualname__}"


def data_schema(mounted: MountedTopic, schemas: Schemas) -> Schema:
    """Describe the ``data`` of a topic: the event without what the envelope carries or nobody sees."""
    fields = mounted.topic.event.model_fields
    schema = dict(schemas.resolved(topic_key(mounted), "serialization"))
    hidden = {fields[name].alias or name for name in mounted.hidden}
    schema["properties"] = {name: one for name, one in schema.get("properties", {}).items() if name not in hidden}
    optional = {field.alias or name for name, field in fields.items() if field.default is None}
    schema["required"] = [name for name in schema.get("required", ()) if name not in hidden | optional]
    return schema
