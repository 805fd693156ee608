"""Settings of the agents plugin, ``[plugins.agents]``."""

from pydantic import BaseModel, Field


class AgentsSettings(BaseModel):
    """How agents are run.

    Attributes:
        provider: name of the provider of threads that name none.
        max_turns: model round trips for each message.
        start_limit: seconds that the start of an agent may take, hooks included.
        stop_grace: seconds that an agent gets to end politely.
        exit_grace: seconds that an idle agent gets to exit by itself before it is stopped.
        keep_interrupted: seconds for which an interrupted agent is kept for the next message.
    """

    provider: str = "claude"
    max_turns: int = Field(default=200, ge=1)
    start_limit: float = Field(default=60.0, gt=0)
    stop_grace: float = Field(default=3.0, ge=0)
    exit_grace: float = Field(default=30.0, gt=0)
    keep_interrupted: float = Field(default=600.0, ge=0)
