"""Files that a message refers to, put in front of what the agent reads (``agent-lifecycle.md`` §7)."""

from collections.abc import Iterable
from html import escape
from pathlib import Path

from a_parallel_contracts.paths import real_path

FILE_LIMIT = 100 * 1024
TOTAL_LIMIT = 500 * 1024
"""Bytes of one file, and of all files of one message, that are inlined."""


def with_references(text: str, paths: Iterable[str], directory: str) -> str:
    """Return `text` with the contents of `paths` before it. Reads files: call it off the event loop.

    Parameters:
        text: the user's message.
        paths: relative to `directory`; what resolves outside of it, symbolic links followed, is left out.
        directory: where the agent works.
    """
    root = real_path(directory)
    elements: list[str] = []
    left = TOTAL_LIMIT
    for path in paths:
        target = _resolve(root, path)
        if target is None:
            continue
        element, size = _element(path, target, left)
        elements.append(element)
        left -= size
    if not elements:
        return text
    return "\n".join(["<referenced-files>", *elements, "</referenced-files>"]) + "\n\n" + text


def _resolve(root: Path, path: str) -> Path | None:
    try:
        target = real_path(root / path)
    except (OSError, ValueError):  # a NUL byte, or links in a circle
        return None
    return target if target.is_relative_to(root) else None


def _element(path: str, target: Path, left: int) -> tuple[str, int]:
    """Return the element for a file, and how many bytes of the total it takes."""
    name = escape(path, quote=True)
    try:
        if not target.is_file():
            raise FileNotFoundError(path)
        size = target.stat().st_size
        if size > FILE_LIMIT or size > left:
            note = f"File is too large to include ({round(size / 1024)} KB); use the Read tool"
            return f'<file path="{name}" note="{note}"></file>', 0
        content = target.read_bytes()[: FILE_LIMIT + 1].decode("utf-8", "replace")
    except OSError:
        return f'<file path="{name}" note="File was not found or cannot be read"></file>', 0
    return f'<file path="{name}">\n{content}\n</file>', size
