"""Compares what a client knows with what the server's database holds."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from faults.journal import TOKEN, Journal

REFERENCES = {"agent:message", "agent:tool_call", "agent:tool_output", "threads:message"}
"""Topics whose replay tells a thing once with its newest content, however often it was told before."""

CUMULATIVE = "agent:message"
"""Its frames hold the whole text so far, so one that may have been held back is told again on purpose."""


@dataclass
class Losses:
    """What an audit found; everything has to be empty.

    Attributes:
        writes: acknowledged, and not there.
        events: stored, and never received.
        duplicates: there more than once, or received more than once.
        orphans: processes that nobody looks after.
    """

    writes: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    def add(self, other: "Losses") -> None:
        """Add what another audit found."""
        for name in ("writes", "events", "duplicates", "orphans"):
            getattr(self, name).extend(getattr(other, name))

    @property
    def nothing(self) -> bool:
        """Whether all is well."""
        return not (self.writes or self.events or self.duplicates or self.orphans)


def audit(database: Path, journal: Journal) -> Losses:
    """Compare a journal with a database; the server may run."""
    losses = Losses()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.execute("BEGIN")
        _audit_writes(connection, journal, losses)
        _audit_events(connection, journal, losses)
    return losses


def _audit_writes(connection: sqlite3.Connection, journal: Journal, losses: Losses) -> None:
    pinned = {id: bool(value) for id, value in connection.execute("SELECT id, pinned FROM threads")}
    titles = Counter(
        token for (title,) in connection.execute("SELECT title FROM threads") for token in TOKEN.findall(title)
    )
    said: dict[str, Counter[tuple[str, str]]] = {"user": Counter(), "assistant": Counter()}
    for thread, role, content in connection.execute("SELECT thread_id, role, content FROM messages"):
        for token in TOKEN.findall(content):
            said[role][thread, token] += 1
    for token, id in journal.threads.items():
        if id not in pinned:
            losses.writes.append(f"thread {id} of {token}")
    for token, id in journal.messages.items():
        if not said["user"][id, token]:
            losses.writes.append(f"message {token} of thread {id}")
    losses.writes += [f"pin of {id}" for id, value in journal.pins.items() if pinned.get(id) is not value]
    losses.duplicates += [f"thread {token}" for token, count in titles.items() if count > 1]
    for role, counts in said.items():
        losses.duplicates += [f"{role} message {key}" for key, count in counts.items() if count > 1]


def _audit_events(connection: sqlite3.Connection, journal: Journal, losses: Losses) -> None:
    if journal.first is None:
        return
    rows = connection.execute("SELECT seq, topic, reference FROM kernel_events WHERE seq > ?", (journal.first,))
    contents = dict(connection.execute("SELECT id, content FROM messages"))
    for seq, topic, reference in rows:
        if topic not in REFERENCES:
            lost = not journal.seen[seq]
        elif reference not in journal.references[topic]:
            lost = topic != "agent:message" or reference in contents
        else:
            lost = topic == "agent:message" and contents.get(reference, "") != journal.contents[reference]
        if lost:
            losses.events.append(f"{topic} number {seq}")
    losses.duplicates += [
        f"{journal.kinds[seq]} number {seq}"
        for seq, count in journal.seen.items()
        if count > 1 and journal.kinds[seq] != CUMULATIVE
    ]
    losses.events += ["a reset of the replay"] * journal.resets


def newest_event(database: Path) -> int:
    """Return the number of the last event that is stored."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        (number,) = connection.execute("SELECT max(seq) FROM kernel_events").fetchone()
    return int(number or 0)


async def caught_up(database: Path, journal: Journal, patience: float = 15.0) -> None:
    """Return when the client has been told the last event, or will not be."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while journal.last < newest_event(database) and loop.time() < until:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)
