"""Routes of ``/api/profile`` (``http-features.md`` §5.1)."""

from a_parallel_contracts import Request, Route, get, put
from a_parallel_plugins.profile.models import NoProfile, ProfileChanges, UserProfile
from a_parallel_plugins.profile.service import ProfileService


def profile_routes(profiles: ProfileService) -> list[Route]:
    """Return the routes; each user has exactly one profile, the own one."""

    async def show(request: Request) -> UserProfile | NoProfile:
        """Return the caller's profile."""
        return await profiles.show(request.actor.user_id)

    async def change(request: Request[None, ProfileChanges]) -> UserProfile | NoProfile:
        """Change the caller's profile; only what was sent changes."""
        await profiles.change(request.actor.user_id, request.body.model_dump(exclude_unset=True))
        return await profiles.show(request.actor.user_id)

    return [get("/api/profile", show), put("/api/profile", change, lenient_body=True, repeatable=True)]
