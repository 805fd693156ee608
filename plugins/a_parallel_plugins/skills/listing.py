"""Finds the skills that the CLI finds (``claude-cli.md`` §14) and those that were installed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from a_parallel_plugins.skills import lockfile
from a_parallel_plugins.skills.models import Skill
from a_parallel_plugins.skills.places import WORK_PREFIX, discovered, is_component, store
from a_parallel_plugins.skills.reading import read_skill


def global_skills() -> list[Skill]:
    """Return what was installed, and then what lies in the user's directory beside it."""
    installed = lockfile.entries()
    return [*(_installed(name, entry) for name, entry in installed.items()), *_by_hand(set(installed))]


def project_skills(project: Path) -> list[Skill]:
    """Return the skills of a project: of its directory, and of those above it up to the top of its repository."""
    found: dict[str, Skill] = {}
    for place in _up_to_top(project):
        for directory in _children(place / ".claude" / "skills"):
            text = read_skill(directory)
            if text is not None and text.name not in found:
                skill = Skill(name=text.name, description=text.description, source="project", scope="project")
                found[text.name] = skill
    return list(found.values())


def _installed(name: str, entry: dict[str, Any]) -> Skill:
    text = read_skill(store() / name) if is_component(name) else None
    return Skill(
        name=name,
        description=text.description if text else "",
        source=_string(entry, "source") or "",
        source_url=_string(entry, "sourceUrl"),
        installed_at=_string(entry, "installedAt"),
        updated_at=_string(entry, "updatedAt"),
        scope="global",
    )


def _by_hand(installed: set[str]) -> Iterator[Skill]:
    """Yield the skills that nobody has listed: named after their directory, by which they are removed."""
    for directory in _children(discovered()):
        text = read_skill(directory) if directory.name not in installed else None
        if text is not None:
            yield Skill(name=directory.name, description=text.description, source="local", scope="global")


def _children(place: Path) -> list[Path]:
    """Return the directories in a directory by name; links to directories too, as the CLI does."""
    try:
        return sorted(child for child in place.iterdir() if not child.name.startswith(WORK_PREFIX) and child.is_dir())
    except (OSError, ValueError):
        return []


def _up_to_top(project: Path) -> list[Path]:
    """Return a directory and those above it up to the one with ``.git``; outside of a repository only itself."""
    chain = [project, *project.parents]
    tops = [index for index, place in enumerate(chain) if (place / ".git").exists()]
    return chain[: tops[0] + 1] if tops else [project]


def _string(entry: dict[str, Any], key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) else None
