"""Routes of ``/api/skills`` (``http-features.md`` §2)."""

from a_parallel_contracts import Ok, Request, Route, delete, get, post
from a_parallel_plugins.skills.models import Memory, NewSkill, PlaceQuery, RecommendedSkills, Skills
from a_parallel_plugins.skills.recommended import RECOMMENDED
from a_parallel_plugins.skills.service import SkillService


def skill_routes(service: SkillService) -> list[Route]:
    """Return the routes."""

    async def show_all(request: Request[None, None, PlaceQuery]) -> Skills:
        """Return the skills of a project and the global ones."""
        return Skills(skills=await service.show(request.actor, request.query.project_path))

    async def recommended(request: Request) -> RecommendedSkills:
        """Return skills that are worth a try."""
        return RecommendedSkills(skills=list(RECOMMENDED))

    async def memory(request: Request[None, None, PlaceQuery]) -> Memory:
        """Return the CLAUDE.md files in force in a project."""
        return Memory(files=await service.memory(request.actor, request.query.project_path))

    async def install(request: Request[None, NewSkill]) -> Ok:
        """Install skills from a git repository or a folder."""
        await service.install(request.actor, request.body)
        return Ok()

    async def remove(request: Request) -> Ok:
        """Remove a global skill."""
        await service.remove(request.actor, request.params["name"])
        return Ok()

    return [
        get("/api/skills", show_all),
        get("/api/skills/recommended", recommended),
        get("/api/skills/memory", memory),
        post("/api/skills", install, scope="admin"),
        delete("/api/skills/{name}", remove, scope="admin"),
    ]
