"""Cost of a thread: the sum of what each session's own running total has grown by."""

from a_parallel_contracts import Transaction


def open_session(tx: Transaction, thread_id: str, session_id: str, *, spent: float) -> None:
    """Remember a session whose own total is taken to be `spent` US dollars so far, unless it is known."""
    tx.execute(
        "INSERT OR IGNORE INTO agents_sessions (thread_id, session_id, cost) VALUES (?, ?, ?)",
        (thread_id, session_id, spent),
    )


def add_figure(tx: Transaction, thread_id: str, session_id: str, figure: float) -> float:
    """Remember a session's new total and return by how much the thread's cost grows, in US dollars.

    The provider's figure is cumulative for its session (``claude-cli.md`` §3.7), so only the increase
    counts. A killed process loses what it had not saved; its lower figure adds nothing and is the base
    of what follows.
    """
    known = tx.value("SELECT cost FROM agents_sessions WHERE thread_id = ? AND session_id = ?", (thread_id, session_id))
    tx.execute(
        "INSERT INTO agents_sessions (thread_id, session_id, cost) VALUES (?, ?, ?)"
        " ON CONFLICT (thread_id, session_id) DO UPDATE SET cost = excluded.cost",
        (thread_id, session_id, figure),
    )
    return max(0.0, figure - (known or 0.0))
