"""Rows of the table ``startup_commands``."""

from typing import TYPE_CHECKING

from a_parallel_contracts import Conflict, Database, NotFound, Transaction, new_id, now
from a_parallel_contracts.commands import StartupCommand
from a_parallel_contracts.projects import Project

if TYPE_CHECKING:  # loaded with the routes
    from a_parallel_plugins.commands.models import CommandText

_COLUMNS = "id, project_id, label, command, port, port_env_var, sort_order, created_at"
_ALL = f"SELECT {_COLUMNS} FROM startup_commands WHERE project_id = :project ORDER BY sort_order, created_at, rowid"  # noqa: S608
_ONE = f"SELECT {_COLUMNS} FROM startup_commands WHERE id = :id AND project_id = :project"  # noqa: S608
_NEXT = "SELECT coalesce(max(sort_order) + 1, 0) FROM startup_commands WHERE project_id = ?"
_INSERT = """
    INSERT INTO startup_commands (id, project_id, label, command, sort_order, created_at)
    VALUES (:id, :project_id, :label, :command, :sort_order, :created_at)
"""
_UPDATE = "UPDATE startup_commands SET label = ?, command = ? WHERE id = ? AND project_id = ?"
_DELETE = "DELETE FROM startup_commands WHERE id = ? AND project_id = ?"

NOT_FOUND = "Command not found"


class CommandStore:
    """Reads and writes commands; each belongs to exactly one project."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def all(self, project: Project) -> list[StartupCommand]:
        """Return the commands of a project in their order."""
        return await self._db.read(_ALL, into=StartupCommand, project=project.id)

    async def get(self, project: Project, id: str) -> StartupCommand:
        """Return a command of a project.

        Raises:
            NotFound: the project has no such command.
        """
        found = await self._db.read(_ONE, into=StartupCommand, id=id, project=project.id)
        if not found:
            raise NotFound(NOT_FOUND)
        return found[0]

    async def add(self, project: Project, text: "CommandText") -> StartupCommand:
        """Store a new command after the others.

        Raises:
            NotFound: the project has been deleted meanwhile.
        """
        try:
            return await self._db.write(lambda tx: _insert(tx, project, text))
        except Conflict:  # the foreign key
            raise NotFound("Project not found") from None

    async def change(self, project: Project, id: str, text: "CommandText") -> None:
        """Replace label and command.

        Raises:
            NotFound: the project has no such command.
        """
        values = (text.label, text.command, id, project.id)
        if not await self._db.write(lambda tx: tx.execute(_UPDATE, values)):
            raise NotFound(NOT_FOUND)

    async def delete(self, project: Project, id: str) -> None:
        """Delete a command, if the project has it."""
        await self._db.write(lambda tx: tx.execute(_DELETE, (id, project.id)))


def _insert(tx: Transaction, project: Project, text: "CommandText") -> StartupCommand:
    command = StartupCommand(
        id=new_id(),
        project_id=project.id,
        label=text.label,
        command=text.command,
        sort_order=tx.value(_NEXT, (project.id,)),
        created_at=now(),
    )
    tx.execute(_INSERT, command.model_dump(exclude={"port", "port_env_var"}))
    return command
