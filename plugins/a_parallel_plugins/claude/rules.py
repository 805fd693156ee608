"""Which tool calls a person must be asked about (``agent-lifecycle.md`` §13, confirmEdit and "ask" tools)."""

from a_parallel_contracts.agents import DEFAULT_TOOLS, EDITING_TOOLS, Run
from a_parallel_contracts.threads import PermissionMode
from a_parallel_plugins.claude.arguments import launched_tools

OLD_NAMES = {"Agent": "Task"}
"""Tools that rules may name as they were called before."""


class AskRules:
    """The rules of one run; `mode` follows the session's permission mode."""

    def __init__(self, run: Run) -> None:
        self.mode = run.permission_mode
        self._explicit = run.allowed_tools is not None
        self._allowed = DEFAULT_TOOLS if run.allowed_tools is None else run.allowed_tools
        self._launched = launched_tools(run)

    def holds(self, tool: str) -> bool:
        """Tell whether a call that the CLI asks about is held for a person.

        In autoEdit it is held if the client gave lists and the tool is in none of them; in the other
        modes also if it changes files, or if nobody allowed it.
        """
        if self.mode == PermissionMode.AUTO_EDIT:
            return self._explicit and not _covers(self._allowed, tool)
        return tool in EDITING_TOOLS or not _covers(self._allowed, tool)

    def asks_first(self, tool: str) -> bool:
        """Tell whether the CLI must be made to ask, since it was launched with a rule that allows the call.

        That is so after a change to confirmEdit in a live session.
        """
        return self.mode == PermissionMode.CONFIRM_EDIT and tool in EDITING_TOOLS and _covers(self._launched, tool)


def _covers(rules: tuple[str, ...], tool: str) -> bool:
    """Tell whether a rule allows every call of `tool`; one with a pattern (``Bash(git:*)``) does not."""
    names = {tool, OLD_NAMES.get(tool, tool)}
    if tool.startswith("mcp__"):
        server = "__".join(tool.split("__")[:2])
        names |= {server, f"{server}__*"}
    return not names.isdisjoint(rules)
