"""The section ``[plugins.skills]``."""

from pydantic import BaseModel, ConfigDict, Field


class SkillsSettings(BaseModel):
    """Where skills come from, and who may change them.

    Attributes:
        admins_only: in multi-user mode only admins install and remove skills, since they work for everybody.
        github: what ``owner/repository`` is below.
        timeout: seconds within which a repository must have been fetched.
        size_limit: bytes of a skill.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    admins_only: bool = True
    github: str = Field(default="https://github.com", pattern=r"^(https?|file)://\S+$")
    timeout: float = Field(default=120, gt=0)
    size_limit: int = Field(default=50 * 1024 * 1024, gt=0)
