"""The section ``[plugins.claude]``."""

from pydantic import BaseModel, ConfigDict, Field

from a_parallel_contracts.threads import Model


class ClaudeSettings(BaseModel):
    """How the Claude CLI is found and driven.

    Attributes:
        binary: path of the CLI; ``CLAUDE_BINARY_PATH`` in the environment wins.
        models: model ids instead of the CLI's own aliases, by the client's names.
        extra_arguments: put at the end of the command line of every run.
        silence_limit: seconds without any output after which a running turn is taken for dead
            (``agent-lifecycle.md`` §11).
        tool_silence_limit: the same while a tool call is open, which may be silent for long.
        linger_limit: seconds that a CLI may stay after its standard input was closed.
        control_timeout: seconds to wait for the answer to a control request.
        gate_timeout: seconds within which a tool call must be decided; then it is denied.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)

    binary: str | None = None
    models: dict[Model, str] = Field(default_factory=dict)
    extra_arguments: list[str] = Field(default_factory=list)
    silence_limit: float = Field(default=600, gt=0)
    tool_silence_limit: float = Field(default=3600, gt=0)
    linger_limit: float = Field(default=30, gt=0)
    control_timeout: float = Field(default=15, gt=0)
    gate_timeout: float = Field(default=30, gt=0)
