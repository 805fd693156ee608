"""Bodies and answers of ``/api/projects``."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from a_parallel_contracts import Omissible, WireModel


def _name(text: str) -> str:
    return _filled(text, "name is required")


def _path(text: str) -> str:
    return _filled(text, "path is required")


def _filled(text: str, message: str) -> str:
    if not text:
        raise PydanticCustomError("required", message)
    return text


def _ids(ids: list[str]) -> list[str]:
    if not ids:
        raise PydanticCustomError("required", "projectIds must not be empty")
    return ids


def _color(text: str) -> str:
    digits = text.removeprefix("#")
    if len(text) != 7 or len(digits) != 6 or not set(digits) <= set("0123456789abcdefABCDEF"):
        raise PydanticCustomError("color", "color must be a valid hex color (#RRGGBB)")
    return text


Name = Annotated[str, AfterValidator(_name)]
Color = Annotated[str, AfterValidator(_color)]


class NewProject(WireModel):
    """Body of ``POST /api/projects`` (§5.2)."""

    name: Name
    path: Annotated[str, AfterValidator(_path)]


class ProjectChanges(WireModel):
    """Body of ``PATCH /api/projects/:id`` (§5.3); only what was sent changes, and null clears the colour."""

    name: Omissible[Name] = None
    color: Color | None = None


class NewOrder(WireModel):
    """Body of ``PUT /api/projects/reorder`` (§5.5)."""

    project_ids: Annotated[list[Annotated[str, Field(min_length=1)]], AfterValidator(_ids)]


class CreatedProject(WireModel):
    """Answer of ``POST /api/projects``, which has no ``color`` (§3.1)."""

    id: str
    name: str
    path: str
    user_id: str
    sort_order: int
    created_at: str
