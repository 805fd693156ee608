"""Bodies and answers of ``/api/skills`` (``http-features.md`` §2)."""

from typing import Annotated, Literal

from pydantic import Field

from a_parallel_contracts import Omissible, WireModel

_Unset = Field(default=None, exclude_if=lambda value: value is None)


class Skill(WireModel):
    """A skill that the CLI finds, or that was installed."""

    name: str
    description: str
    source: str
    source_url: str | None = _Unset
    installed_at: str | None = _Unset
    updated_at: str | None = _Unset
    scope: Literal["global", "project"]


class Skills(WireModel):
    """Answer of ``GET /api/skills``: those of the project first."""

    skills: list[Skill]


class RecommendedSkill(WireModel):
    """A skill that is worth a try."""

    name: str
    description: str
    identifier: str


class RecommendedSkills(WireModel):
    """Answer of ``GET /api/skills/recommended``."""

    skills: list[RecommendedSkill]


class MemoryFile(WireModel):
    """A file that the CLI reads at the beginning of every session.

    Attributes:
        path: absolute.
        scope: whose it is: the user's, the project's, or the project's but kept out of git.
        content: its text, at most 64 KiB of it.
        truncated: there is more.
    """

    path: str
    scope: Literal["user", "project", "local"]
    content: str
    truncated: bool = Field(default=False, exclude_if=lambda value: not value)


class Memory(WireModel):
    """Answer of ``GET /api/skills/memory``, in the order in which the CLI reads them."""

    files: list[MemoryFile]


class PlaceQuery(WireModel):
    """Query of what depends on a project."""

    project_path: str = ""


class NewSkill(WireModel):
    """Body of ``POST /api/skills``.

    Attributes:
        identifier: ``owner/repository``, ``owner/repository@skill``, the address of a git repository, or the
            absolute path of a folder on the server.
        skill: which one, if there are several; all of them without.
    """

    identifier: Annotated[str, Field(min_length=1, max_length=2000)]
    skill: Omissible[Annotated[str, Field(min_length=1, max_length=200)]] = None
