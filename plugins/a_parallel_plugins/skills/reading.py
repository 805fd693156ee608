"""Reads one skill (``claude-cli.md`` §14)."""

from pathlib import Path

from msgspec import Struct

from a_parallel_contracts.frontmatter import read_document
from a_parallel_plugins.skills.places import SKILL_FILE

_LIMIT = 1024 * 1024


class SkillText(Struct, frozen=True):
    """What a skill says about itself.

    Attributes:
        name: of its front matter, or of its directory.
        description: of its front matter, or the first line of its text.
    """

    name: str
    description: str


def read_skill(directory: Path) -> SkillText | None:
    """Return what the skill in a directory says; None if there is none."""
    text = _text(directory / SKILL_FILE)
    if text is None:
        return None
    document = read_document(text)
    description = document.fields.get("description") or document.first_line
    return SkillText(document.fields.get("name") or directory.name, description)


def _text(file: Path) -> str | None:
    try:
        if not file.is_file() or file.stat().st_size > _LIMIT:
            return None
        return file.read_text("utf-8", "replace")
    except OSError:
        return None
