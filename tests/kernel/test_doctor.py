"""What the doctor collects, from a running server and without one."""

import json
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from a_parallel_contracts import BadRequest, Finding, Manifest, Plugin, PluginContext, hookimpl
from a_parallel_kernel.testing import KernelFactory
from tests.support.server import Server


class SickPlugin(Plugin):
    """Finds something, and repairs it if asked to."""

    manifest = Manifest(api="1.0")

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        self.maintenance = ctx.server.maintenance
        yield

    @hookimpl
    async def examine(self, ctx: PluginContext, repair: bool) -> Iterable[Finding]:
        return [
            Finding(check="fever", subject="head", detail="is hot", repairable=True, repaired=repair),
            Finding(check="pulse", subject="heart", detail="beats", severity="info"),
        ]


class BrokenPlugin(Plugin):
    """Cannot even be examined."""

    manifest = Manifest(api="1.0")

    @hookimpl
    async def examine(self, ctx: PluginContext, repair: bool) -> Iterable[Finding]:
        raise ZeroDivisionError("no pulse")


class RefusingPlugin(Plugin):
    """Refuses with words."""

    manifest = Manifest(api="1.0")

    @hookimpl
    async def examine(self, ctx: PluginContext, repair: bool) -> Iterable[Finding]:
        raise BadRequest("not today")


async def test_findings_of_all_plugins_are_told(kernel: KernelFactory) -> None:
    running = await kernel({"sick": SickPlugin})
    report = await running.client.get("/api/kernel/doctor")

    assert report["ok"] is False
    fever, pulse = report["findings"]
    assert (fever["check"], fever["subject"], fever["repairable"], fever["repaired"]) == ("fever", "head", True, False)
    assert pulse["severity"] == "info"
    repaired = await running.client.post("/api/kernel/doctor", json={"repair": True})
    assert repaired["ok"] is True
    assert repaired["findings"][0]["repaired"] is True


async def test_a_plugin_that_cannot_be_examined_costs_only_its_own(kernel: KernelFactory) -> None:
    running = await kernel({"broken": BrokenPlugin, "refusing": RefusingPlugin, "sick": SickPlugin})
    report = await running.client.get("/api/kernel/doctor")

    told = {finding["subject"]: finding["detail"] for finding in report["findings"]}
    assert "ZeroDivisionError('no pulse')" in told["broken"]
    assert "not today" in told["refusing"]
    assert told["head"] == "is hot"


async def test_a_plugin_that_does_not_run_is_named(kernel: KernelFactory) -> None:
    class Needy(Plugin):
        """Cannot start."""

        manifest = Manifest(api="1.0")

        @hookimpl
        async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
            raise RuntimeError("no room")
            yield

    running = await kernel({"needy": Needy})
    (finding,) = (await running.client.get("/api/kernel/doctor"))["findings"]
    assert (finding["check"], finding["subject"]) == ("plugin", "needy")
    assert "no room" in finding["detail"]


async def test_only_admins_may_ask(kernel: KernelFactory) -> None:
    running = await kernel({"sick": SickPlugin})
    answer = await running.client.acting_as("ada").answer("GET", "/api/kernel/doctor")
    assert answer.status == 403


async def run(server: Server, *words: str) -> tuple[int, Any]:
    other = Server(
        server.home.parent, claude=None, command=["doctor", "--json", "--config", str(server.config_file), *words]
    )
    other.spawn()
    status = await other.exited()
    return status, json.loads(other.log.text)


async def test_the_command_examines_with_and_without_a_server(tmp_path: Path) -> None:
    server = Server(tmp_path)
    assert await run(server) == (0, {"ok": True, "findings": []})
    await server.start()
    try:
        with_server = await run(server)
        await server.stop()
        assert with_server == await run(server)
        assert with_server[1]["ok"] is True
    finally:
        server.end()


async def test_rows_without_their_parent_are_found(tmp_path: Path, kernel: KernelFactory) -> None:
    running = await kernel({}, data_directory=tmp_path / "data")
    await running.kernel.db.write(lambda tx: tx.execute("CREATE TABLE sick_parents (id TEXT PRIMARY KEY)"))
    await running.kernel.db.write(lambda tx: tx.execute("CREATE TABLE sick (id TEXT REFERENCES sick_parents(id))"))
    with closing(sqlite3.connect(tmp_path / "data" / "data.db")) as other:
        other.execute("INSERT INTO sick VALUES ('nobody')")
        other.commit()
    (finding,) = (await running.client.get("/api/kernel/doctor"))["findings"]
    assert (finding["check"], finding["subject"]) == ("database-references", "sick")
    assert "sick_parents" in finding["detail"]
