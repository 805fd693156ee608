"""Settings of the agents plugin, ``[plugins.agents]``."""

import os

from pydantic import BaseModel, Field


class AgentsSettings(BaseModel, defer_build=True):
    """How agents are run, and how many at the same time.

    Attributes:
        provider: name of the provider of threads that name none.
        max_turns: model round trips for each message.
        start_limit: seconds that the start of an agent may take, hooks included.
        stop_grace: seconds that an agent gets to end politely.
        exit_grace: seconds that an idle agent gets to exit by itself before it is stopped.
        keep_interrupted: seconds for which an interrupted agent is kept for the next message.
        max_runs: agents at work at the same time; further runs wait. One that waits for a person does not count.
        max_runs_per_user, max_runs_per_project: the same for each user and project; unset for no bound.
        min_free_memory: mebibytes that stay free on the machine (or in the control group); a run beyond the first
            waits for that. 0 for no bound.
        run_memory: mebibytes that an agent is expected to take; kept back while it starts.
        survive: agents (and terminals, unless ``[plugins.pty]`` says otherwise) outlive a server that is killed, or
            that ``a-parallel restart`` replaces, and the next one goes on with them.
    """

    provider: str = "claude"
    max_turns: int = Field(default=200, ge=1)
    start_limit: float = Field(default=60.0, gt=0)
    stop_grace: float = Field(default=3.0, ge=0)
    exit_grace: float = Field(default=30.0, gt=0)
    keep_interrupted: float = Field(default=600.0, ge=0)
    max_runs: int = Field(default_factory=lambda: max(8, 4 * (os.cpu_count() or 1)), ge=1)
    max_runs_per_user: int | None = Field(default=None, ge=1)
    max_runs_per_project: int | None = Field(default=None, ge=1)
    min_free_memory: int = Field(default=512, ge=0)
    run_memory: int = Field(default=300, ge=0)
    survive: bool = False
