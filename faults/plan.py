"""Which faults are played, and how often."""

from collections.abc import Awaitable, Callable
from functools import partial

from faults.report import Outcome
from faults.scenarios import killing

LIMIT = 1800.0
LIMIT_SHORT = 150.0
"""Seconds after which a scenario is given up."""

Scenario = Callable[[], Awaitable[Outcome]]


def scenarios(*, short: bool, seed: int) -> dict[str, Scenario]:
    """Return the scenarios by name."""

    def many(full: int, few: int) -> int:
        return few if short else full

    return {
        "kill-server": partial(killing.kill_server, many(100, 4), seed, survive=False),
        "kill-server-survive": partial(killing.kill_server, many(100, 3), seed, survive=True),
        "kill-agents": partial(killing.kill_agents, many(60, 6), seed, survive=False),
        "kill-holders": partial(killing.kill_agents, many(60, 6), seed, survive=True),
    }
