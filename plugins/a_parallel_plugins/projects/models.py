"""Bodies and answers of ``/api/projects``."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from a_parallel_contracts import Omissible, WireModel

_HEX = re.compile(r"#[0-9A-Fa-f]{6}")


def _color(text: str) -> str:
    if _HEX.fullmatch(text) is None:
        raise PydanticCustomError("color", "must be a hex color (#RRGGBB)")
    return text


Filled = Annotated[str, Field(min_length=1)]


class NewProject(WireModel):
    """Body of ``POST /api/projects`` (§5.2)."""

    name: Filled
    path: Filled


class ProjectChanges(WireModel):
    """Body of ``PATCH /api/projects/:id`` (§5.3); only what was sent changes, and null clears the colour."""

    name: Omissible[Filled] = None
    color: Annotated[str, AfterValidator(_color)] | None = None


class NewOrder(WireModel):
    """Body of ``PUT /api/projects/reorder`` (§5.5)."""

    project_ids: list[Filled] = Field(min_length=1)


class CreatedProject(WireModel):
    """Answer of ``POST /api/projects``, which has no ``color`` (§3.1)."""

    id: str
    name: str
    path: str
    user_id: str
    sort_order: int
    created_at: str
