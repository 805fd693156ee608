"""The base of everything that crosses the wire."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class WireModel(BaseModel):
    """A frozen model with snake_case fields and camelCase JSON keys.

    Columns of rows and keys of JSON both fit: it may be built by either name.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)
