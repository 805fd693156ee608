"""The files of a built client, found by the path of a request."""

import mimetypes
from pathlib import Path

INDEX = "index.html"
WELL_KNOWN = ".well-known"

_TEXT = "text/{}; charset=utf-8"
_TYPES = {
    ".css": _TEXT.format("css"),
    ".htm": _TEXT.format("html"),
    ".html": _TEXT.format("html"),
    ".js": _TEXT.format("javascript"),
    ".json": "application/json",
    ".map": "application/json",
    ".md": _TEXT.format("markdown"),
    ".mjs": _TEXT.format("javascript"),
    ".svg": "image/svg+xml",
    ".txt": _TEXT.format("plain"),
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
"""Types that browsers insist on; the machine's own table is not asked, since it may hold anything."""

_OTHER_TYPES = mimetypes.MimeTypes()


class BuiltClient:
    """A directory with a built client.

    Parameters:
        directory: looked at anew for each request, so that a new build or a moved link counts at once.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.expanduser()

    def index(self) -> Path | None:
        """Return the page that starts the client, or None if there is none."""
        return self._contained(INDEX)

    def find(self, path: str) -> Path | None:
        """Return the file for the path of a request, the page for every other, or None without a client.

        Parameters:
            path: decoded, without its leading slash; it may hold anything.

        A file counts only if its real path lies within the directory's and no segment is hidden.
        """
        return self._contained(path) or self._contained(f"{path}/{INDEX}") or self.index()

    def _contained(self, path: str) -> Path | None:
        segments = [segment for segment in path.split("/") if segment]
        if any(segment.startswith(".") and segment != WELL_KNOWN for segment in segments):
            return None
        try:
            root = self._directory.resolve(strict=True)
            file = root.joinpath(*segments).resolve(strict=True)
        except (OSError, ValueError):  # no such file, a loop of links, a name with NUL or too long
            return None
        return file if file.is_relative_to(root) and file.is_file() else None


def media_type(file: Path) -> str:
    """Return the type of a file by its extension."""
    known = _TYPES.get(file.suffix.lower())
    return known or _OTHER_TYPES.guess_type(file.name)[0] or "application/octet-stream"
