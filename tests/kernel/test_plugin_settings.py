"""Settings are shown with their schema and changed at run time, unless something else decides."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, SecretStr

from a_parallel_contracts import Manifest, Plugin, PluginContext, Request, Route, ServiceKey, get, hookimpl
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Client, RunningKernel

PATH = "/api/kernel/plugins/bell/settings"
BELL = ServiceKey["Bell"]("bell")


class Tuned(BaseModel):
    tone: str = "c"
    volume: int = Field(default=5, ge=1, le=11)
    key: SecretStr = SecretStr("s3cret")


class Bell(Plugin):
    """Rings as it is told."""

    manifest = Manifest(api="1.0", provides=(BELL,), settings=Tuned)

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        if ctx.settings(Tuned).tone == "broken":
            raise RuntimeError("no such tone")
        ctx.provide(BELL, self)
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        async def ring(request: Request) -> dict[str, str | int]:
            return {"tone": ctx.settings(Tuned).tone, "volume": ctx.settings(Tuned).volume}

        return [get("/api/bell", ring)]


class Tower(Plugin):
    """Needs a bell."""

    manifest = Manifest(api="1.0", requires=(BELL,))


@pytest.fixture
async def running(kernel: KernelFactory) -> RunningKernel:
    return await kernel({"bell": Bell, "tower": Tower}, settings={"plugins.bell.volume": 7})


async def refused(client: Client, **change: object) -> tuple[int, str]:
    answer = await client.answer("PATCH", PATH, json=change)
    return answer.status, answer.json["error"]


async def test_values_are_shown_with_schema_and_source_but_secrets_never(running: RunningKernel) -> None:
    shown = await running.client.get(PATH)
    assert shown["settingsSchema"]["properties"]["volume"]["maximum"] == 11
    assert shown["values"] == {"tone": "c", "volume": 7}
    assert shown["secrets"] == ["key"]
    assert shown["decided"] == {"volume": "flag plugins.bell.volume"}
    assert (shown["changed"], shown["pending"], shown["dependents"]) == ([], False, ["tower"])
    assert "s3cret" not in (await running.client.answer("GET", PATH)).body.decode()


async def test_a_change_counts_at_once_and_restarts_dependents(running: RunningKernel) -> None:
    async with running.client.websocket() as page:
        changed = await running.client.patch(PATH, json={"values": {"tone": "d"}})
        await page.receive("kernel:plugins", plugin="tower", state="running")
    assert (changed["values"]["tone"], changed["changed"], changed["state"]) == ("d", ["tone"], "running")
    assert (await running.client.get("/api/bell"))["tone"] == "d"
    moves = [(frame["data"]["plugin"], frame["data"]["state"]) for frame in page.frames]
    assert moves.index(("tower", "blocked")) < moves.index(("bell", "stopped")) < moves.index(("bell", "running"))


async def test_a_change_outlives_the_server_and_can_be_taken_back(kernel: KernelFactory, tmp_path: Path) -> None:
    first = await kernel({"bell": Bell})
    await first.client.patch(PATH, json={"values": {"tone": "d", "volume": 9}})
    await first.stop()
    again = await kernel({"bell": Bell}, data_directory=tmp_path / "data-0")
    assert await again.client.get("/api/bell") == {"tone": "d", "volume": 9}
    reset = await again.client.patch(PATH, json={"reset": ["tone"]})
    assert (reset["values"], reset["changed"]) == ({"tone": "c", "volume": 9}, ["volume"])
    assert await again.client.get("/api/bell") == {"tone": "c", "volume": 9}


async def test_what_a_flag_decides_is_refused_and_wins_over_what_was_kept(
    kernel: KernelFactory, tmp_path: Path, running: RunningKernel
) -> None:
    status, error = await refused(running.client, values={"volume": 3, "tone": "d"})
    assert (status, error) == (409, "volume of bell is decided by flag plugins.bell.volume; change it there")
    assert (await running.client.get(PATH))["values"]["tone"] == "c"
    await running.client.patch(PATH, json={"values": {"tone": "d"}})
    await running.stop()
    settings = {"plugins.bell.tone": "e"}
    again = await kernel({"bell": Bell}, data_directory=tmp_path / "data-0", settings=settings)
    assert (await again.client.get("/api/bell"))["tone"] == "e"


async def test_bad_values_unknown_keys_and_secrets_are_refused_and_change_nothing(running: RunningKernel) -> None:
    status, error = await refused(running.client, values={"tone": 5})
    assert status == 400
    assert error.startswith("plugins.bell.tone: Input should be a valid string")
    status, error = await refused(running.client, values={"tune": "d"})
    assert (status, error) == (400, "tune is not a setting of bell; there are tone, volume, key")
    assert (await refused(running.client, values={"key": "x"}))[0] == 400
    assert (await running.client.get(PATH))["changed"] == []


async def test_a_change_may_wait_for_the_next_start(running: RunningKernel) -> None:
    changed = await running.client.patch(PATH, json={"values": {"tone": "d"}, "restart": False})
    assert changed["pending"]
    assert (await running.client.get("/api/bell"))["tone"] == "c"
    same = await running.client.patch(PATH, json={"values": {"tone": "c"}})
    assert not same["pending"]


async def test_a_plugin_that_fails_with_a_value_is_mended_by_another(running: RunningKernel) -> None:
    failed = await running.client.patch(PATH, json={"values": {"tone": "broken"}})
    assert (failed["state"], failed["error"]) == ("failed", "RuntimeError: no such tone")
    mended = await running.client.patch(PATH, json={"values": {"tone": "f"}})
    assert mended["state"] == "running"
    assert running.state("tower") == "running"


async def test_only_administrators_may(running: RunningKernel) -> None:
    ann = running.client.acting_as("ann")
    assert (await ann.answer("GET", PATH)).status == 403
    assert (await ann.answer("PATCH", PATH, json={})).status == 403
    assert (await running.client.answer("GET", "/api/kernel/plugins/nobody/settings")).status == 404
    assert (await running.client.answer("GET", "/api/kernel/plugins/tower/settings")).status == 404
