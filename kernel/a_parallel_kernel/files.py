"""Static files of plugins at ``/plugins/<id>/…``, public."""

import asyncio
from pathlib import Path

from a_parallel_kernel.paths import DOTS

PREFIX = "plugins"


class PluginFiles:
    """The directories that plugins serve."""

    def __init__(self) -> None:
        self._directories: dict[str, Path] = {}

    def mount(self, plugin: str, directory: Path) -> None:
        """Serve `directory` below ``/plugins/<plugin>/``.

        Raises:
            NotADirectoryError: there is no such directory.
        """
        real = directory.resolve()
        if not real.is_dir():
            raise NotADirectoryError(f"the static files of {plugin}: {directory} is not a directory")
        self._directories[plugin] = real

    def unmount(self, plugin: str) -> None:
        """Serve nothing of the plugin's any more."""
        self._directories.pop(plugin, None)

    @staticmethod
    def owns(segments: tuple[str, ...]) -> bool:
        """Tell whether a path lies in the part that belongs to static files."""
        return segments[0] == PREFIX and len(segments) > 2

    async def find(self, segments: tuple[str, ...]) -> Path | None:
        """Return the file at a path, or None; nothing outside of the plugin's directory is ever found.

        Parameters:
            segments: decoded, with ``plugins`` and the plugin's id in front.
        """
        directory, rest = self._directories.get(segments[1]), segments[2:]
        if directory is None or any("/" in part or part in DOTS for part in rest):
            return None
        return await asyncio.to_thread(_contained, directory, rest)


def _contained(directory: Path, rest: tuple[str, ...]) -> Path | None:
    try:
        path = directory.joinpath(*rest).resolve(strict=True)
        if path.is_dir():
            path = (path / "index.html").resolve(strict=True)
        return path if path.is_file() and path.is_relative_to(directory) else None
    except (OSError, RuntimeError):  # missing, a name that is too long, a loop of links (RuntimeError before 3.13)
        return None
