"""A server with a durable subscription, run as a process of its own to be killed.

``python -m tests.kernel.durable_program (write|drain) DIRECTORY``: ``write`` emits until it is killed and prints
``+ N`` for each acknowledged event; ``drain`` handles what is left and ends.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from a_parallel_contracts.database import Transaction
from a_parallel_contracts.events import Event
from a_parallel_contracts.plugin import Manifest, Plugin, PluginContext, hookimpl
from a_parallel_kernel.testkit import RunningKernel


class Counted(Event):
    number: int


class CountingPlugin(Plugin):
    """Emits numbers and notes in a table which ones it was told of."""

    manifest = Manifest(api="1.0")
    ctx: PluginContext

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Subscribe."""
        self.ctx = ctx
        await ctx.db.write(lambda tx: tx.execute("CREATE TABLE IF NOT EXISTS emitted (number INTEGER PRIMARY KEY)"))
        await ctx.db.write(lambda tx: tx.execute("CREATE TABLE IF NOT EXISTS handled (number INTEGER)"))
        ctx.on(Counted, self.handle, durable="numbers")
        yield

    async def handle(self, event: Counted) -> None:
        """Note the number."""
        await self.ctx.db.write(lambda tx: tx.execute("INSERT INTO handled VALUES (?)", (event.number,)))

    async def emit(self) -> int:
        """Store a number and tell of it."""

        def unit(tx: Transaction) -> int:
            tx.execute("INSERT INTO emitted DEFAULT VALUES")
            number = int(tx.value("SELECT max(number) FROM emitted"))
            tx.emit(Counted(number=number))
            return number

        return await self.ctx.db.write(unit)


async def main(mode: str, directory: Path) -> None:
    """Run."""
    running = await RunningKernel.start({"counting": CountingPlugin}, directory)
    plugin = running.kernel.supervisor.records["counting"].plugin
    assert isinstance(plugin, CountingPlugin)
    while mode == "write":
        os.write(1, f"+ {await plugin.emit()}\n".encode())
    await running.settled()
    await running.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
