"""Rows of runs (``database.md`` §2)."""

from collections.abc import Iterable

from msgspec import Struct

from a_parallel_contracts import Reader, Row, Transaction
from a_parallel_contracts.automations import AutomationRun, RunStatus, TriageStatus

_COLUMNS = (
    "id",
    "automation_id",
    "thread_id",
    "status",
    "triage_status",
    "has_findings",
    "summary",
    "started_at",
    "completed_at",
)
_SELECT = f"SELECT {', '.join(f'r.{name}' for name in _COLUMNS)} FROM automation_runs r"  # noqa: S608
_INSERT = f"INSERT INTO automation_runs ({', '.join(_COLUMNS)}) VALUES ({', '.join(f':{n}' for n in _COLUMNS)})"  # noqa: S608
_FINISH = """
    UPDATE automation_runs SET status = :status, has_findings = :has_findings, summary = :summary,
        completed_at = :completed_at, triage_status = CASE WHEN :has_findings THEN triage_status ELSE 'dismissed' END
    WHERE id = :id AND status = 'running'
"""
_BEYOND = f"""
    {_SELECT} WHERE r.automation_id = ? AND r.triage_status <> 'pending' AND r.status NOT IN ('running', 'archived')
    ORDER BY r.started_at DESC, r.rowid DESC LIMIT -1 OFFSET ?
"""


class Outcome(Struct, frozen=True):
    """How a run ended.

    Attributes:
        status: completed or failed.
        has_findings: whether it should be looked at; otherwise its triage is over.
        summary: for the inbox.
        completed_at: ISO timestamp.
    """

    status: RunStatus
    has_findings: bool
    summary: str
    completed_at: str


def run_from(row: Row) -> AutomationRun:
    """Return a row as a run; flags of old files may hold any number."""
    found = row["has_findings"]
    return AutomationRun.model_validate({**row, "has_findings": None if found is None else bool(found)})


def insert(tx: Transaction, run: AutomationRun) -> None:
    """Insert a new run."""
    tx.execute(_INSERT, {name: getattr(run, name) for name in _COLUMNS})


def of_automation(reader: Reader, automation_id: str) -> list[AutomationRun]:
    """Return the runs of an automation, newest first."""
    sql = f"{_SELECT} WHERE r.automation_id = ? ORDER BY r.started_at DESC, r.rowid DESC"
    return [run_from(row) for row in reader.all(sql, (automation_id,))]


def of_inbox(reader: Reader, owner: str | None, project_id: str | None, triage: str | None) -> list[AutomationRun]:
    """Return the runs that are open, completed or failed, of `owner` (None for everybody's), newest end first."""
    sql = (
        f"{_SELECT} JOIN automations a ON a.id = r.automation_id WHERE r.status IN ('running', 'completed', 'failed')"
        " AND (:owner IS NULL OR a.user_id = :owner) AND (:project IS NULL OR a.project_id = :project)"
        " AND (:triage IS NULL OR r.triage_status = :triage)"
        " ORDER BY r.completed_at IS NOT NULL, r.completed_at DESC, r.started_at DESC, r.rowid DESC"
    )
    params = {"owner": owner, "project": project_id, "triage": triage}
    return [run_from(row) for row in reader.all(sql, params)]


def running(reader: Reader, *, automation_id: str | None = None, project_id: str | None = None) -> list[AutomationRun]:
    """Return the runs that have not ended: of an automation, of a project, or all of them."""
    sql = (
        f"{_SELECT} JOIN automations a ON a.id = r.automation_id WHERE r.status = 'running'"
        " AND (:automation IS NULL OR a.id = :automation) AND (:project IS NULL OR a.project_id = :project)"
        " ORDER BY r.started_at, r.rowid"
    )
    return [run_from(row) for row in reader.all(sql, {"automation": automation_id, "project": project_id})]


def open_of_thread(reader: Reader, thread_id: str) -> AutomationRun | None:
    """Return the run that a thread belongs to, unless it has ended."""
    row = reader.one(f"{_SELECT} WHERE r.thread_id = ? AND r.status = 'running'", (thread_id,))
    return run_from(row) if row else None


def finish(tx: Transaction, run_id: str, outcome: Outcome) -> bool:
    """End a run; False if it is gone or has ended before."""
    values = {
        "id": run_id,
        "status": outcome.status.value,
        "has_findings": int(outcome.has_findings),
        "summary": outcome.summary,
        "completed_at": outcome.completed_at,
    }
    return tx.execute(_FINISH, values) > 0


def beyond(reader: Reader, automation_id: str, kept: int) -> Iterable[AutomationRun]:
    """Return the runs that a person has dealt with, beyond the newest `kept`; archived ones do not count."""
    return [run_from(row) for row in reader.all(_BEYOND, (automation_id, kept))]


def archive(tx: Transaction, run_id: str) -> None:
    """Take a run out of the inbox for good."""
    tx.execute("UPDATE automation_runs SET status = 'archived' WHERE id = ?", (run_id,))


def triage(tx: Transaction, owner: str | None, run_id: str, status: TriageStatus) -> bool:
    """Say what a person made of a run; False if there is none of `owner` (None for anybody's)."""
    sql = (
        "UPDATE automation_runs SET triage_status = :status WHERE id = :id AND EXISTS"
        " (SELECT 1 FROM automations a WHERE a.id = automation_id AND (:owner IS NULL OR a.user_id = :owner))"
    )
    return tx.execute(sql, {"status": status.value, "id": run_id, "owner": owner}) > 0
