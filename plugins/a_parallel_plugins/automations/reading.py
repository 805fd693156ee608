"""What people are shown of runs; those that wait for a person say so."""

from a_parallel_contracts import Reader
from a_parallel_contracts.automations import AutomationRun, InboxItem, RunStatus
from a_parallel_contracts.threads import Thread, Threads, ThreadStatus
from a_parallel_plugins.automations import run_rows, store

WAITING = "Waiting for you: the agent has asked something in this thread"


def runs(reader: Reader, threads: Threads, automation_id: str) -> list[AutomationRun]:
    """Return the runs of an automation, newest first."""
    found = run_rows.of_automation(reader, automation_id)
    return [_told(run, threads.find(reader, run.thread_id)) if _is_open(run) else run for run in found]


def inbox(
    reader: Reader, threads: Threads, owner: str | None, project_id: str | None, triage: str | None
) -> list[InboxItem]:
    """Return what a person may look at: runs that wait for one first, then those that ended, newest first.

    Parameters:
        reader: for the database.
        threads: store of the runs' threads.
        owner: whose automations; None for everybody's.
        project_id, triage: None for any.
    """
    known = {automation.id: automation for automation in store.visible(reader, owner, project_id)}
    items = []
    for run in run_rows.of_inbox(reader, owner, project_id, triage):
        thread = threads.find(reader, run.thread_id)
        if thread is not None and (not _is_open(run) or thread.status == ThreadStatus.WAITING):
            items.append(InboxItem(run=_told(run, thread), automation=known[run.automation_id], thread=thread))
    return items


def _is_open(run: AutomationRun) -> bool:
    return run.status == RunStatus.RUNNING


def _told(run: AutomationRun, thread: Thread | None) -> AutomationRun:
    waits = _is_open(run) and thread is not None and thread.status == ThreadStatus.WAITING
    return run.model_copy(update={"summary": WAITING}) if waits else run
