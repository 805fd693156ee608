"""SIGKILL: of the server while agents work, of agents, of holders."""

import asyncio
import os
import signal
import time

from faults.house import House, opened
from faults.report import Outcome
from tests.support.processes import alive

AT_START = 0.15
"""How often a server that starts is killed as well."""


async def kill_server(times: int, seed: int, *, survive: bool) -> Outcome:
    """Kill the server at random moments under load, and start it again."""
    outcome = Outcome("SIGKILL of the server" + (", agents survive" if survive else ""))
    provider = "claude" if survive else "scripted"
    async with opened(seed, survive=survive, provider=provider, runs=3) as house:
        load = house.load()
        load.start()
        await load.going()
        while outcome.tried < times:
            await asyncio.sleep(house.chance.random())
            began = time.monotonic()
            await house.server.kill()
            if house.chance.random() < AT_START:
                house.server.spawn()
                await asyncio.sleep(house.chance.random() * 1.5)
                await house.server.kill()
                outcome.tried += 1
            await house.server.start()
            await house.answers(began)
            house.losses.orphans += house.orphans()
            outcome.tried += 1
        await load.stop()
        await finish(house, outcome)
    return outcome


async def kill_agents(times: int, seed: int, *, survive: bool) -> Outcome:
    """Kill processes of agents at random; with `survive`, holders as well."""
    outcome = Outcome("SIGKILL of agents" + (" and holders" if survive else ""))
    async with opened(seed, survive=survive, provider="claude") as house:
        load = house.load(people=5)
        load.start()
        await load.going()
        until = time.monotonic() + 30 + times
        while outcome.tried < times and time.monotonic() < until:
            await asyncio.sleep(0.05 + house.chance.random() * 0.4)
            victims = sorted(house.server.leftovers())
            if victims:
                outcome.tried += await _kill(house.chance.choice(victims), house)
        await load.stop()
        await finish(house, outcome)
    return outcome


async def _kill(pid: int, house: House) -> bool:
    began = time.monotonic()
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    while alive(pid):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)
    await house.answers(began)
    return True


async def finish(house: House, outcome: Outcome) -> None:
    """Audit a house and bring what was found into the outcome."""
    await house.check()
    outcome.losses.add(house.losses)
    outcome.recoveries = house.recoveries
    outcome.acknowledged = house.journal.acknowledged
    outcome.events = len(house.journal.seen)
    if not outcome.events:
        outcome.problem = "no event was ever received, so nothing was tried"
    outcome.figures.update({f"answers {status}": count for status, count in sorted(house.journal.refused.items())})
