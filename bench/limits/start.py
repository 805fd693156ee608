"""Limit of starting: import aiohttp, pydantic and aiosqlite, and answer once."""

import asyncio

import aiosqlite
import pydantic
from aiohttp import web


class Alive(pydantic.BaseModel):
    """The answer."""

    status: str = "ok"


async def main() -> None:
    """Answer until killed."""

    async def health(request: web.Request) -> web.Response:
        async with aiosqlite.connect(":memory:") as connection:
            await connection.execute_fetchall("SELECT 1")
        return web.Response(text=Alive().model_dump_json(), content_type="application/json")

    application = web.Application()
    application.add_routes([web.get("/api/health", health)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"ready at http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
