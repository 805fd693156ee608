"""Bodies and answers of ``/api/plugins`` and ``/api/claude-plugins``."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from a_parallel_contracts import Omissible, WireModel

PLUGIN_ID = r"^[A-Za-z0-9_][A-Za-z0-9._-]*(@[A-Za-z0-9_][A-Za-z0-9._-]*)?$"
"""``name`` or ``name@marketplace``; never an option."""

_Unset = Field(default=None, exclude_if=lambda value: value is None)


class Command(WireModel):
    """A slash command that a plugin brings."""

    name: str
    description: str


class InstalledPlugin(WireModel):
    """A plugin of the CLI (``http-features.md`` §3); `id` is what ``DELETE /api/claude-plugins`` takes."""

    id: str
    name: str
    description: str
    author: str
    installed: bool = True
    installed_at: str | None = _Unset
    last_updated: str | None = _Unset
    scope: str | None = _Unset
    version: str | None = _Unset
    commands: tuple[Command, ...]


class InstalledPlugins(WireModel):
    """Answer of ``GET /api/plugins``."""

    plugins: list[InstalledPlugin]


def _source(text: str) -> str:
    """Refuse what git or the CLI would take for something else than an address."""
    if text.startswith("-") or "::" in text or not text.isprintable():
        raise PydanticCustomError("source", "must be owner/repo, an https address or a path")
    return text


class NewPlugin(WireModel):
    """Body of ``POST /api/claude-plugins``.

    Attributes:
        plugin: ``name@marketplace``, or a bare name together with `marketplace`.
        marketplace: where it comes from, if the CLI does not know it yet: ``owner/repo``, an address or a path.
    """

    plugin: Annotated[str, Field(pattern=PLUGIN_ID, max_length=200)]
    marketplace: Omissible[Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_source)]] = None
