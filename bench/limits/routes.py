"""Limit of a trivial route: a bare aiohttp handler. ``python -m bench.limits.routes`` prints ``ready PORT``."""

import asyncio
import sys

import orjson
from aiohttp import web


async def hello(request: web.Request) -> web.Response:
    """Answer what the measured route answers."""
    body = orjson.dumps({"name": request.query.get("name", "world"), "count": 1})
    return web.Response(body=body, content_type="application/json")


async def unchanged(request: web.Request) -> web.Response:
    """Answer that nothing has changed."""
    return web.Response(status=304, headers={"ETag": request.headers.get("If-None-Match", "")})


async def main() -> None:
    """Serve until standard input ends."""
    application = web.Application()
    application.add_routes([web.get("/api/bench/hello", hello), web.get("/unchanged", unchanged)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print("ready", runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
