"""What a user of the plugin sees."""

from acme_notes import NotesPlugin

from a_parallel_contracts.testing import one_thread
from a_parallel_contracts.threads import THREADS
from a_parallel_kernel.testing import KernelFactory, RunPlugin


async def test_a_note_is_cut_to_length(run_plugin: RunPlugin) -> None:
    client = await run_plugin(NotesPlugin, services={THREADS: one_thread("t1")}, settings={"max_length": 5})
    await client.post("/api/notes/t1", json={"text": "hello world"})
    assert (await client.get("/api/notes/t1"))[0]["text"] == "hello"


async def test_a_note_reaches_the_page(kernel: KernelFactory) -> None:
    server = await kernel({"notes": NotesPlugin}, services={THREADS: one_thread("t1")})
    async with server.client.websocket() as page:
        await server.client.post("/api/notes/t1", json={"text": "hello"})
        frame = await page.receive("notes:added")
    assert (frame["threadId"], frame["data"]["text"]) == ("t1", "hello")


async def test_an_unknown_thread_has_no_notes(run_plugin: RunPlugin) -> None:
    client = await run_plugin(NotesPlugin, services={THREADS: one_thread("t1")})
    assert (await client.answer("GET", "/api/notes/other")).json == {"error": "Thread not found"}
