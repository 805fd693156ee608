"""Opens places in programs of the server's desktop (``http-core.md`` §8.2, "Programs started")."""

import sys
from collections.abc import Mapping
from pathlib import Path

from a_parallel_contracts import BadRequest
from a_parallel_contracts.hosts import SERVER_VARIABLES, Host
from a_parallel_plugins.browse.places import is_directory

TERMINAL = "x-terminal-emulator"
EDITORS: Mapping[str, tuple[str, ...]] = {
    "vscode": ("code",),
    "cursor": ("cursor",),
    "windsurf": ("windsurf",),
    "zed": ("zed",),
    "sublime": ("subl",),
    "vim": (TERMINAL, "-e", "vim"),
}


class Programs:
    """Starts programs that live on by themselves.

    Parameters:
        host: where they start.
        platform: as ``sys.platform`` says.
    """

    def __init__(self, host: Host, platform: str = sys.platform) -> None:
        self._host = host
        self._mac = platform == "darwin"

    async def show(self, directory: Path) -> None:
        """Open a directory in the file manager."""
        await self._start(["open" if self._mac else "xdg-open", str(directory)], directory)

    async def terminal(self, directory: Path) -> None:
        """Open a terminal in a directory."""
        command = ["open", "-a", "Terminal"] if self._mac else [TERMINAL, "--working-directory"]
        await self._start([*command, str(directory)], directory)

    async def edit(self, path: Path, editor: str) -> None:
        """Open a directory or file in an editor of the table."""
        command = EDITORS[editor]
        await self._require(command[-1])
        await self._start([*command, str(path)], path if is_directory(path) else path.parent)

    async def _start(self, command: list[str], directory: Path) -> None:
        await self._require(command[0])
        await self._host.detach(command, cwd=directory, env=SERVER_VARIABLES)

    async def _require(self, program: str) -> None:
        if await self._host.which(program) is None:
            raise BadRequest(f"{program} is not installed on the server, or not on the PATH it was started with")
