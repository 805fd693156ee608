"""Older shapes of ``data.db``, written down from ``database.md`` §2 and §3 and not from our own tables."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

Row = dict[str, Any]

CREATES = {
    "projects": "id TEXT PRIMARY KEY, name TEXT NOT NULL, path TEXT NOT NULL, created_at TEXT NOT NULL",
    "threads": (
        "id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,"
        " title TEXT NOT NULL, mode TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'pending', branch TEXT,"
        " worktree_path TEXT, session_id TEXT, cost REAL NOT NULL DEFAULT 0, created_at TEXT NOT NULL,"
        " completed_at TEXT"
    ),
    "messages": (
        "id TEXT PRIMARY KEY, thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE, role TEXT NOT NULL,"
        " content TEXT NOT NULL, timestamp TEXT NOT NULL"
    ),
    "tool_calls": (
        "id TEXT PRIMARY KEY, message_id TEXT NOT NULL REFERENCES messages(id) ON DELETE CASCADE,"
        " name TEXT NOT NULL, input TEXT, output TEXT"
    ),
    "startup_commands": (
        "id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,"
        " label TEXT NOT NULL, command TEXT NOT NULL, sort_order INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL"
    ),
    "automations": (
        "id TEXT PRIMARY KEY, project_id TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE, name TEXT NOT NULL,"
        " prompt TEXT NOT NULL, schedule TEXT NOT NULL, model TEXT NOT NULL DEFAULT 'sonnet',"
        " mode TEXT NOT NULL DEFAULT 'worktree', permission_mode TEXT NOT NULL DEFAULT 'autoEdit', base_branch TEXT,"
        " enabled INTEGER NOT NULL DEFAULT 1, max_run_history INTEGER NOT NULL DEFAULT 20, last_run_at TEXT,"
        " next_run_at TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL"
    ),
    "automation_runs": (
        "id TEXT PRIMARY KEY, automation_id TEXT NOT NULL REFERENCES automations(id) ON DELETE CASCADE,"
        " thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE, status TEXT NOT NULL DEFAULT 'running',"
        " triage_status TEXT NOT NULL DEFAULT 'pending', has_findings INTEGER, summary TEXT, started_at TEXT NOT NULL,"
        " completed_at TEXT"
    ),
    "mcp_oauth_tokens": (
        "id TEXT PRIMARY KEY, server_name TEXT NOT NULL, project_path TEXT NOT NULL, server_url TEXT NOT NULL,"
        " access_token TEXT NOT NULL, refresh_token TEXT, token_type TEXT NOT NULL DEFAULT 'Bearer', expires_at TEXT,"
        " scope TEXT, token_endpoint TEXT, client_id TEXT, client_secret TEXT, created_at TEXT NOT NULL,"
        " updated_at TEXT NOT NULL"
    ),
    "user_profiles": (
        "id TEXT PRIMARY KEY, user_id TEXT NOT NULL UNIQUE, git_name TEXT, git_email TEXT, github_token TEXT,"
        " created_at TEXT NOT NULL, updated_at TEXT NOT NULL"
    ),
    "stage_history": (
        "id TEXT PRIMARY KEY, thread_id TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE, from_stage TEXT,"
        " to_stage TEXT NOT NULL, changed_at TEXT NOT NULL"
    ),
}
"""Base columns of the ten tables."""

OWNER = "user_id TEXT NOT NULL DEFAULT '__local__'"

ADDED: list[tuple[str, str]] = [
    ("threads", "archived INTEGER NOT NULL DEFAULT 0"),
    ("threads", "permission_mode TEXT NOT NULL DEFAULT 'autoEdit'"),
    ("threads", "base_branch TEXT"),
    ("messages", "images TEXT"),
    ("messages", "model TEXT"),
    ("messages", "permission_mode TEXT"),
    ("startup_commands", "port INTEGER"),
    ("startup_commands", "port_env_var TEXT"),
    ("threads", "automation_id TEXT"),
    ("projects", OWNER),
    ("threads", OWNER),
    ("automations", OWNER),
    ("threads", "pinned INTEGER NOT NULL DEFAULT 0"),
    ("projects", "sort_order INTEGER NOT NULL DEFAULT 0"),
    ("threads", "stage TEXT NOT NULL DEFAULT 'backlog'"),
    ("projects", "color TEXT"),
    ("threads", "initial_prompt TEXT"),
    ("threads", "model TEXT NOT NULL DEFAULT 'sonnet'"),
]
"""Columns that arrived by ALTER TABLE, in the order of the list."""


def _create(*tables: str) -> list[str]:
    return [f"CREATE TABLE IF NOT EXISTS {table} ({CREATES[table]})" for table in tables]


def _alter(first: int, last: int) -> list[str]:
    return [f"ALTER TABLE {table} ADD COLUMN {column}" for table, column in ADDED[first:last]]


STEPS: list[list[str]] = [
    _create("projects"),
    _create("threads"),
    _alter(0, 3),
    _create("messages"),
    _alter(3, 6),
    _create("tool_calls"),
    _create("startup_commands"),
    _alter(6, 8),
    _alter(8, 9),
    _create("automations", "automation_runs", "mcp_oauth_tokens"),
    _alter(9, 12),
    _create("user_profiles", "stage_history"),
    _alter(12, 13),
    _alter(13, 14),
    _alter(14, 15),
    _alter(15, 16),
    _alter(16, 17),
    _alter(17, 18),
    ["UPDATE threads SET stage = 'in_progress' WHERE stage = 'backlog' AND status IN ('running', 'waiting')"],
    [
        "UPDATE threads SET stage = 'review'"
        " WHERE stage = 'backlog' AND status IN ('completed', 'failed', 'stopped', 'interrupted')"
    ],
    [
        "INSERT INTO stage_history (id, thread_id, from_stage, to_stage, changed_at)"
        " SELECT lower(hex(randomblob(16))), id, NULL, stage, created_at FROM threads"
        " WHERE id NOT IN (SELECT thread_id FROM stage_history)"
    ],
]
"""The 21 steps that the reference server runs at every boot."""


def reference_boot(connection: sqlite3.Connection, steps: Iterable[list[str]] = STEPS) -> None:
    """Do what the reference server does with a file: every step in order, failing ALTERs ignored."""
    connection.execute("PRAGMA synchronous = OFF")  # for the tests' sake; the file is the same
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    for statement in (statement for step in steps for statement in step):
        try:
            connection.execute(statement)
        except sqlite3.OperationalError:
            if not statement.startswith("ALTER"):
                raise


def early_variant(connection: sqlite3.Connection) -> None:
    """Columns of ALTER steps inside CREATE TABLE, ``base_branch`` last."""
    threads = CREATES["threads"].replace(
        "title TEXT NOT NULL,",
        "title TEXT NOT NULL, model TEXT NOT NULL DEFAULT 'sonnet',"
        " permission_mode TEXT NOT NULL DEFAULT 'autoEdit', archived INTEGER NOT NULL DEFAULT 0,",
    )
    connection.execute(f"CREATE TABLE projects ({CREATES['projects']})")
    connection.execute(f"CREATE TABLE threads ({threads}, base_branch TEXT)")
    connection.execute(f"CREATE TABLE messages ({CREATES['messages'].replace('content', 'images TEXT, content', 1)})")
    connection.execute(f"CREATE TABLE tool_calls ({CREATES['tool_calls']})")


def pushed_by_orm(connection: sqlite3.Connection, *, automation_id: bool = False) -> None:
    """What ``npm run db:push`` writes: NOT NULL keys, ON UPDATE no action, a named unique index, current columns."""
    for table, base in CREATES.items():
        added = [column for owner, column in ADDED if owner == table]
        if not automation_id:
            added = [column for column in added if not column.startswith("automation_id")]
        columns = ", ".join([base, *added])
        columns = columns.replace("PRIMARY KEY", "PRIMARY KEY NOT NULL").replace(" UNIQUE", "")
        columns = columns.replace("ON DELETE CASCADE", "ON UPDATE no action ON DELETE cascade")
        connection.execute(f"CREATE TABLE `{table}` ({columns})")
    connection.execute("CREATE UNIQUE INDEX `user_profiles_user_id_unique` ON `user_profiles` (`user_id`)")


STATUSES = ["idle", "pending", "running", "waiting", "completed", "failed", "stopped", "interrupted"]

MOMENT = "2025-03-04T05:06:07.089Z"


def populate(connection: sqlite3.Connection, *, foreign_keys: bool = True) -> None:
    """Put rows into whatever tables and columns there are; one thread for each status."""
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
    for table, row in _sample():
        columns = [name for name in row if name in columns_of(connection, table)]
        if columns:
            marks = ", ".join("?" for _ in columns)
            connection.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", [row[name] for name in columns]
            )


def _sample() -> Iterable[tuple[str, Row]]:
    yield "projects", {"id": "p1", "name": "one", "path": "/one", "created_at": MOMENT, "color": "#A0B1C2"}
    for status in STATUSES:
        yield "threads", _thread(status)
        yield (
            "messages",
            {
                "id": f"m-{status}",
                "thread_id": f"t-{status}",
                "role": "user",
                "content": "päper ✎",
                "timestamp": MOMENT,
                "images": '[{"type":"image"}]',
            },
        )
    for number in range(3):  # displayed in the order of insertion, which is not the order of the ids
        yield (
            "tool_calls",
            {
                "id": f"c{9 - number}",
                "message_id": "m-idle",
                "name": "Bash",
                "input": '{"command":"ls"}',
                "output": None,
            },
        )
    yield (
        "startup_commands",
        {
            "id": "s1",
            "project_id": "p1",
            "label": "dev",
            "command": "npm run dev",
            "sort_order": 0,
            "created_at": MOMENT,
        },
    )
    yield (
        "automations",
        {
            "id": "a1",
            "project_id": "p1",
            "name": "nightly",
            "prompt": "look",
            "schedule": "0 3 * * *",
            "created_at": MOMENT,
            "updated_at": MOMENT,
        },
    )
    yield "automation_runs", {"id": "r1", "automation_id": "a1", "thread_id": "t-completed", "started_at": MOMENT}
    yield "user_profiles", {"id": "u1", "user_id": "__local__", "created_at": MOMENT, "updated_at": MOMENT}
    yield (
        "mcp_oauth_tokens",
        {
            "id": "0123456789abcdef",
            "server_name": "linear",
            "project_path": "/one",
            "server_url": "https://mcp.example",
            "access_token": "00:11:22",
            "created_at": MOMENT,
            "updated_at": MOMENT,
        },
    )


def _thread(status: str) -> Row:
    return {
        "id": f"t-{status}",
        "project_id": "p1",
        "title": f"a {status} thread",
        "mode": "local",
        "status": status,
        "session_id": "5f0c",
        "cost": 1.25,
        "created_at": MOMENT,
    }


def build(path: Path, steps: int, *, rows: bool = True) -> None:
    """Write the file that the first `steps` steps leave behind."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        reference_boot(connection, STEPS[: min(steps, 18)])
        if rows:
            populate(connection)
        reference_boot(connection, STEPS[18:steps])


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    """Return the names of a table's columns in physical order."""
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def shape(connection: sqlite3.Connection) -> dict[str, Any]:
    """Return columns (in any order) and foreign keys of the ten tables."""
    found: dict[str, Any] = {}
    for table in CREATES:
        columns = {tuple(row[1:]) for row in connection.execute(f"PRAGMA table_info({table})")}
        keys = {(*tuple(row[2:5]), row[6]) for row in connection.execute(f"PRAGMA foreign_key_list({table})")}
        found[table] = (columns, keys)
    return found


def rows(connection: sqlite3.Connection) -> dict[str, list[Row]]:
    """Return all rows of the ten tables in order of insertion."""
    found: dict[str, list[Row]] = {}
    for table in CREATES:
        columns = columns_of(connection, table)
        if columns:
            query = f"SELECT {', '.join(columns)} FROM {table} ORDER BY rowid"
            found[table] = [dict(zip(columns, row, strict=True)) for row in connection.execute(query)]
    return found


def lost(old: dict[str, list[Row]], new: dict[str, list[Row]], *, ignore: tuple[str, ...] = ()) -> list[str]:
    """Return what was changed in, or is missing from, the rows that were there before; their order counts."""
    problems: list[str] = []
    for table, before in old.items():
        after = new[table][: len(before)]
        if len(after) < len(before):
            problems.append(f"{table} lost rows")
        for old_row, new_row in zip(before, after, strict=False):
            changed = [name for name, value in old_row.items() if new_row[name] != value and name not in ignore]
            problems += [f"{table}.{name} of {old_row['id']}" for name in changed]
    return problems
