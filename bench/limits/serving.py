"""How the plain HTTP programs serve."""

import asyncio
import sys
from collections.abc import Iterable

from aiohttp import web


async def serve(routes: Iterable[web.RouteDef]) -> None:
    """Print ``ready PORT`` and serve until standard input ends."""
    application = web.Application()
    application.add_routes(routes)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
