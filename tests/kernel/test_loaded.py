"""What was loaded for a route made of rows is used again for the same actor, until a row changes."""

from collections.abc import AsyncIterator

import pytest

from a_parallel_contracts import Actor, Request, get
from tests.kernel.serving import THINGS, Kernel, Served, Thing, Things, serving

ANN, BOB = Actor("ann"), Actor("bob")


async def show(request: Request[Thing]) -> Thing:
    return request.resource


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as running:
        assert running.kernel.auth is not None
        running.kernel.auth.actors.update({"ann": ANN, "bob": BOB})
        running.server.mount(
            "notes",
            [
                get("/api/things/{id}", show, loads=THINGS, from_rows=True),
                get("/api/others/{id}", show, loads=THINGS),
            ],
        )
        yield running


async def asked(served: Served, who: str, path: str = "/api/things/t1") -> int:
    return (await served.call("GET", path, headers={"Authorization": f"Bearer {who}"})).status


async def test_it_is_loaded_once_while_no_row_changes(served: Served) -> None:
    assert [await asked(served, "ann") for _ in range(3)] == [200, 200, 200]
    assert served.kernel.things.loaded == ["t1"]
    served.kernel.changes += 1
    assert await asked(served, "ann") == 200
    assert served.kernel.things.loaded == ["t1", "t1"]


async def test_whoever_lost_it_does_not_see_it_any_more(served: Served) -> None:
    assert await asked(served, "ann") == 200
    served.kernel.things.owners["t1"] = "bob"
    served.kernel.changes += 1
    assert await asked(served, "ann") == 404
    assert await asked(served, "bob") == 200


async def test_nobody_gets_what_was_loaded_for_another(served: Served) -> None:
    assert [await asked(served, who) for who in ("ann", "bob", "ann")] == [200, 404, 200]
    assert served.kernel.things.loaded == ["t1", "t1"]


async def test_what_is_missing_is_looked_for_each_time(served: Served) -> None:
    assert [await asked(served, "ann", "/api/things/new") for _ in range(2)] == [404, 404]
    assert served.kernel.things.loaded == ["new", "new"]


async def test_a_service_that_was_started_anew_is_asked_itself(served: Served) -> None:
    await asked(served, "ann")
    served.kernel.services["things"] = Things()
    assert await asked(served, "ann") == 200
    assert served.kernel.things.loaded == ["t1"]


async def test_other_routes_load_each_time(served: Served) -> None:
    assert [await asked(served, "ann", "/api/others/t1") for _ in range(2)] == [200, 200]
    assert served.kernel.things.loaded == ["t1", "t1"]


async def test_a_change_meanwhile_ends_what_is_being_loaded(served: Served) -> None:
    kernel: Kernel = served.kernel
    load = kernel.things.load

    async def changing(actor: Actor, id: str) -> Thing:
        kernel.changes += 1
        return await load(actor, id)

    kernel.things.load = changing  # type: ignore[method-assign]
    assert [await asked(served, "ann") for _ in range(2)] == [200, 200]
    assert kernel.things.loaded == ["t1", "t1"]
