"""Rows of times that have been dealt with. The key makes sure that no time is dealt with twice."""

from enum import StrEnum

from a_parallel_contracts import Row, Transaction

MAX_QUEUED = 100
"""Times of one automation that may wait; further ones are skipped."""


class SlotState(StrEnum):
    """What became of a time."""

    RUN = "run"
    QUEUED = "queued"
    SKIPPED = "skipped"


def claim(tx: Transaction, automation_id: str, slot: str, state: SlotState) -> bool:
    """Record a time; False if it was recorded before."""
    sql = "INSERT OR IGNORE INTO automations_slots (automation_id, slot, state) VALUES (?, ?, ?)"
    return tx.execute(sql, (automation_id, slot, state.value)) > 0


def settle(tx: Transaction, automation_id: str, slot: str, state: SlotState, run_id: str | None = None) -> None:
    """Say what became of a recorded time."""
    sql = "UPDATE automations_slots SET state = ?, run_id = ? WHERE automation_id = ? AND slot = ?"
    tx.execute(sql, (state.value, run_id, automation_id, slot))


def queued(tx: Transaction) -> list[Row]:
    """Return automation and time of everything that waits, oldest first."""
    return tx.all("SELECT automation_id, slot FROM automations_slots WHERE state = 'queued' ORDER BY slot, rowid")


def count_queued(tx: Transaction, automation_id: str) -> int:
    """Return how many times of an automation wait."""
    sql = "SELECT count(*) FROM automations_slots WHERE automation_id = ? AND state = 'queued'"
    return int(tx.value(sql, (automation_id,)))


def drop_queued(tx: Transaction, automation_id: str) -> None:
    """Skip what waits, since the schedule is another one now."""
    tx.execute(
        "UPDATE automations_slots SET state = 'skipped' WHERE automation_id = ? AND state = 'queued'",
        (automation_id,),
    )


def forget(tx: Transaction, automation_id: str, before: str) -> None:
    """Delete what is so old that its time cannot come again."""
    sql = "DELETE FROM automations_slots WHERE automation_id = ? AND slot < ? AND state <> 'queued'"
    tx.execute(sql, (automation_id, before))
