"""The files of a built client, found by the path of a request."""

from pathlib import Path

INDEX = "index.html"
WELL_KNOWN = ".well-known"


class BuiltClient:
    """A directory with a built client.

    Parameters:
        directory: looked at anew for each request, so that a new build or a moved link counts at once.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory.expanduser().absolute()

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
        except (OSError, ValueError, RuntimeError):  # no such file, a name with NUL, a loop of links in Python 3.11
            return None
        return file if file.is_relative_to(root) and file.is_file() else None
