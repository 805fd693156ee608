"""A request that is sent again under the same key is carried out once."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest

from a_parallel_contracts import (
    Conflict,
    FailedDependency,
    Manifest,
    Plugin,
    PluginContext,
    Request,
    Response,
    Route,
    WireModel,
    delete,
    get,
    hookimpl,
    post,
)
from a_parallel_kernel.idempotency import BATCH, Idempotency
from a_parallel_kernel.testing import KernelFactory
from a_parallel_kernel.testkit import Answer, Client
from tests.kernel.serving import until


class Wanted(WireModel):
    """What a handler does: write a row first, then end in some way."""

    text: str = "x"
    writes: bool = True
    end: str = "well"


class NotesPlugin(Plugin):
    """Counts how often its handlers run and what they wrote."""

    manifest = Manifest(api="1.0")
    ctx: PluginContext
    calls = 0
    gate: asyncio.Event | None

    @hookimpl
    async def lifespan(self, ctx: PluginContext) -> AsyncIterator[None]:
        """Have a table."""
        self.ctx, self.gate = ctx, None
        await ctx.db.write(lambda tx: tx.execute("CREATE TABLE IF NOT EXISTS notes_rows (text TEXT)"))
        yield

    @hookimpl
    def routes(self, ctx: PluginContext) -> Iterable[Route]:
        """Return the routes."""
        return [
            post("/api/notes", self.add, status=201),
            post("/api/notes/open", self.add, access="public"),
            post("/api/notes/secret", self.add, confidential=True),
            post("/api/notes/again", self.add, status=201, repeatable=True),
            delete("/api/notes", self.clear),
            get("/api/notes", self.count),
        ]

    async def add(self, request: Request[None, Wanted]) -> Response:
        """Write and end as asked."""
        self.calls += 1
        wanted = request.body
        if wanted.writes:
            await self.ctx.db.write(lambda tx: tx.execute("INSERT INTO notes_rows VALUES (?)", (wanted.text,)))
        if self.gate is not None:
            await self.gate.wait()
        ends: dict[str, BaseException] = {
            "refused": Conflict("not now", extra={"why": "because"}),
            "outside": FailedDependency("elsewhere"),
            "broken": RuntimeError("on purpose"),
        }
        if wanted.end in ends:
            raise ends[wanted.end]
        cookies = ("session=s3cret",) if wanted.end == "cookie" else ()
        body = b"x" * 300_000 if wanted.end == "large" else b'{"call":%d}' % self.calls
        return Response(body, status=201, headers={"Location": "/here"}, cookies=cookies)

    async def clear(self, request: Request) -> dict[str, int]:
        """Delete everything."""
        self.calls += 1
        return {"removed": await self.ctx.db.write(lambda tx: tx.execute("DELETE FROM notes_rows"))}

    async def count(self, request: Request) -> dict[str, int]:
        """Count calls."""
        self.calls += 1
        return {"calls": self.calls}


class House:
    """A kernel with the plugin."""

    def __init__(self, client: Client) -> None:
        self.client = client
        record = client.kernel.kernel.supervisor.records["notes"]
        assert isinstance(record.plugin, NotesPlugin)
        self.plugin = record.plugin

    async def send(
        self, key: str | None = "k1", path: str = "/api/notes", client: Client | None = None, **body: Any
    ) -> Answer:
        """POST under a key."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return await (client or self.client).answer("POST", path, json=body, headers=headers)

    async def rows(self) -> int:
        """Count what was written."""
        return len(await self.plugin.ctx.db.rows("SELECT text FROM notes_rows"))


@pytest.fixture
async def house(kernel: KernelFactory) -> House:
    return House((await kernel({"notes": NotesPlugin})).client)


async def test_a_repeated_request_is_answered_as_before(house: House) -> None:
    first, second = await house.send(), await house.send()
    assert first.status == second.status == 201
    assert first.body == second.body == b'{"call":1}'
    assert first.headers["Location"] == second.headers["Location"] == "/here"
    assert first.headers["Content-Type"] == second.headers["Content-Type"]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (house.plugin.calls, await house.rows()) == (1, 1)


async def test_without_a_key_everything_is_as_ever(house: House) -> None:
    assert (await house.send(None)).body != (await house.send(None)).body
    assert await house.rows() == 2


async def test_quoted_and_bare_keys_are_the_same(house: House) -> None:
    await house.send("8e03978e-40d5-43dd-bc93-6894a57f9324")
    again = await house.send('"8e03978e-40d5-43dd-bc93-6894a57f9324"')
    assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ['""', "", "two words", "a,b", '"open', "x" * 256, "kéy"])
async def test_what_is_no_key_is_refused_and_changes_nothing(house: House, key: str) -> None:
    answer = await house.send(key)
    assert answer.status == 400
    assert "Idempotency-Key" in answer.json["error"]
    assert await house.rows() == 0


async def test_another_body_or_query_under_the_same_key_is_422(house: House) -> None:
    await house.send()
    assert (await house.send(text="y")).status == 422
    assert (await house.send(path="/api/notes?a=b")).status == 422
    assert await house.rows() == 1


async def test_another_path_method_or_user_has_keys_of_its_own(house: House) -> None:
    await house.send()
    assert (await house.send(path="/api/notes/secret")).status == 201
    ann = house.client.acting_as("ann")
    assert (await house.send(client=ann)).status == 201
    cleared = await house.client.answer("DELETE", "/api/notes", headers={"Idempotency-Key": "k1"})
    assert cleared.json == {"removed": 3}
    again = await house.client.answer("DELETE", "/api/notes", headers={"Idempotency-Key": "k1"})
    assert again.json == {"removed": 3}
    assert house.plugin.calls == 4


