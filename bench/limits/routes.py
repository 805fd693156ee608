"""Limit of a trivial route: a bare aiohttp handler. ``python -m bench.limits.routes`` prints ``ready PORT``."""

import asyncio

import orjson
from aiohttp import web

from bench.limits.serving import serve


async def hello(request: web.Request) -> web.Response:
    """Answer what the measured route answers."""
    body = orjson.dumps({"name": request.query.get("name", "world"), "count": 1})
    return web.Response(body=body, content_type="application/json")


async def unchanged(request: web.Request) -> web.Response:
    """Answer that nothing has changed."""
    return web.Response(status=304, headers={"ETag": request.headers.get("If-None-Match", "")})


if __name__ == "__main__":
    asyncio.run(serve([web.get("/api/bench/hello", hello), web.get("/unchanged", unchanged)]))
