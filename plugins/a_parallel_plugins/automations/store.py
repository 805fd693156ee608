"""Rows of automations and of what is planned for them (``database.md`` §2)."""

from typing import Any

from msgspec import Struct

from a_parallel_contracts import LOCAL_USER, Reader, Row, Transaction
from a_parallel_contracts.automations import Automation

OWN = (
    "id",
    "project_id",
    "user_id",
    "name",
    "prompt",
    "schedule",
    "model",
    "mode",
    "permission_mode",
    "base_branch",
    "enabled",
    "max_run_history",
    "last_run_at",
    "created_at",
    "updated_at",
)
"""Columns of ``automations``. Its ``next_run_at`` stays empty, as other servers leave it."""

CHOSEN = ("timezone", "missed_policy", "overlap_policy", "jitter")
"""Columns of ``automations_schedule`` that people set."""

_SELECT = (
    f"SELECT {', '.join(f'a.{name}' for name in OWN if name != 'enabled')}, a.enabled <> 0 AS enabled,"  # noqa: S608
    f" {', '.join(f's.{name}' for name in CHOSEN)}, s.planned_expression, s.planned_zone, s.next_fire_at"
    " FROM automations a LEFT JOIN automations_schedule s ON s.automation_id = a.id"
)
_INSERT = f"INSERT INTO automations ({', '.join(OWN)}) VALUES ({', '.join(f':{name}' for name in OWN)})"  # noqa: S608
_PLAN = """
    INSERT INTO automations_schedule (automation_id, planned_expression, planned_zone, next_fire_at)
    VALUES (:id, :expression, :zone, :next)
    ON CONFLICT (automation_id) DO UPDATE SET planned_expression = excluded.planned_expression,
        planned_zone = excluded.planned_zone, next_fire_at = excluded.next_fire_at
"""


class Planned(Struct, frozen=True):
    """An automation with the plan that is stored for it.

    Attributes:
        automation: its row.
        expression, zone: for which the plan was made.
        next_fire_at: ISO timestamp, or None if it never fires again.
    """

    automation: Automation
    expression: str | None
    zone: str | None
    next_fire_at: str | None


def automation_from(row: Row) -> Automation:
    """Return a row as an automation; one that is off is not due."""
    return Automation.model_validate({**row, "next_run_at": row["next_fire_at"] if row["enabled"] else None})


def find(reader: Reader, id: str) -> Automation | None:
    """Return an automation, whoever owns it."""
    row = reader.one(f"{_SELECT} WHERE a.id = ?", (id,))
    return automation_from(row) if row else None


def visible(reader: Reader, owner: str | None, project_id: str | None = None) -> list[Automation]:
    """Return automations, newest first: those of `owner` (None for everybody's), of a project or of all."""
    rows = reader.all(
        f"{_SELECT} WHERE (:owner IS NULL OR a.user_id = :owner) AND (:project IS NULL OR a.project_id = :project)"
        " ORDER BY a.created_at DESC, a.rowid DESC",
        {"owner": owner, "project": project_id},
    )
    return [automation_from(row) for row in rows]


def planned(reader: Reader, id: str) -> Planned | None:
    """Return an automation with its plan."""
    row = reader.one(f"{_SELECT} WHERE a.id = ?", (id,))
    return _planned(row) if row else None


def enabled(reader: Reader) -> list[Planned]:
    """Return everybody's automations that are switched on."""
    return [_planned(row) for row in reader.all(f"{_SELECT} WHERE a.enabled <> 0 ORDER BY a.rowid")]


def due(reader: Reader, moment: str) -> list[Planned]:
    """Return the automations whose time has come at `moment`, longest ago first."""
    sql = f"{_SELECT} WHERE a.enabled <> 0 AND s.next_fire_at <= ? ORDER BY s.next_fire_at"
    return [_planned(row) for row in reader.all(sql, (moment,))]


def _planned(row: Row) -> Planned:
    return Planned(automation_from(row), row["planned_expression"], row["planned_zone"], row["next_fire_at"])


def insert(tx: Transaction, automation: Automation) -> None:
    """Insert a new automation with what was chosen for it."""
    tx.execute(_INSERT, {name: getattr(automation, name) for name in OWN})
    tx.execute("INSERT INTO automations_schedule (automation_id) VALUES (?)", (automation.id,))
    _set(tx, "automations_schedule", "automation_id", automation.id, {n: getattr(automation, n) for n in CHOSEN})


def update(tx: Transaction, id: str, changes: dict[str, Any]) -> None:
    """Change columns of an automation."""
    own = {name: value for name, value in changes.items() if name in OWN}
    chosen = {name: value for name, value in changes.items() if name in CHOSEN}
    if own:
        _set(tx, "automations", "id", id, own)
    if chosen:
        tx.execute("INSERT OR IGNORE INTO automations_schedule (automation_id) VALUES (?)", (id,))
        _set(tx, "automations_schedule", "automation_id", id, chosen)


def _set(tx: Transaction, table: str, key: str, id: str, values: dict[str, Any]) -> None:
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    tx.execute(f"UPDATE {table} SET {assignments} WHERE {key} = :key", {**values, "key": id})  # noqa: S608


def delete(tx: Transaction, id: str) -> bool:
    """Delete an automation; plan, slots and runs go by cascade."""
    return tx.execute("DELETE FROM automations WHERE id = ?", (id,)) > 0


def plan(tx: Transaction, id: str, expression: str, zone: str, next_fire_at: str | None) -> None:
    """Store when an automation fires next, and for which expression and zone that was worked out."""
    tx.execute(_PLAN, {"id": id, "expression": expression, "zone": zone, "next": next_fire_at})


def move(tx: Transaction, previous: str, owner: str) -> None:
    """Give all automations of one user to another.

    Those of a user who was removed are switched off (``http-features.md`` §9.7): nobody has asked the new owner
    whether agents should go on working in their name. What local mode has planned goes on.
    """
    off = "" if previous == LOCAL_USER else ", enabled = 0"
    tx.execute(f"UPDATE automations SET user_id = ?{off} WHERE user_id = ?", (owner, previous))  # noqa: S608
