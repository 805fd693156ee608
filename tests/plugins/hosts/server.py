"""A server to be killed: starts children of every kind on a data directory, prints their pids as JSON, and stays."""

import asyncio
import json
import sys
from pathlib import Path

from a_parallel_contracts.hosts import Owner
from a_parallel_plugins.hosts.local import LocalHost
from tests.plugins.hosts.conditions import content, first
from tests.plugins.hosts.opened import hosts_on

SCRIPTS = {
    "agent": "echo $$; exec sleep 600",
    "deaf": "trap '' TERM; echo $$; while :; do sleep 600; done",
    "family": "setsid sh -c 'sleep 600 & echo $$ $1 $!; wait' sh $$ & wait",
    "orphans": "setsid sleep 600 >&- 2>&- & echo $!",
}
"""By key of the owner; each prints pids in its first line."""


async def start(host: LocalHost, key: str, script: str) -> list[int]:
    """Start one and return the pids it tells."""
    process = await host.spawn(["sh", "-c", script], cwd="/", owner=Owner("agent", key))
    pids = [int(pid) for pid in (await first(process.lines())).split()]
    if key == "orphans":
        await process.wait()
    return pids


async def main(directory: Path) -> None:
    """Start everything."""
    async with hosts_on(directory) as hosts:
        host = hosts.local
        pids = {key: await start(host, key, script) for key, script in SCRIPTS.items()}
        deaf = ["sh", "-c", "trap '' HUP; echo ready; while :; do sleep 600; done"]
        terminal = await host.open_pty(deaf, cwd="/", owner=Owner("terminal", "p1"), rows=24, cols=80)
        await first(terminal.chunks())
        told = directory / "detached"
        await host.detach(["sh", "-c", f"echo $$ > {told}.new; mv {told}.new {told}; exec sleep 600"], cwd="/")
        pids |= {"terminal": [terminal.pid], "detached": [int(await content(told))]}
        print(json.dumps(pids), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
