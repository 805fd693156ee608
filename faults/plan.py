"""Which faults are played, and how often."""

from collections.abc import Awaitable, Callable
from functools import partial

from faults.report import Outcome
from faults.scenarios import crowds, killing, surroundings

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
        "network": partial(surroundings.cut_network, many(60, 6), seed),
        "disk": partial(surroundings.fill_disk, many(20, 2), seed),
        "busy": partial(surroundings.lock_database, many(12, 2), seed),
        "clock": partial(surroundings.jump_clock, many(40, 6), seed),
        "storm": partial(crowds.storm, many(1000, 200), seed),
        "slow": partial(crowds.slow_reader, many(6, 1), seed),
        "soak": partial(crowds.soak, many(90, 8), seed),
        "memory": partial(crowds.long_conversations, many(100_000, 10_000), many(50_000_000, 5_000_000), seed),
    }
