"""Routes of ``/api/github`` (``http-features.md`` §6)."""

from a_parallel_contracts import Ok, Request, Route, delete, get, post
from a_parallel_contracts.projects import Project
from a_parallel_plugins.github.account import Account
from a_parallel_plugins.github.clones import Clones
from a_parallel_plugins.github.models import (
    CloneBody,
    ConnectionStatus,
    DeviceCode,
    GithubUser,
    PollAnswer,
    PollBody,
    Repositories,
    RepositoryQuery,
    RunningClone,
)


def account_routes(account: Account) -> list[Route]:
    """Return the routes about the caller's account."""

    async def status(request: Request) -> ConnectionStatus:
        """Tell whether the caller is connected to GitHub."""
        return await account.status(request.actor.user_id)

    async def begin(request: Request) -> DeviceCode:
        """Begin to connect: return the code that the caller types on GitHub's page."""
        return await account.device.begin()

    async def poll(request: Request[None, PollBody]) -> PollAnswer:
        """Ask whether the caller has typed the code; the token is stored as soon as they have."""
        return await account.poll(request.actor.user_id, request.body.device_code)

    async def disconnect(request: Request) -> Ok:
        """Forget the caller's token."""
        await account.disconnect(request.actor.user_id)
        return Ok()

    async def user(request: Request) -> GithubUser:
        """Return the caller's account on GitHub."""
        return await account.user(request.actor.user_id)

    async def repositories(request: Request[None, None, RepositoryQuery]) -> Repositories:
        """Return a page of the caller's repositories, or of those that match a search."""
        return await account.repositories(request.actor.user_id, request.query)

    return [
        get("/api/github/status", status),
        post("/api/github/oauth/device", begin),
        post("/api/github/oauth/poll", poll),
        delete("/api/github/oauth/disconnect", disconnect),
        get("/api/github/user", user),
        get("/api/github/repos", repositories),
    ]


def clone_routes(clones: Clones) -> list[Route]:
    """Return the routes that clone."""

    async def clone(request: Request[None, CloneBody]) -> Project:
        """Clone a repository and register it as a project."""
        return await clones.clone(request.actor, request.body)

    async def running(request: Request) -> list[RunningClone]:
        """Return the caller's clones that are being made."""
        return [
            RunningClone(
                id=clone.id,
                name=clone.directory.name,
                destination_path=str(clone.directory.parent),
                phase=clone.phase,
                percent=clone.percent,
            )
            for clone in clones.running(request.actor)
        ]

    async def cancel(request: Request) -> Ok:
        """Cancel a clone; what it has made is removed."""
        clones.cancel(request.actor, request.params["id"])
        return Ok()

    return [
        post("/api/github/clone", clone, status=201),
        get("/api/github/clones", running),
        delete("/api/github/clones/{id}", cancel),
    ]
