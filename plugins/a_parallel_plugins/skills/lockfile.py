"""``~/.agents/.skill-lock.json``, which other tools write too, so everything unknown in it stays."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from a_parallel_contracts import BadRequest
from a_parallel_plugins.skills.places import lock_file

Entries = dict[str, dict[str, Any]]


def entries() -> Entries:
    """Return the entries by name; what cannot be read is empty, and malformed entries are left out."""
    try:
        return _entries(_load())
    except BadRequest:
        return {}


def change(work: Callable[[dict[str, Any]], None]) -> None:
    """Change the entries and write the file anew as a whole.

    Raises:
        BadRequest: the file is there but cannot be understood; it is left as it is.
    """
    whole = _load()
    held = whole.setdefault("skills", {})
    if not isinstance(held, dict):
        raise BadRequest(_broken())
    work(held)
    whole.setdefault("version", 3)
    _write(lock_file(), json.dumps(whole, indent=2, ensure_ascii=False) + "\n")


def check() -> None:
    """Make sure that `change` will understand the file.

    Raises:
        BadRequest: it will not.
    """
    if not isinstance(_load().get("skills", {}), dict):
        raise BadRequest(_broken())


def _load() -> dict[str, Any]:
    try:
        whole = json.loads(lock_file().read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise BadRequest(_broken()) from error
    if not isinstance(whole, dict):
        raise BadRequest(_broken())
    return whole


def _entries(whole: dict[str, Any]) -> Entries:
    held = whole.get("skills")
    found = held.items() if isinstance(held, dict) else ()
    return {name: entry for name, entry in found if isinstance(entry, dict)}


def _broken() -> str:
    return f"{lock_file()} cannot be understood; repair it or move it away, and try again"


def _write(file: Path, text: str) -> None:
    """Replace a file at once; a crash leaves the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=file.name, dir=file.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
