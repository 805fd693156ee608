"""Which tool calls the scripted agent asks a person about (``agent-lifecycle.md`` §13)."""

from typing import Literal

from msgspec import Struct

from a_parallel_contracts.agents import DEFAULT_TOOLS, EDITING_TOOLS, Run
from a_parallel_contracts.threads import PermissionMode


class Rules(Struct):
    """Rules of one run; `mode` follows the session's permission mode."""

    mode: PermissionMode
    allowed: tuple[str, ...] | None
    disallowed: tuple[str, ...]

    @classmethod
    def of(cls, run: Run) -> "Rules":
        """Return the rules of a run."""
        return cls(run.permission_mode, run.allowed_tools, run.disallowed_tools)

    def decide(self, tool: str) -> Literal["allow", "deny", "ask"]:
        """Return what becomes of a call of `tool` that no policy has decided about."""
        if tool in self.disallowed:
            return "deny"
        if self.mode == PermissionMode.AUTO_EDIT:
            return "allow" if self.allowed is None or tool in self.allowed else "ask"
        if tool in EDITING_TOOLS:
            return "ask"
        return "allow" if tool in (DEFAULT_TOOLS if self.allowed is None else self.allowed) else "ask"
