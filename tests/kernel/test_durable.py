"""Durable subscriptions: at least once, in order, across failures, switches, restarts and crashes."""

import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar

import pytest

from a_parallel_contracts import Event, Inbound, Manifest, Plugin, PluginContext, Topic, hookimpl
from a_parallel_kernel.config import EventSettings
from a_parallel_kernel.outbox import Outbox, subscribed
from a_parallel_kernel.subscriptions import Subscriptions
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import RunningKernel

ROOT = Path(__file__).parents[2]
QUICK = {"events.attempts": 3, "events.retry_after": 0.001}


class Noted(Event):
    text: str
    tags: tuple[str, ...] = ()


class Starred(Noted):
    stars: int


class Other(Event):
    text: str


class WriterPlugin(Plugin):
    """Emits what a test wants; one of its events also goes to browsers."""

    manifest = Manifest(api="1.0")

    @hookimpl
    def topics(self, ctx: PluginContext) -> Iterable[Topic | Inbound]:
        """Return the one topic."""
        return [Topic("writer:noted", Noted, audience="everyone")]


class ReaderPlugin(Plugin):
    """Remembers what it was told, over all its lives in one test."""

    manifest = Manifest(api="1.0")
    told: ClassVar[list[Event]] = []
    failing: ClassVar[dict[str, int]] = {}
    subscriptions: ClassVar[list[tuple[type[Event], str | None]]] = [(Noted, "notes")]

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Subscribe."""
        for event, name in self.subscriptions:
            ctx.on(event, self.handle, durable=name)
        yield

    async def handle(self, event: Any) -> None:
        """Remember, or fail as often as asked."""
        left = self.failing.get(event.text, 0)
        if left:
            self.failing[event.text] = left - 1
            raise RuntimeError(f"on purpose: {event.text}")
        self.told.append(event)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReaderPlugin, "told", [])
    monkeypatch.setattr(ReaderPlugin, "failing", {})
    monkeypatch.setattr(ReaderPlugin, "subscriptions", [(Noted, "notes")])


@pytest.fixture
async def running(kernel: KernelFactory) -> RunningKernel:
    return await kernel({"writer": WriterPlugin, "reader": ReaderPlugin}, settings=QUICK)


async def again(kernel: KernelFactory, running: RunningKernel, tmp_path: Path) -> RunningKernel:
    """Stop the kernel and start one on the same data."""
    await running.stop()
    plugins: dict[str, type[Plugin]] = {"writer": WriterPlugin, "reader": ReaderPlugin}
    return await kernel(plugins, settings=QUICK, data_directory=tmp_path / "data-0")


async def note(running: RunningKernel, *texts: str) -> None:
    """Emit one note in a unit of work each."""
    for text in texts:
        await running.kernel.db.write(lambda tx, text=text: tx.emit(Noted(text=text)))  # type: ignore[misc]


def told() -> list[str]:
    return [event.text for event in ReaderPlugin.told]  # type: ignore[attr-defined]


async def shown(running: RunningKernel) -> dict[str, Any]:
    """Return the one subscription as admins see it."""
    (found,) = (await running.client.get("/api/kernel/subscriptions"))["subscriptions"]
    return dict(found)


async def test_events_come_whole_and_in_order(running: RunningKernel) -> None:
    events = [Noted(text="one", tags=("a", "b")), Starred(text="two", stars=3)]
    for event in events:
        await running.kernel.db.write(lambda tx, event=event: tx.emit(event))  # type: ignore[misc]
    await running.kernel.db.write(lambda tx: tx.emit(Other(text="not for us")))
    await running.settled()
    assert ReaderPlugin.told == events
    assert type(ReaderPlugin.told[1]) is Starred


async def test_a_unit_that_fails_tells_nothing(running: RunningKernel) -> None:
    def failing(tx: Any) -> None:
        tx.emit(Noted(text="never"))
        raise ValueError("on purpose")

    with pytest.raises(ValueError, match="on purpose"):
        await running.kernel.db.write(failing)
    await note(running, "kept")
    await running.settled()
    assert told() == ["kept"]


async def test_a_failure_is_tried_again_before_what_follows(running: RunningKernel) -> None:
    ReaderPlugin.failing = {"one": 2}
    await note(running, "one", "two")
    await running.settled()
    assert told() == ["one", "two"]
    assert (await shown(running))["setAside"] == []


async def test_what_fails_every_time_is_set_aside_seen_and_retried(running: RunningKernel) -> None:
    ReaderPlugin.failing = {"bad": 4}
    await note(running, "one", "bad", "two")
    await running.settled()
    assert told() == ["one", "two"]
    seen = await shown(running)
    (aside,) = seen["setAside"]
    assert aside["error"] == "RuntimeError: on purpose: bad"
    assert (seen["plugin"], seen["name"], seen["waiting"], seen["running"]) == ("reader", "notes", 0, True)
    retry = "/api/kernel/subscriptions/reader/notes/retry"
    await running.client.post(retry)
    await running.settled()
    assert len((await shown(running))["setAside"]) == 1
    await running.client.post(retry)
    await running.settled()
    assert told() == ["one", "two", "bad"]
    assert (await shown(running))["setAside"] == []
    assert running.kernel.supervisor.records["reader"].figures.errors == 4


async def test_what_was_set_aside_can_be_dropped(running: RunningKernel) -> None:
    ReaderPlugin.failing = {"bad": 9}
    await note(running, "bad")
    await running.settled()
    (aside,) = (await shown(running))["setAside"]
    path = f"/api/kernel/subscriptions/reader/notes/set-aside/{aside['seq']}"
    assert await running.client.delete(path) == {"ok": True}
    assert (await running.client.answer("DELETE", path)).status == 404
    assert (await shown(running))["setAside"] == []


async def test_admins_alone_see_and_retry(running: RunningKernel) -> None:
    ann = running.client.acting_as("ann")
    assert (await ann.answer("GET", "/api/kernel/subscriptions")).status == 403
    assert (await running.client.answer("POST", "/api/kernel/subscriptions/reader/none/retry")).status == 404
    await running.client.post("/api/kernel/plugins/reader/disable")
    answer = await running.client.answer("POST", "/api/kernel/subscriptions/reader/notes/retry")
    assert answer.status == 409
    assert "enable it" in answer.json["error"]


async def test_what_happens_while_the_plugin_is_off_waits_for_it(running: RunningKernel) -> None:
    await note(running, "one")
    await running.client.post("/api/kernel/plugins/reader/disable")
    await note(running, "two", "three")
    assert ((await shown(running))["waiting"], (await shown(running))["running"]) == (2, False)
    await running.client.post("/api/kernel/plugins/reader/enable")
    await running.settled()
    assert told() == ["one", "two", "three"]


async def test_a_restart_repeats_nothing_and_forgets_nothing(
    kernel: KernelFactory, running: RunningKernel, tmp_path: Path
) -> None:
    await note(running, "one", "two")
    await running.settled()
    await running.client.post("/api/kernel/plugins/reader/disable")
    await note(running, "three")
    second = await again(kernel, running, tmp_path)
    await note(second, "four")
    await second.client.post("/api/kernel/plugins/reader/enable")
    await second.settled()
    assert told() == ["one", "two", "three", "four"]


async def test_a_stop_amid_retries_leaves_the_event_for_the_next_start(
    kernel: KernelFactory, running: RunningKernel, tmp_path: Path
) -> None:
    await running.stop()
    slow = {"events.attempts": 3, "events.retry_after": 30}
    second = await kernel({"reader": ReaderPlugin}, settings=slow, data_directory=tmp_path / "data-0")
    ReaderPlugin.failing = {"one": 1}
    await note(second, "one", "two")
    while ReaderPlugin.failing["one"]:
        await second.client.get("/api/kernel/subscriptions")
    third = await again(kernel, second, tmp_path)
    await third.settled()
    assert told() == ["one", "two"]


async def test_two_subscriptions_have_cursors_of_their_own(kernel: KernelFactory) -> None:
    ReaderPlugin.subscriptions = [(Noted, "first"), (Starred, "second"), (Noted, None)]
    running = await kernel({"reader": ReaderPlugin}, settings=QUICK)
    ReaderPlugin.failing = {"one": 2}
    await note(running, "one")
    await running.kernel.db.write(lambda tx: tx.emit(Starred(text="two", stars=1)))
    await running.settled()
    assert sorted(told()) == ["one", "two", "two", "two"]


@pytest.mark.parametrize("subscriptions", [[(Noted, "Bad Name")], [(Noted, "a"), (Other, "a")], [(Noted, "")]])
async def test_names_that_cannot_be_used_fail_the_plugin_alone(kernel: KernelFactory, subscriptions: Any) -> None:
    ReaderPlugin.subscriptions = subscriptions
    running = await kernel({"writer": WriterPlugin, "reader": ReaderPlugin})
    assert (running.state("reader"), running.state("writer")) == ("failed", "running")
    assert "durable=" in str(running.kernel.supervisor.records["reader"].error)


async def test_an_event_whose_class_has_changed_is_set_aside(running: RunningKernel) -> None:
    await running.client.post("/api/kernel/plugins/reader/disable")
    await note(running, "one", "two", "three")
    await running.kernel.db.write(
        lambda tx: (
            tx.execute("UPDATE kernel_outbox SET body = '{}' WHERE seq = 1"),
            tx.execute("UPDATE kernel_outbox SET event = 'gone_package:Gone' WHERE seq = 2"),
        )
    )
    await running.client.post("/api/kernel/plugins/reader/enable")
    await running.settled()
    assert told() == ["three"]
    errors = [aside["error"] for aside in (await shown(running))["setAside"]]
    assert "text" in errors[0]
    assert errors[1].startswith("ClassIsGone: gone_package:Gone")


async def test_what_everybody_has_handled_goes_and_the_rest_stays(running: RunningKernel) -> None:
    db = running.kernel.db
    subscriptions = Subscriptions(db, Outbox(0, ()), EventSettings())  # type: ignore[arg-type]
    await note(running, "one")
    await running.settled()
    await running.client.post("/api/kernel/plugins/reader/disable")
    await note(running, "two")
    await subscriptions.prune()
    assert [row["seq"] for row in await db.rows("SELECT seq FROM kernel_outbox")] == [2]
    later = Subscriptions(db, outbox := Outbox(0, ["x"]), EventSettings(), clock=lambda: 1e11)  # type: ignore[arg-type]
    await later.forget()
    await later.prune()
    assert await db.rows("SELECT seq FROM kernel_outbox") == []
    assert await db.run(subscribed) == []
    assert outbox._wanted == frozenset()


@pytest.mark.parametrize("after", [1, 80])
def test_a_killed_server_handles_everything_acknowledged(tmp_path: Path, after: int) -> None:
    program = [sys.executable, "-m", "tests.kernel.durable_program"]
    acknowledged = 0
    for _ in range(1 if after == 1 else 2):
        words = [*program, "write", str(tmp_path)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(after)]
            process.kill()
            lines += process.stdout.read().splitlines()
        acknowledged = int(lines[-1].split()[1])
    subprocess.run([*program, "drain", str(tmp_path)], check=True, cwd=ROOT, timeout=60)
    with closing(sqlite3.connect(tmp_path / "data.db")) as connection:
        handled = [number for (number,) in connection.execute("SELECT number FROM handled ORDER BY rowid")]
        emitted = connection.execute("SELECT max(number) FROM emitted").fetchone()[0]
        assert connection.execute("SELECT count(*) FROM kernel_set_aside").fetchone() == (0,)
    assert emitted >= acknowledged
    assert list(dict.fromkeys(handled)) == list(range(1, emitted + 1))