async def test_reading_and_callers_without_credentials_have_no_keys(house: House) -> None:
    for _ in range(2):
        await house.client.answer("GET", "/api/notes", headers={"Idempotency-Key": "k1"})
        await house.send(path="/api/notes/open", client=house.client.acting_as(None))
    assert house.plugin.calls == 4


async def test_while_the_first_is_carried_out_a_repetition_is_409(house: House) -> None:
    house.plugin.gate = asyncio.Event()
    first = asyncio.create_task(house.send())
    await until(lambda: house.plugin.calls > 0)
    second, other = await house.send(), await house.send(text="y")
    assert (second.status, second.json["outcome"], second.headers["Retry-After"]) == (409, "pending", "1")
    assert other.status == 422
    house.plugin.gate.set()
    assert (await first).status == 201
    assert (await house.send()).body == b'{"call":1}'


async def test_a_refusal_that_wrote_nothing_may_be_sent_again(house: House) -> None:
    for end in ("refused", "outside"):
        before = house.plugin.calls
        for _ in range(2):
            assert (await house.send(end, writes=False, end=end)).status in (409, 424)
        assert house.plugin.calls == before + 2
    for _ in range(2):
        assert (await house.send("bad", text=[])).status == 400
    assert (await house.send("bad")).status == 201


async def test_a_refusal_after_something_was_written_is_final(house: House) -> None:
    first, second = [await house.send(end="refused") for _ in range(2)]
    assert first.json == second.json == {"error": "not now", "why": "because"}
    assert second.headers["Idempotency-Replayed"] == "true"
    assert (house.plugin.calls, await house.rows()) == (1, 1)


async def test_a_fault_is_final(house: House) -> None:
    first, second = [await house.send(writes=False, end="broken") for _ in range(2)]
    assert first.status == second.status == 500
    assert house.plugin.calls == 1


@pytest.mark.parametrize(
    ("path", "end"), [("/api/notes/secret", "well"), ("/api/notes", "cookie"), ("/api/notes", "large")]
)
async def test_an_answer_that_is_not_kept_is_refused_the_second_time(house: House, path: str, end: str) -> None:
    assert (await house.send(path=path, end=end)).status == 201
    again = await house.send(path=path, end=end)
    assert (again.status, again.json["outcome"]) == (409, "done")
    assert house.plugin.calls == 1
    assert await house.plugin.ctx.db.rows("SELECT * FROM kernel_requests WHERE body IS NOT NULL") == []


@pytest.mark.parametrize(("writes", "outcome"), [(True, "done"), (False, "unknown")])
async def test_after_an_end_without_an_answer_nothing_is_carried_out_again(
    kernel: KernelFactory, house: House, tmp_path: Path, writes: bool, outcome: str
) -> None:
    await house.send(writes=writes)
    again = await killed_before_the_answer(kernel, house, tmp_path / "data-0")
    answer = await again.send(writes=writes)
    assert (answer.status, answer.json["outcome"]) == (409, outcome)
    assert again.plugin.calls == 0


async def killed_before_the_answer(kernel: KernelFactory, house: House, data: Path) -> House:
    """Return a server after one that was killed before it could store an answer."""
    await house.plugin.ctx.db.write(lambda tx: tx.execute("UPDATE kernel_requests SET status = NULL, body = NULL"))
    await house.client.kernel.stop()
    return House((await kernel({"notes": NotesPlugin}, data_directory=data)).client)


@pytest.mark.parametrize("writes", [True, False])
async def test_what_can_be_repeated_is_carried_out_after_such_an_end_unless_something_was_written(
    kernel: KernelFactory, house: House, tmp_path: Path, writes: bool
) -> None:
    await house.send(path="/api/notes/again", writes=writes)
    again = await killed_before_the_answer(kernel, house, tmp_path / "data-0")
    other = await again.send(path="/api/notes/again", writes=writes, text="another body")
    assert other.status == 422
    first = await again.send(path="/api/notes/again", writes=writes)
    second = await again.send(path="/api/notes/again", writes=writes)
    if writes:
        assert (first.status, first.json["outcome"], again.plugin.calls) == (409, "done", 0)
    else:
        assert (first.status, second.status, again.plugin.calls) == (201, 201, 1)
        assert "Idempotency-Replayed" not in first.headers
        assert second.headers["Idempotency-Replayed"] == "true"


async def test_the_effect_and_its_mark_are_one_transaction(house: House) -> None:
    def failing(tx: Any) -> None:
        tx.execute("INSERT INTO notes_rows VALUES ('never')")
        raise Conflict("rolled back")

    real = house.plugin.ctx.db.write

    async def write(unit: Any) -> Any:
        return await real(failing if "NotesPlugin" in unit.__qualname__ else unit)

    house.plugin.ctx = type("Ctx", (), {"db": type("Db", (), {"write": staticmethod(write)})()})()
    assert (await house.send()).status == 409
    assert (await house.send()).status == 409
    assert house.plugin.calls == 2


async def test_keys_are_forgotten_after_a_day_in_batches(house: House) -> None:
    db = house.plugin.ctx.db
    await house.send()
    await db.write(
        lambda tx: tx.executemany(
            "INSERT INTO kernel_requests (actor, method, path, key, fingerprint, at)"
            " VALUES ('a', 'POST', '/', ?, '', 0)",
            [(str(number),) for number in range(BATCH)],
        )
    )
    assert await Idempotency(db).prune() is True
    assert await Idempotency(db).prune() is False
    assert (await house.send()).headers["Idempotency-Replayed"] == "true"
    later = Idempotency(db, clock=lambda: 1e11)
    assert await later.prune() is False
    assert "Idempotency-Replayed" not in (await house.send()).headers
