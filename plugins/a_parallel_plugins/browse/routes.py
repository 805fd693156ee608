"""Routes of ``/api/browse`` (``http-core.md`` §8)."""

import asyncio
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from a_parallel_contracts import (
    Actor,
    BadRequest,
    FailedDependency,
    Forbidden,
    Ok,
    PluginContext,
    Request,
    Route,
    get,
    post,
)
from a_parallel_contracts.git import GIT
from a_parallel_contracts.hosts import HOSTS
from a_parallel_contracts.projects import PROJECTS
from a_parallel_plugins.browse.files import search_files
from a_parallel_plugins.browse.listing import list_directories
from a_parallel_plugins.browse.models import (
    EditorBody,
    FilesQuery,
    FoundFiles,
    Listing,
    PathBody,
    PathQuery,
    RepositoryName,
    Roots,
)
from a_parallel_plugins.browse.places import Place, Places
from a_parallel_plugins.browse.programs import EDITORS, Programs

FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


def browse_routes(ctx: PluginContext) -> list[Route]:
    """Return the routes."""
    handlers = BrowseRoutes(ctx)
    return [
        get("/api/browse/roots", handlers.roots),
        get("/api/browse/list", handlers.show),
        get("/api/browse/repo-name", handlers.repository_name),
        get("/api/browse/files", handlers.files),
        post("/api/browse/git-init", handlers.init),
        post("/api/browse/open-directory", handlers.open_directory),
        post("/api/browse/open-terminal", handlers.open_terminal),
        post("/api/browse/open-in-editor", handlers.open_in_editor),
    ]


class BrowseRoutes:
    """Handlers of the routes."""

    def __init__(self, ctx: PluginContext) -> None:
        self._places = Places(ctx.get(PROJECTS))
        self._git = ctx.get(GIT)
        self._host = ctx.get(HOSTS).get()
        self._programs = Programs(self._host)

    async def roots(self, request: Request) -> Roots:
        """Return where browsing may begin."""
        home, roots = await self._places.beginnings(request.actor)
        return Roots(home=home, roots=roots)

    async def show(self, request: Request[None, None, PathQuery]) -> Listing:
        """List the directories in a directory."""
        place = await self._places.find(request.actor, request.query.given, above=True)
        return await asyncio.to_thread(list_directories, place)

    async def repository_name(self, request: Request[None, None, PathQuery]) -> RepositoryName:
        """Return the name of a repository by its origin, else that of the directory."""
        place = await self._places.find(request.actor, request.query.given)
        origin = await self._origin(place) if await place.is_directory() else ""
        return RepositoryName(name=name_in_url(origin) or Path(place.shown).name)

    async def _origin(self, place: Place) -> str:
        try:
            output = await self._git.command(place.real, ["config", "--get", "remote.origin.url"])
        except (BadRequest, FailedDependency):
            return ""
        return output.decode("utf-8", "replace")

    async def files(self, request: Request[None, None, FilesQuery]) -> FoundFiles:
        """Search the files of a working tree by name."""
        place = await self._places.find(request.actor, request.query.given)
        if not await place.is_directory():
            return FoundFiles(files=[], truncated=False, error=f"{place.shown} is no directory")
        return await search_files(self._host, place.real, request.query.query)

    async def init(self, request: Request[None, PathBody]) -> Ok:
        """Make a directory a git repository."""
        directory = await self._directory(request.actor, request.body.path)
        await self._git.command(directory, ["init"])
        return Ok()

    async def open_directory(self, request: Request[None, PathBody]) -> Ok:
        """Open a directory in the file manager of the server's desktop."""
        refuse_distant(request.actor, request.peer, request.headers)
        await self._programs.show(await self._directory(request.actor, request.body.path))
        return Ok()

    async def open_terminal(self, request: Request[None, PathBody]) -> Ok:
        """Open a terminal on the server's desktop."""
        refuse_distant(request.actor, request.peer, request.headers)
        await self._programs.terminal(await self._directory(request.actor, request.body.path))
        return Ok()

    async def open_in_editor(self, request: Request[None, EditorBody]) -> Ok:
        """Open a directory or file in an editor on the server's desktop."""
        refuse_distant(request.actor, request.peer, request.headers)
        if request.body.editor not in EDITORS:
            raise BadRequest(f"Unknown editor: {request.body.editor}")
        place = await self._places.find(request.actor, request.body.path)
        if not await place.exists():
            raise BadRequest(f"{place.shown} does not exist")
        await self._programs.edit(place.real, request.body.editor)
        return Ok()

    async def _directory(self, actor: Actor, path: str) -> Path:
        place = await self._places.find(actor, path)
        if not await place.is_directory():
            raise BadRequest(f"{place.shown} is no directory")
        return place.real


def name_in_url(url: str) -> str:
    """Return the last segment of a remote's URL, without ``.git``."""
    return re.split(r"[/:]", url.strip().rstrip("/"))[-1].removesuffix(".git")


def refuse_distant(actor: Actor, peer: str | None, headers: Mapping[str, str]) -> None:
    """Refuse to open something on the desktop of a server that others use from afar (``http-core.md`` §8.3).

    Parameters:
        actor: in local mode there is nobody else.
        peer: address of the client; None on a Unix socket.
        headers: a proxy on this machine may hide who is behind it.

    Raises:
        Forbidden: the client of a server with several users is on another machine.
    """
    here = peer is None or ip_address(peer).is_loopback
    if not actor.sees_all and (not here or any(name in headers for name in FORWARDED)):
        raise Forbidden("This opens on the server's own screen, so it is for browsers on that machine only")
