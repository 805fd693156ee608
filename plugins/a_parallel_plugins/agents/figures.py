"""What ``GET /metrics`` tells about agents."""

from collections.abc import Iterable

from a_parallel_contracts import Metric
from a_parallel_plugins.agents.live import Live


def run_metrics(lives: Iterable[Live], queued: int) -> list[Metric]:
    """Return the number of runs in each state.

    Parameters:
        lives: agents that are alive.
        queued: runs that wait for their turn.
    """
    counts = {"running": 0, "waiting": 0, "ending": 0, "queued": queued}
    for live in lives:
        state = "ending" if live.closing else "running" if live.at_work else "waiting"
        counts[state] += 1
    return [Metric("runs", "Runs by state; those that wait do so for a person.", counts, label="state")]
