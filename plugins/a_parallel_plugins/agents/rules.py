"""Permission rules: tool calls that a person has allowed for good in a project."""

from collections.abc import Mapping
from typing import Any, Literal

from a_parallel_contracts import Actor, Database, NotFound, Transaction, WireModel, new_id, now
from a_parallel_contracts.projects import ProjectDeleted
from a_parallel_contracts.threads import Thread, tool_input_text

ARGUMENTS = {
    "Bash": "command",
    "Edit": "file_path",
    "Write": "file_path",
    "Read": "file_path",
    "NotebookEdit": "notebook_path",
    "WebFetch": "url",
}
"""The argument that says what a call is about; for other tools it is the whole input."""

Remember = Literal["tool", "call"]


class PermissionRule(WireModel):
    """A rule that allows tool calls without asking.

    Attributes:
        id: of the rule.
        user_id: who made it; it applies to that user's threads.
        project_id: where it applies.
        tool: name of the tool.
        argument: only calls with exactly this command, path or address; None for all calls of the tool.
        created_at: when.
    """

    id: str
    user_id: str
    project_id: str
    tool: str
    argument: str | None = None
    created_at: str


def argument_of(tool: str, tool_input: Mapping[str, Any]) -> str:
    """Return what a call is about, as rules compare it."""
    value = tool_input.get(ARGUMENTS.get(tool, ""))
    return value if isinstance(value, str) else tool_input_text(dict(tool_input))


class PermissionRules:
    """All rules, in memory beside their table."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._rules: dict[str, PermissionRule] = {}

    async def load(self) -> None:
        """Read the table."""
        rules = await self._db.read("SELECT * FROM agents_permission_rules ORDER BY created_at", into=PermissionRule)
        self._rules = {rule.id: rule for rule in rules}

    def allows(self, owner: str, project_id: str, tool: str, tool_input: Mapping[str, Any]) -> bool:
        """Tell whether a rule of `owner` allows the call."""
        mine = [r for r in self._rules.values() if (r.user_id, r.project_id, r.tool) == (owner, project_id, tool)]
        return any(rule.argument in (None, argument_of(tool, tool_input)) for rule in mine)

    async def add(self, thread: Thread, tool: str, tool_input: Mapping[str, Any], remember: Remember) -> PermissionRule:
        """Allow calls of `tool` in the thread's project from now on: all, or those like this one."""
        rule = PermissionRule(
            id=new_id(),
            user_id=thread.user_id,
            project_id=thread.project_id,
            tool=tool,
            argument=argument_of(tool, tool_input) if remember == "call" else None,
            created_at=now(),
        )
        await self._db.write(
            lambda tx: tx.execute(
                "INSERT INTO agents_permission_rules (id, user_id, project_id, tool, argument, created_at)"
                " VALUES (:id, :user_id, :project_id, :tool, :argument, :created_at)",
                rule.model_dump(),
            )
        )
        self._rules[rule.id] = rule
        return rule

    def visible(self, actor: Actor, project_id: str | None) -> list[PermissionRule]:
        """Return the rules that `actor` may see, oldest first."""
        rules = [rule for rule in self._rules.values() if actor.owns(rule.user_id)]
        return [rule for rule in rules if project_id in (None, rule.project_id)]

    async def remove(self, actor: Actor, id: str) -> None:
        """Take a rule back.

        Raises:
            NotFound: unknown, or somebody else's.
        """
        rule = self._rules.get(id)
        if rule is None or not actor.owns(rule.user_id):
            raise NotFound("Permission rule not found")
        await self._db.write(lambda tx: tx.execute("DELETE FROM agents_permission_rules WHERE id = ?", (id,)))
        self._rules.pop(id, None)

    async def forget_user(self, user_id: str) -> None:
        """Delete the rules of a user who is gone: nobody else has allowed these calls."""
        await self._db.write(lambda tx: tx.execute("DELETE FROM agents_permission_rules WHERE user_id = ?", (user_id,)))
        self._rules = {id: rule for id, rule in self._rules.items() if rule.user_id != user_id}

    async def forget_project(self, event: ProjectDeleted) -> None:
        """Forget the rules of a project that is gone; its rows went with it."""
        self._rules = {id: rule for id, rule in self._rules.items() if rule.project_id != event.project.id}


def move(tx: Transaction, previous: str, owner: str) -> None:
    """Give all rules of one user to another."""
    tx.execute("UPDATE agents_permission_rules SET user_id = ? WHERE user_id = ?", (owner, previous))
