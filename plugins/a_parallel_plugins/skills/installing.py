"""Puts a skill in its place: into the store, linked for the CLI, and on the list (``http-features.md`` §2)."""

import os
import shutil
from pathlib import Path
from typing import Any

from msgspec import Struct

from a_parallel_contracts import Conflict, new_id, now
from a_parallel_plugins.skills import lockfile
from a_parallel_plugins.skills.copying import copy_skill
from a_parallel_plugins.skills.finding import Found
from a_parallel_plugins.skills.places import WORK_PREFIX, discovered, shares_directory, store
from a_parallel_plugins.skills.sources import Source
from a_parallel_plugins.skills.trees import tree_id


class _Step(Struct, frozen=True):
    """A skill that has been copied and can take its place.

    Attributes:
        found: where it came from.
        fresh: the copy, beside its place.
        tree: id of its content.
    """

    found: Found
    fresh: Path
    tree: str


def install(source: Source, skills: list[Found], size_limit: int) -> None:
    """Install skills from one source, all of them or none.

    Parameters:
        source: for the list.
        skills: in a folder.
        size_limit: bytes of each.

    Raises:
        BadRequest: one cannot be taken over, or the list cannot be understood.
        Conflict: one of their places is taken by something of the user's.
    """
    lockfile.check()
    store().mkdir(parents=True, exist_ok=True)
    steps: list[_Step] = []
    try:
        for found in skills:
            fresh = store() / f"{WORK_PREFIX}{new_id()}"
            copy_skill(found.directory, fresh, size_limit)
            steps.append(_Step(found, fresh, tree_id(fresh)))
        held = lockfile.entries()
        for step in steps:
            _refuse_taken(step, held.get(step.found.name))
        for step in steps:
            _put(step)
        lockfile.change(lambda entries: _note(entries, source, steps))
    finally:
        clear_work()


def clear_work() -> None:
    """Remove what is left of installations and removals that did not come to their end."""
    for left in store().glob(f"{WORK_PREFIX}*") if store().is_dir() else ():
        shutil.rmtree(left)


def _refuse_taken(step: _Step, entry: dict[str, Any] | None) -> None:
    """Refuse to replace what the user has changed, or never got from us."""
    name = step.found.name
    place, link = store() / name, discovered() / name
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise Conflict(f"{place} is in the way; move it away first")
    if place.exists() and tree_id(place) not in (step.tree, (entry or {}).get("skillFolderHash")):
        raise Conflict(f"The skill {name} in {place} was changed since it was installed; remove it first")
    if not shares_directory() and os.path.lexists(link) and link.resolve() != place.resolve():
        raise Conflict(f"There is another skill {name} in {link}; remove it first")


def _put(step: _Step) -> None:
    place = store() / step.found.name
    old = store() / f"{WORK_PREFIX}{new_id()}"
    if place.exists():
        place.rename(old)
    try:
        step.fresh.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    if not shares_directory():
        link = discovered() / step.found.name
        link.parent.mkdir(parents=True, exist_ok=True)
        if not os.path.lexists(link):
            link.symlink_to(os.path.relpath(place, link.parent.resolve()))


def _note(entries: dict[str, Any], source: Source, steps: list[_Step]) -> None:
    moment = now()
    for step in steps:
        before = entries.get(step.found.name)
        kept = before if isinstance(before, dict) else {}
        entries[step.found.name] = {
            **kept,
            "source": source.name,
            "sourceType": source.kind,
            "sourceUrl": source.location,
            "skillPath": step.found.path,
            "skillFolderHash": step.tree,
            "installedAt": kept.get("installedAt") or moment,
            "updatedAt": moment,
        }
