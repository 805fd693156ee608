"""Settings of the worktrees plugin, ``[plugins.worktrees]``."""

from pydantic import BaseModel, Field


class WorktreesSettings(BaseModel, defer_build=True):
    """What is given back by itself; nothing unless it is set.

    Attributes:
        idle_days: a working tree whose threads have done nothing for so long goes; the next message makes it anew.
        max_megabytes: the longest idle go while all together take more.
        discard_ignored: also where files that git ignores are too large to be kept, as archiving does.
        snapshot_days: a kept state that is proven to be elsewhere, and older, goes.
        snapshots_kept: so many kept states of one thread stay, whatever is proven.
    """

    idle_days: float | None = Field(default=None, gt=0)
    max_megabytes: float | None = Field(default=None, ge=0)
    discard_ignored: bool = False
    snapshot_days: float | None = Field(default=None, ge=0)
    snapshots_kept: int = Field(default=1, ge=1)
