"""Lists the directories in a directory for the folder picker (``http-core.md`` §8.2)."""

import os
import unicodedata
from pathlib import Path

from a_parallel_plugins.browse.models import Directory, Listing
from a_parallel_plugins.browse.places import Place, expressible

HIDDEN = frozenset({"node_modules", "$Recycle.Bin", "System Volume Information"})


def list_directories(place: Place) -> Listing:
    """Return the directories in a place; links, and what is hidden or may not be seen, are left out."""
    parent = None if place.shown == "/" else os.path.dirname(place.shown)  # noqa: PTH120 - a text of our own making
    try:
        names = [entry.name for entry in os.scandir(place.real) if _is_shown(entry)]
    except OSError as error:
        reason = f"{place.shown} cannot be read: {error.strerror}"
        return Listing(path=place.shown, parent=parent, dirs=[], error=reason)
    visible = [name for name in names if place.allowed.shows(place.real / name)]
    directories = [Directory(name=name, path=_joined(place.shown, name)) for name in sorted(visible, key=collation_key)]
    return Listing(path=place.shown, parent=parent, dirs=directories)


def _is_shown(entry: "os.DirEntry[str]") -> bool:
    name = entry.name
    if name.startswith(".") or name in HIDDEN or not expressible(name):
        return False
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # it has just gone, or it may not be looked at
        return False


def _joined(directory: str, name: str) -> str:
    return str(Path(directory) / name)


def collation_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """Return what sorts names as people expect: by letters, whatever their case and accents.

    Punctuation comes before digits, digits before letters; of names that are equal otherwise, the one in
    lower case comes first.
    """
    letters = [char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char)]
    return [_rank(char) for char in "".join(letters).casefold()], name.swapcase()


def _rank(char: str) -> tuple[int, str]:
    return (2 if char.isalpha() else 1 if char.isdigit() else 0), char
