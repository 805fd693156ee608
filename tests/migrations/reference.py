"""The kinds of statements that the reference server sends to the file (``database.md`` §4 and §5)."""

import sqlite3

from tests.migrations.shapes import MOMENT

INSERTS = [
    "INSERT INTO projects (id, name, path, user_id, sort_order, color, created_at)"
    " VALUES ('ref-p', 'ref', '/ref', '__local__', 1, NULL, :now)",
    "INSERT INTO threads (id, project_id, user_id, title, mode, permission_mode, status, branch, base_branch,"
    " worktree_path, session_id, cost, archived, pinned, stage, model, initial_prompt, created_at, completed_at)"
    " VALUES ('ref-t', 'ref-p', '__local__', 'ref', 'worktree', 'autoEdit', 'running', 'ref/b', 'main', '/wt', NULL, 0,"
    " 0, 0, 'in_progress', 'opus', NULL, :now, NULL)",
    "INSERT INTO messages (id, thread_id, role, content, images, model, permission_mode, timestamp)"
    " VALUES ('ref-m', 'ref-t', 'user', 'hello', NULL, 'opus', 'autoEdit', :now)",
    "INSERT INTO tool_calls (id, message_id, name, input, output) VALUES ('ref-c', 'ref-m', 'Read', '{}', NULL)",
    "INSERT INTO startup_commands (id, project_id, label, command, port, port_env_var, sort_order, created_at)"
    " VALUES ('ref-s', 'ref-p', 'dev', 'make', NULL, NULL, 0, :now)",
    "INSERT INTO automations (id, project_id, user_id, name, prompt, schedule, model, mode, permission_mode,"
    " base_branch, enabled, max_run_history, last_run_at, next_run_at, created_at, updated_at)"
    " VALUES ('ref-a', 'ref-p', '__local__', 'n', 'p', '@daily', 'sonnet', 'local', 'autoEdit', NULL, 1, 20, NULL,"
    " NULL, :now, :now)",
    "INSERT INTO automation_runs (id, automation_id, thread_id, status, triage_status, started_at)"
    " VALUES ('ref-r', 'ref-a', 'ref-t', 'running', 'pending', :now)",
    "INSERT INTO stage_history (id, thread_id, from_stage, to_stage, changed_at)"
    " VALUES ('ref-h', 'ref-t', NULL, 'in_progress', :now)",
    "INSERT INTO user_profiles (id, user_id, git_name, git_email, github_token, created_at, updated_at)"
    " VALUES ('ref-u', 'ref-user', NULL, NULL, NULL, :now, :now)",
    "INSERT INTO mcp_oauth_tokens (id, server_name, project_path, server_url, access_token, refresh_token, token_type,"
    " expires_at, scope, token_endpoint, client_id, client_secret, created_at, updated_at)"
    " VALUES ('ref-o', 's', '/ref', 'u', 'x', NULL, 'Bearer', NULL, NULL, NULL, NULL, NULL, :now, :now)",
]

UPDATES = [
    "UPDATE threads SET status = 'completed', cost = 0.5, completed_at = :now, stage = 'review' WHERE id = 'ref-t'",
    "UPDATE tool_calls SET output = 'done' WHERE id = 'ref-c'",
    "UPDATE messages SET content = 'hello there', timestamp = :now WHERE id = 'ref-m'",
    "UPDATE automation_runs SET status = 'completed', has_findings = 1, summary = 's', completed_at = :now"
    " WHERE id = 'ref-r'",
]

SELECTS = [
    "SELECT id, name, path, color, user_id, sort_order, created_at FROM projects WHERE user_id = '__local__'"
    " ORDER BY sort_order, created_at",
    "SELECT id, project_id, user_id, title, mode, permission_mode, status, branch, base_branch, worktree_path,"
    " session_id, cost, archived, pinned, stage, model, initial_prompt, created_at, completed_at FROM threads"
    " WHERE project_id = 'ref-p' AND archived = 0 ORDER BY pinned DESC, COALESCE(completed_at, created_at) DESC",
    "SELECT id, thread_id, role, content, images, model, permission_mode, timestamp FROM messages"
    " WHERE thread_id = 'ref-t' ORDER BY timestamp",
    "SELECT id, message_id, name, input, output FROM tool_calls WHERE message_id IN ('ref-m')",
    "SELECT id, label, command, port, port_env_var, sort_order FROM startup_commands WHERE project_id = 'ref-p'",
    "SELECT r.id, r.has_findings, a.name, t.title FROM automation_runs r JOIN automations a ON a.id = r.automation_id"
    " JOIN threads t ON t.id = r.thread_id WHERE r.status IN ('completed', 'failed') AND r.id = 'ref-r'",
    "SELECT date(changed_at), to_stage, count(*) FROM stage_history WHERE thread_id = 'ref-t' GROUP BY 1, 2",
    "SELECT id, git_name, github_token FROM user_profiles WHERE user_id = 'ref-user'",
    "SELECT access_token, expires_at FROM mcp_oauth_tokens WHERE server_name = 's' AND project_path = '/ref'",
]


def use(connection: sqlite3.Connection) -> None:
    """Insert, change, read and delete as the reference server does; raises if any of it fails."""
    values = {"now": MOMENT}
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("PRAGMA foreign_keys = ON")
    for statement in [*INSERTS, *UPDATES]:
        assert connection.execute(statement, values).rowcount == 1, statement
    for query in SELECTS:
        assert connection.execute(query).fetchall(), query
    connection.execute("DELETE FROM projects WHERE id = 'ref-p'")
    for table in ("threads", "messages", "tool_calls", "startup_commands", "automations", "automation_runs"):
        left = connection.execute(f"SELECT count(*) FROM {table} WHERE id LIKE 'ref-%'").fetchone()
        assert left == (0,), f"deleting the project left rows in {table}"
    connection.execute("DELETE FROM user_profiles WHERE id = 'ref-u'")
    connection.execute("DELETE FROM mcp_oauth_tokens WHERE id = 'ref-o'")
