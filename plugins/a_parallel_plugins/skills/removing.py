"""Takes a skill away (``http-features.md`` §2)."""

import shutil
from pathlib import Path

from a_parallel_contracts import BadRequest, new_id
from a_parallel_plugins.skills import lockfile
from a_parallel_plugins.skills.places import SKILL_FILE, WORK_PREFIX, discovered, one_component, store


def remove(name: str) -> None:
    """Remove a skill from the list, the store and the CLI's directory; links go, what they lead to stays.

    Raises:
        BadRequest: there is no skill of that name in either directory or on the list.
    """
    one_component(name)
    listed = name in lockfile.entries()
    places = [place for place in (discovered() / name, store() / name) if _is_skill(place, listed=listed)]
    if not listed and not places:
        raise BadRequest(f"There is no global skill {name!r}")
    lockfile.check()
    for place in places:
        _remove(place)
    if listed:
        lockfile.change(lambda entries: entries.__delitem__(name))


def _is_skill(place: Path, *, listed: bool) -> bool:
    """Tell a skill from what else lies there; the directory of one that is on the list may have lost its file."""
    return place.is_symlink() or (place.is_dir() and (listed or (place / SKILL_FILE).is_file()))


def _remove(place: Path) -> None:
    if place.is_symlink():
        place.unlink(missing_ok=True)
    elif place.is_dir():
        doomed = place.with_name(f"{WORK_PREFIX}{new_id()}")
        place.rename(doomed)  # at once, so that nobody sees half a skill
        shutil.rmtree(doomed)
