"""The audit behind ``make faults`` finds what is lost, doubled and out of step."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from faults.audit import Losses, audit
from faults.chart import chart
from faults.journal import Journal
from faults.report import Outcome, table

from a_parallel_migrations import baseline

EVENTS = "CREATE TABLE kernel_events (seq INTEGER PRIMARY KEY, topic TEXT, reference TEXT)"
THREAD = (
    "INSERT INTO threads (id, project_id, title, mode, pinned, created_at) VALUES (?, 'p', '#1-1-a#', 'local', ?, '')"
)
Damage = Callable[[sqlite3.Connection, Journal], Any]


def frame(kind: str, seq: int, **data: Any) -> dict[str, Any]:
    return {"type": kind, "threadId": "t1", "seq": seq, "data": data}


def scene(path: Path) -> tuple[sqlite3.Connection, Journal]:
    """Return a database and a journal that agree."""
    connection = sqlite3.connect(path)
    baseline.upgrade(connection)
    connection.execute(EVENTS)
    connection.execute("INSERT INTO projects (id, name, path, created_at) VALUES ('p', 'p', '/p', '')")
    connection.execute(THREAD, ("t1", 1))
    for id, role, content in (("m1", "user", "do #1-1-a#"), ("m2", "assistant", "did #1-1-a#")):
        message(connection, id, role, content)
    events = [(1, "agent:status", None), (2, "agent:message", "m2"), (3, "agent:tool_call", "c1")]
    connection.executemany("INSERT INTO kernel_events VALUES (?, ?, ?)", events)
    journal = Journal(threads={"#1-1-a#": "t1"}, messages={"#1-1-a#": "t1"}, pins={"t1": True})
    journal.frame({"type": "sync:ready", "data": {"seq": 0}})
    journal.frame(frame("agent:status", 1, status="running"))
    journal.frame(frame("agent:message", 2, messageId="m2", content="did #1-1-a#"))
    journal.frame(frame("agent:tool_call", 3, toolCallId="c1"))
    return connection, journal


def message(connection: sqlite3.Connection, id: str, role: str, content: str) -> None:
    connection.execute(
        "INSERT INTO messages (id, thread_id, role, content, timestamp) VALUES (?, 't1', ?, ?, '')", (id, role, content)
    )


def examined(path: Path, damage: Damage) -> Losses:
    connection, journal = scene(path)
    with closing(connection):
        damage(connection, journal)
        connection.commit()
    return audit(path, journal)


def test_what_agrees_is_no_loss(tmp_path: Path) -> None:
    assert examined(tmp_path / "data.db", lambda connection, journal: None) == Losses()


@pytest.mark.parametrize(
    ("field", "damage"),
    [
        ("writes", lambda c, j: c.execute("DELETE FROM messages WHERE id = 'm1'")),
        ("writes", lambda c, j: c.execute("UPDATE threads SET pinned = 0")),
        ("writes", lambda c, j: j.threads.update({"#2#": "gone"})),
        ("events", lambda c, j: j.seen.pop(1)),
        ("events", lambda c, j: j.contents.update(m2="di")),
        ("events", lambda c, j: j.references.clear()),
        ("events", lambda c, j: j.frame({"type": "sync:reset", "data": {"seq": 9}})),
        ("duplicates", lambda c, j: message(c, "m3", "user", "do #1-1-a#")),
        ("duplicates", lambda c, j: message(c, "m3", "assistant", "did #1-1-a#")),
        ("duplicates", lambda c, j: j.frame(frame("agent:status", 1, status="running"))),
        (
            "duplicates",
            lambda c, j: c.execute(THREAD, ("t2", 1)),
        ),
    ],
)
def test_every_loss_is_found(tmp_path: Path, field: str, damage: Damage) -> None:
    losses = examined(tmp_path / "data.db", damage)
    assert getattr(losses, field)
    outcome = Outcome("a fault", tried=1, losses=losses)
    assert not outcome.passed
    assert "**failed**" in table([outcome])
    assert getattr(losses, field)[0] in table([outcome])


def test_a_text_that_is_told_again_is_no_duplicate(tmp_path: Path) -> None:
    again = frame("agent:message", 2, messageId="m2", content="did #1-1-a#")
    assert examined(tmp_path / "data.db", lambda connection, journal: journal.frame(again)) == Losses()


def test_what_was_never_tried_has_not_passed() -> None:
    assert not Outcome("a fault").passed
    assert Outcome("a fault", tried=1, recoveries=[1.0, 3.0, 2.0]).recovery == "2.00 s, 3.00 s"


def test_samples_are_drawn(tmp_path: Path) -> None:
    chart([{"seconds": number, "RSS": 50.0 + number} for number in range(3)], tmp_path / "new" / "soak.svg")
    assert (tmp_path / "new" / "soak.svg").read_text().count("<polyline") == 1
