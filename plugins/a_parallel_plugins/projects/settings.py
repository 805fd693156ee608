"""The section ``[plugins.projects]``."""

from pydantic import BaseModel, ConfigDict


class ProjectsSettings(BaseModel):
    """Who may register what.

    Attributes:
        shared_directories: in multi-user mode, users may register directories that are projects of others, as a team
            that works on one checkout does (``http-core.md`` §2.6). Without it only admins may, and for everybody else
            such a directory is as good as none.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    shared_directories: bool = True
