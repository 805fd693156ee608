"""Files of the directory in which a run works; nothing outside of it is touched."""

from pathlib import Path

from a_parallel_contracts.paths import real_path
from a_parallel_plugins.scripted.script import ScriptError


def resolve(directory: str, name: str) -> Path:
    """Return the file `name` in `directory`, symbolic links followed.

    Raises:
        ScriptError: no name, or it lies outside.
    """
    root = real_path(directory)
    try:
        target = real_path(root / name)
    except (OSError, ValueError) as error:
        raise ScriptError(f"{name!r} is no usable file name: {error}") from None
    if not name or target == root or not target.is_relative_to(root):
        raise ScriptError(f"{name!r} lies outside the directory of the run")
    return target


def read(path: Path) -> str:
    """Return a file's text, invalid bytes replaced."""
    return path.read_text("utf-8", "replace")


def write(path: Path, content: str) -> str:
    """Make or replace a file and return what an agent's tool would say."""
    existed = path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    return "The file was updated." if existed else "The file was created."


def replace(path: Path, old: str, new: str) -> str:
    """Replace the first occurrence of `old`.

    Raises:
        ScriptError: it does not occur.
    """
    content = read(path)
    if old not in content:
        raise ScriptError(f"{old!r} does not occur in {path.name}")
    return write(path, content.replace(old, new, 1))


def append(path: Path, line: str) -> str:
    """Append a line to a file, which is made if it is missing."""
    content = read(path) if path.exists() else ""
    gap = "" if not content or content.endswith("\n") else "\n"
    return write(path, f"{content}{gap}{line}\n")


def names(directory: str, limit: int = 50) -> list[str]:
    """Return the names in a directory that are not hidden, in order."""
    return sorted(path.name for path in Path(directory).iterdir() if not path.name.startswith("."))[:limit]
