"""The base of everything that crosses the wire."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

ValueT = TypeVar("ValueT")


class WireModel(BaseModel):
    """A frozen model with snake_case fields and camelCase JSON keys.

    Columns of rows and keys of JSON both fit: it may be built by either name.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)


class _NotNull:
    """Refuses null where a value is given, and leaves it out of the JSON schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(_refuse_null, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        described = handler(schema)
        options = [option for option in described.get("anyOf", ()) if option != {"type": "null"}]
        return options[0] if len(options) == 1 else described


def _refuse_null(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError("null", "must not be null")
    return value


Omissible = Annotated[ValueT | None, _NotNull()]
"""A field of a body that may be left out but not be null (``http-core.md`` §2.7): ``name: Omissible[str] = None``."""
