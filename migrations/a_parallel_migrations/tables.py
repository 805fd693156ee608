"""The ten tables of ``data.db`` as data (``database.md`` §2); the baseline makes every file agree with them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: of the column.
        declaration: everything that follows the name, as SQL.
    """

    name: str
    declaration: str

    @property
    def sql(self) -> str:
        """The column's definition."""
        return f"{self.name} {self.declaration}"

    @property
    def addable(self) -> bool:
        """Whether it can be added to a table that has rows."""
        return "PRIMARY KEY" not in self.declaration and (
            "NOT NULL" not in self.declaration or "DEFAULT" in self.declaration
        )


@dataclass(frozen=True, slots=True)
class Table:
    """One table; columns that arrived later come last, in the order in which they arrived."""

    name: str
    columns: tuple[Column, ...]

    @property
    def sql(self) -> str:
        """The statement that creates it."""
        columns = ",\n  ".join(column.sql for column in self.columns)
        return f"CREATE TABLE {self.name} (\n  {columns}\n)"


@dataclass(frozen=True, slots=True)
class Index:
    """A secondary index, which older servers ignore (``database.md`` §6)."""

    table: str
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """Made of the table and the columns."""
        return f"idx_{self.table}_{'_'.join(self.columns)}"

    @property
    def sql(self) -> str:
        """The statement that creates it unless it is there."""
        return f"CREATE INDEX IF NOT EXISTS {self.name} ON {self.table} ({', '.join(self.columns)})"


def _table(name: str, *columns: str) -> Table:
    return Table(name, tuple(Column(*column.split(maxsplit=1)) for column in columns))


TABLES = (
    _table(
        "projects",
        "id TEXT PRIMARY KEY",
        "name TEXT NOT NULL",
        "path TEXT NOT NULL",
        "created_at TEXT NOT NULL",
        "user_id TEXT NOT NULL DEFAULT '__local__'",
        "sort_order INTEGER NOT NULL DEFAULT 0",
        "color TEXT",
    ),
    _table(
        "threads",
        "id TEXT PRIMARY KEY",
        "project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE",
        "title TEXT NOT NULL",
        "mode TEXT NOT NULL",
        "status TEXT NOT NULL DEFAULT 'pending'",
        "branch TEXT",
        "worktree_path TEXT",
        "session_id TEXT",
        "cost REAL NOT NULL DEFAULT 0",
        "created_at TEXT NOT NULL",
        "completed_at TEXT",
        "archived INTEGER NOT NULL DEFAULT 0",
        "permission_mode TEXT NOT NULL DEFAULT 'autoEdit'",
        "base_branch TEXT",
        "automation_id TEXT",
        "user_id TEXT NOT NULL DEFAULT '__local__'",
        "pinned INTEGER NOT NULL DEFAULT 0",
        "stage TEXT NOT NULL DEFAULT 'backlog'",
        "initial_prompt TEXT",
        "model TEXT NOT NULL DEFAULT 'sonnet'",
    ),
    _table(
        "messages",
        "id TEXT PRIMARY KEY",
        "thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE",
        "role TEXT NOT NULL",
        "content TEXT NOT NULL",
        "timestamp TEXT NOT NULL",
        "images TEXT",
        "model TEXT",
        "permission_mode TEXT",
    ),
    _table(
        "tool_calls",
        "id TEXT PRIMARY KEY",
        "message_id TEXT NOT NULL REFERENCES messages(id) ON DELETE CASCADE",
        "name TEXT NOT NULL",
        "input TEXT",
        "output TEXT",
    ),
    _table(
        "startup_commands",
        "id TEXT PRIMARY KEY",
        "project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE",
        "label TEXT NOT NULL",
        "command TEXT NOT NULL",
        "sort_order INTEGER NOT NULL DEFAULT 0",
        "created_at TEXT NOT NULL",
        "port INTEGER",
        "port_env_var TEXT",
    ),
    _table(
        "automations",
        "id TEXT PRIMARY KEY",
        "project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE",
        "name TEXT NOT NULL",
        "prompt TEXT NOT NULL",
        "schedule TEXT NOT NULL",
        "model TEXT NOT NULL DEFAULT 'sonnet'",
        "mode TEXT NOT NULL DEFAULT 'worktree'",
        "permission_mode TEXT NOT NULL DEFAULT 'autoEdit'",
        "base_branch TEXT",
        "enabled INTEGER NOT NULL DEFAULT 1",
        "max_run_history INTEGER NOT NULL DEFAULT 20",
        "last_run_at TEXT",
        "next_run_at TEXT",
        "created_at TEXT NOT NULL",
        "updated_at TEXT NOT NULL",
        "user_id TEXT NOT NULL DEFAULT '__local__'",
    ),
    _table(
        "automation_runs",
        "id TEXT PRIMARY KEY",
        "automation_id TEXT NOT NULL REFERENCES automations(id) ON DELETE CASCADE",
        "thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE",
        "status TEXT NOT NULL DEFAULT 'running'",
        "triage_status TEXT NOT NULL DEFAULT 'pending'",
        "has_findings INTEGER",
        "summary TEXT",
        "started_at TEXT NOT NULL",
        "completed_at TEXT",
    ),
    _table(
        "mcp_oauth_tokens",
        "id TEXT PRIMARY KEY",
        "server_name TEXT NOT NULL",
        "project_path TEXT NOT NULL",
        "server_url TEXT NOT NULL",
        "access_token TEXT NOT NULL",
        "refresh_token TEXT",
        "token_type TEXT NOT NULL DEFAULT 'Bearer'",
        "expires_at TEXT",
        "scope TEXT",
        "token_endpoint TEXT",
        "client_id TEXT",
        "client_secret TEXT",
        "created_at TEXT NOT NULL",
        "updated_at TEXT NOT NULL",
    ),
    _table(
        "user_profiles",
        "id TEXT PRIMARY KEY",
        "user_id TEXT NOT NULL UNIQUE",
        "git_name TEXT",
        "git_email TEXT",
        "github_token TEXT",
        "created_at TEXT NOT NULL",
        "updated_at TEXT NOT NULL",
    ),
    _table(
        "stage_history",
        "id TEXT PRIMARY KEY",
        "thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE",
        "from_stage TEXT",
        "to_stage TEXT NOT NULL",
        "changed_at TEXT NOT NULL",
    ),
)

INDEXES = (
    Index("threads", ("project_id",)),
    Index("messages", ("thread_id", "timestamp")),
    Index("tool_calls", ("message_id",)),
    Index("stage_history", ("thread_id",)),
    Index("automation_runs", ("automation_id",)),
    Index("automation_runs", ("thread_id",)),
)
